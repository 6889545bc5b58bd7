/* SPDX-License-Identifier: GPL-2.0-only */
/* The command --detach. */
#ifndef DETACH_H
#define DETACH_H

#include "lib/interfaces.h"
#include "loader/options.h"
#include "loader/program.h"

/**
 * detach() - remove what this program attached and see that it is gone
 * @chosen: from these interfaces, whatever the hook or mode
 *
 * Removes pinned links and clsact filters that were pinned or left behind.
 * What a running process holds, or what was not attached by these programs, is
 * refused without --force. Shows the last counters. Returns an exit code.
 */
int detach(const struct program *program, const struct options *options,
	   const struct interfaces *chosen);

#endif
