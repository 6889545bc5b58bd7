/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What ip(8) would do to wire network namespaces, without a process for it.
 * Addresses are text, as ip has them. What returns an int here returns 0 or a
 * negative errno; the socket's extack then says more.
 */
#ifndef WIRE_H
#define WIRE_H

#include "lib/netlink.h"

struct wire_end {
	const char *name;
	const char *address; /* of the link layer; NULL: any */
};

int wire_index(struct netlink *nl, const char *name, int *index);

/* A pair of devices: @near at the socket's place, @far at the descriptor @netns's. */
int wire_veth(struct netlink *nl, const struct wire_end *near,
	      const struct wire_end *far, int netns);
/* Without multicast snooping: no queries of its own. */
int wire_bridge(struct netlink *nl, const struct wire_end *end);
int wire_enslave(struct netlink *nl, const char *name, const char *bridge);
int wire_up(struct netlink *nl, const char *name);

/* @address with its prefix's length; IPv6's is not looked for first. */
int wire_address(struct netlink *nl, const char *name, const char *address);
/* For ever. */
int wire_neighbour(struct netlink *nl, const char *name, const char *address,
		   const char *link_address);
int wire_route(struct netlink *nl, const char *to, const char *gateway);

#endif
