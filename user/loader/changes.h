/* SPDX-License-Identifier: GPL-2.0-only */
/* What happens to the interfaces while programs are attached. */
#ifndef CHANGES_H
#define CHANGES_H

#include <stdbool.h>

#include "loader/watch.h"

/* Marks and says what is not attached any more; false if nothing is left. */
bool changes_check(struct watch *watch);

/* Reads the messages of watch->links: what has moved, which ports there are now. */
void changes_hear(struct watch *watch);

/* Writes the map "slots" anew if the numbers in it may be wrong now. */
void changes_write(struct watch *watch);

#endif
