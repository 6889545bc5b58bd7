/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All that a loader could change in a network namespace, in lines that diff
 * well: its interfaces, their XDP programs, queueing disciplines, filters on
 * clsact, TCX programs, the links that hold any of these programs, and pins.
 * Attributes that have no name here are shown by number; only those are left
 * out that change by themselves.
 */
#ifndef NETSTATE_H
#define NETSTATE_H

#include "lib/netlink.h"

/*
 * The state of this process's network namespace, which has this inode, in @text,
 * by a socket in there. Returns 0 or an errno.
 */
int netstate_show(struct netlink *socket, unsigned long inode, char **text);

#endif
