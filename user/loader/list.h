/* SPDX-License-Identifier: GPL-2.0-only */
/* The command --list. */
#ifndef LIST_H
#define LIST_H

#include <stdbool.h>

#include "lib/interfaces.h"

/* Shows what is attached to these, as a table or JSON lines; an exit code. */
int list_attached(const struct interfaces *on, bool json);

#endif
