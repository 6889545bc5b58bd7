/* SPDX-License-Identifier: GPL-2.0-only */
/* The interfaces by which a session's packets enter or leave this machine's IP stack. */
#ifndef WAYS_H
#define WAYS_H

#include "guard/session.h"

struct way {
	int index; /* of the interface */
	struct in6_addr next; /* router, or the peer; all zero: not known */
};

struct ways {
	struct way *list;
	size_t count;
};

/**
 * ways_find() - find the interfaces that its packets use
 * @leaving: what leaves; else what arrives
 * @ways: free its list
 *
 * What leaves goes by the route to the peer. What arrives did so by one interface when
 * the session began; if that is not known, by the route's or by that of our address. A peer
 * that is not known may come by all interfaces with an address.
 *
 * Return: 0 or a negative errno.
 */
int ways_find(const struct session *session, bool leaving, struct ways *ways);

#endif
