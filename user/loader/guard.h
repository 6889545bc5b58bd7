/* SPDX-License-Identifier: GPL-2.0-only */
/* Would dropping here cut off the remote session it was typed in? */
#ifndef GUARD_H
#define GUARD_H

#include "lib/interfaces.h"

/**
 * guard_check() - look for a remote session that arrives where we want to drop
 * @all: all interfaces of this network namespace
 * @chosen: those to drop on
 *
 * Sessions are found by SSH_CONNECTION in this process's environment and in
 * those of its ancestors (sudo drops it; a terminal multiplexer keeps it), and
 * count if the outermost of these processes lives in this network namespace.
 * If none has it, an SSH server among the ancestors still has its socket
 * (pidfd_getfd(), Linux 5.6).
 * The peer's route tells the interface; bridges, bonds, VLANs and veths above
 * and below it count as well.
 *
 * Return: EXIT_DONE, or EXIT_REFUSED once it has told which session would be cut off.
 */
int guard_check(const struct interfaces *all, const struct interfaces *chosen);

#endif
