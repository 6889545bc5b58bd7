/* SPDX-License-Identifier: GPL-2.0-only */
/* Would dropping here cut off the user's own remote session? */
#ifndef GUARD_H
#define GUARD_H

#include <stdbool.h>

#include "lib/interfaces.h"

/**
 * guard_check() - look for a remote session whose packets would be dropped
 * @all: all interfaces of this network namespace
 * @chosen: those to drop on
 * @protocol: IPPROTO_* of all that is dropped; 0: any packet may be
 * @leaving: what leaves is dropped; else what arrives
 *
 * See ssh.h for what sessions there are, ways.h for where they arrive and leave.
 * The interfaces under those count as well: a bridge's and a bond's ports, what is under a
 * VLAN, the other end of a veth. So do those that a tunnel's packets go by, if such
 * packets are dropped: TCP in a vxlan is UDP there.
 *
 * Return: EXIT_DONE, or EXIT_REFUSED after an error that names the session.
 */
int guard_check(const struct interfaces *all, const struct interfaces *chosen,
		int protocol, bool leaving);

#endif
