/* SPDX-License-Identifier: GPL-2.0-only */
/* Whose is it? The pin or the process that holds a link or a program. */
#ifndef OWNERS_H
#define OWNERS_H

#include <stddef.h>

#include "attach/query.h"

/*
 * Who put it there, as far as can be told: our pin, or the process that holds
 * its link or program, else how it was attached.
 */
void attached_whose(const struct attached *attached, char *text, size_t size);

/* Forgets what is known of processes: it is read once, at the first question. */
void owners_forget(void);

#endif
