/* SPDX-License-Identifier: GPL-2.0-only */
/* The clsact qdisc and the BPF filters on it, by rtnetlink. */
#ifndef CLSACT_H
#define CLSACT_H

#include <stdbool.h>

#include "lib/netlink.h"

/* Where our filters stand: first, and recognisable. */
#define CLSACT_PRIORITY 1
#define CLSACT_HANDLE 0xbdf

/* One BPF filter, as the kernel lists it. */
struct clsact_filter {
	int ifindex;
	bool ingress;
	__u32 program_id;
	__u32 priority;
	__u32 handle;
	__u16 protocol; /* ETH_P_*, host order */
};

enum clsact_kind {
	CLSACT_NONE,
	CLSACT_CLSACT,
	CLSACT_INGRESS, /* the older qdisc: it has no egress side */
};

/* Called for each; returns 0 or a negative errno, which ends it. */
typedef int (*clsact_reader)(const struct clsact_filter *filter, void *context);

/* All of these return 0 or a negative errno; nl->extack may say more. */

/* Which interfaces have such a qdisc: ifindex and kind, each once. */
typedef int (*clsact_qdisc_reader)(int ifindex, enum clsact_kind kind,
				   void *context);
int clsact_qdiscs(struct netlink *nl, clsact_qdisc_reader reader,
		  void *context);

/* The BPF filters of one interface in one direction. */
int clsact_filters(struct netlink *nl, int ifindex, bool ingress,
		   clsact_reader reader, void *context);

/* -EEXIST if it, or an ingress qdisc, is there already. */
int clsact_create(struct netlink *nl, int ifindex);
int clsact_remove(struct netlink *nl, int ifindex);

/* Attaches @program_fd as a direct-action filter at @filter's place. */
int clsact_add(struct netlink *nl, const struct clsact_filter *filter,
	       int program_fd, const char *name);
int clsact_delete(struct netlink *nl, const struct clsact_filter *filter);

/* True in @any if the interface has a filter of any kind in either direction. */
int clsact_in_use(struct netlink *nl, int ifindex, bool *any);

#endif
