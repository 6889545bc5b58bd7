/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Replacing attached programs, so that they can be restored: they are kept until all of a
 * run is attached. Functions return an exit code, if nothing else is said.
 */
#ifndef REPLACE_H
#define REPLACE_H

#include "attach/hook.h"
#include "attach/query.h"

/* Gets hold of what is in our place, if it is still there; changes nothing. */
int replaced_open(struct attachment *at, const struct attached *attached);

/*
 * Updates its link to our program, without a gap. If it was pinned, the link is ours then.
 * Returns 0 or a negative errno; -EBUSY: it has another program by now.
 */
int replaced_update(struct attachment *at, int program_fd);

/* Undoes that. Returns 0 or a negative errno. */
int replaced_restore(struct replaced *replaced, int program_fd);

/*
 * Removes the pin of a link that is ours now, or gone, unless it is pinned at @path,
 * the same one, again.
 */
int replaced_unpin(struct replaced *replaced, const char *path);

/* Was it pinned at @path? */
bool replaced_is_at(const struct replaced *replaced, const char *path);

/* Releases it, in any case. */
void replaced_close(struct attachment *at);

#endif
