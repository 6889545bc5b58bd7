/* SPDX-License-Identifier: GPL-2.0-only */
/* Would dropping here cut off the user's own remote session? */
#ifndef GUARD_H
#define GUARD_H

#include <stdbool.h>

#include "lib/interfaces.h"
#include "select/rules.h"

/* What will be dropped, and where. */
struct drops {
	const struct interfaces *all; /* of this network namespace */
	const struct interfaces *chosen;
	int protocol; /* IPPROTO_* of all that is dropped; 0: any packet may be */
	bool leaving; /* else what arrives */
	const struct rules *rules;
	bool session_spared; /* by --except session, so some of the rules are from there */
};

/**
 * guard_check() - look for a remote session whose packets would be dropped
 *
 * See ssh.h for what sessions there are, ways.h for where they arrive and leave.
 * The interfaces under those count as well: a bridge's and a bond's ports, what is under a
 * VLAN, the other end of a veth. So do those that a tunnel's packets go by, if such
 * packets are dropped: TCP in a vxlan is UDP there. What the rules spare for certain is
 * not dropped; see spare.h.
 *
 * Return: EXIT_DONE, or EXIT_REFUSED after an error that names the session.
 */
int guard_check(const struct drops *drops);

#endif
