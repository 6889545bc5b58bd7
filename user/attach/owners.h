/* SPDX-License-Identifier: GPL-2.0-only */
/* The owner of what is attached: the pin or the process that holds a link or a program. */
#ifndef OWNERS_H
#define OWNERS_H

#include <stdbool.h>
#include <stddef.h>

#include "attach/query.h"

/*
 * Its owner, as far as known: our pin, or the process that holds its link
 * or program, else how it was attached. Valid until the next call.
 */
const char *attached_owner(const struct attached *attached);

/* Is the owner a process that is visible from here? */
bool attached_is_held(const struct attached *attached);

#endif
