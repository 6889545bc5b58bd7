/* SPDX-License-Identifier: GPL-2.0-only */
/* Links that others hold: our pins among them, and taking them off. */
#ifndef LINK_H
#define LINK_H

#include "attach/query.h"
#include "attach/pins.h"

/*
 * Is this link pinned where our programs pin theirs? Then @path says where. 1, 0 or
 * a negative errno.
 */
int link_is_pinned(const struct attached *attached, char path[PIN_PATH_SIZE]);

/*
 * Takes it off, with its pin if it has one of ours; an exit code. Refused if it
 * could be the link of another network namespace.
 */
int link_take_off(const struct attached *attached);

#endif
