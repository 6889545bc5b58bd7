// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is the program attached where packets do not get to it? Generic XDP on a VRF never runs, and
 * some drivers give packets to the stack past native XDP. The program counts each of its runs
 * anyhow: there have been none, and the interface counts packets.
 */
#include "loader/stages.h"

#include <linux/if_link.h>
#include <stdlib.h>
#include <string.h>

#include "lib/errors.h"
#include "lib/grow.h"

/*
 * So many looks in a row in which the interface has counted more. Fewer may be what the
 * driver takes for itself (WireGuard's keepalives, PPP's LCP), or packets from before
 * attaching that were queued, or that the hardware counts late.
 */
#define LOOKS 2

#define NOT_AT_NATIVE \
	"the driver does not give them to native XDP. Use --skb-mode."
#define NOT_AT_GENERIC \
	"generic XDP does not run for them. Attach to another device on their way."
#define NOT_AT_TC \
	"they do not pass TC there, or a program before this one takes them. See --list, or attach to another device on their way."

/* What the kernel says of interfaces, by ifindex. */
struct passing {
	int index;
	__u64 packets[2]; /* that arrived, and that left */
};

struct passings {
	struct passing *list;
	size_t count;
};

static int by_index(const void *left, const void *right)
{
	return ((const struct passing *)left)->index -
	       ((const struct passing *)right)->index;
}

static int read_passing(const struct nlmsghdr *message, void *context)
{
	const struct if_stats_msg *info = NLMSG_DATA(message);
	/* struct rtnl_link_stats64, which is not aligned here, begins with the two. */
	const struct rtattr *stats =
		netlink_find(message, sizeof(*info), IFLA_STATS_LINK_64);
	struct passing passing = { .index = (int)info->ifindex };
	struct passings *all = context;

	if (!stats || RTA_PAYLOAD(stats) < sizeof(passing.packets))
		return 0;
	memcpy(passing.packets, RTA_DATA(stats), sizeof(passing.packets));
	return grow_list(&all->list, &all->count, &passing, sizeof(passing));
}

/* Of that interface, or with 0 of all. What cannot be read is not there. */
static void read_passings(struct passings *all, int ifindex)
{
	struct netlink_request request;
	struct if_stats_msg *info = netlink_start(&request, RTM_GETSTATS,
						  ifindex ? 0 : NLM_F_DUMP,
						  sizeof(*info));

	info->ifindex = ifindex;
	info->filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64);
	netlink_ask(&request, read_passing, all);
	if (all->count)
		qsort(all->list, all->count, sizeof(*all->list), by_index);
}

/*
 * How many packets have passed there that must get to the program? False: that cannot be
 * told. A bond has the sum of its ports' counters, with what XDP drops there.
 */
static bool find_passed(const struct passings *all, const struct attachment *at,
			__u64 *passed)
{
	const struct passing key = { .index = at->interface.index };
	const struct passing *passing = NULL;

	if (all->count && strcmp(at->interface.kind, "bond"))
		passing = bsearch(&key, all->list, all->count, sizeof(key),
				  by_index);
	if (passing)
		*passed = passing->packets[!hook_is_ingress(at->hook)];
	return passing;
}

static int read_xdp(const struct nlmsghdr *message, void *context)
{
	const struct rtattr *xdp =
		netlink_find(message, sizeof(struct ifinfomsg), IFLA_XDP);

	*(bool *)context = netlink_u8(netlink_find_in(xdp, IFLA_XDP_ATTACHED));
	return 0;
}

/* What XDP drops does not get to TC. */
static bool is_behind_xdp(const struct attachment *at)
{
	struct netlink_request request;
	struct ifinfomsg *info;
	bool xdp = false;

	if (hook_is_xdp(at->hook) || !hook_is_ingress(at->hook))
		return false;
	info = netlink_start(&request, RTM_GETLINK, 0, sizeof(*info));
	info->ifi_index = at->interface.index;
	return netlink_ask(&request, read_xdp, &xdp) || xdp;
}

static void tell(struct run *run, const struct attachment *at, __u64 passed)
{
	const char *next = NOT_AT_TC;

	if (at->hook == HOOK_XDP_NATIVE)
		next = NOT_AT_NATIVE;
	else if (at->hook == HOOK_XDP_GENERIC)
		next = NOT_AT_GENERIC;
	watch_event(run, "unseen", at, false);
	note("%s: %llu packets have %s, and the program has seen none of them: %s",
	     at->interface.name, passed,
	     hook_is_ingress(at->hook) ? "arrived" : "left", next);
}

static void look_at(struct run *run, struct attachment *at,
		    const struct passings *all)
{
	struct unseen *unseen = &at->unseen;
	struct drop_counters sum;
	bool grown = false;
	__u64 passed;

	if (find_passed(all, at, &passed)) {
		grown = !unseen->begun || passed > unseen->last;
		unseen->last = passed;
	}
	/* In this order: what passes in between is seen, but not passed. */
	if (!grown || counters_read(run->counters_fd, at->slot, &sum)) {
		unseen->looks = 0;
		return;
	}
	if (!unseen->begun) {
		unseen->begun = true;
		unseen->first = passed;
		unseen->seen = counters_packets(&sum);
		return;
	}
	unseen->looks++;
	unseen->ended = counters_packets(&sum) != unseen->seen;
	/* What is counted as unknown may be its packets. */
	if (unseen->ended || unseen->looks < LOOKS || watch_has_unknown(run))
		return;
	if (is_behind_xdp(at)) {
		*unseen = (struct unseen){};
		return;
	}
	unseen->ended = true;
	tell(run, at, passed - unseen->first);
}

static bool is_looked_at(const struct attachment *at)
{
	return at->attached && !at->elsewhere && !at->unseen.ended;
}

void unseen_look(struct run *run)
{
	struct passings all = {};
	size_t i, looked_at = 0;

	for (i = 0; i < run->chosen.count; i++)
		looked_at += is_looked_at(&run->attachments[i]);
	if (looked_at >= MANY_INTERFACES)
		read_passings(&all, 0);
	for (i = 0; i < run->chosen.count; i++) {
		struct attachment *at = &run->attachments[i];

		if (!is_looked_at(at))
			continue;
		if (looked_at < MANY_INTERFACES) {
			all.count = 0;
			read_passings(&all, at->interface.index);
		}
		look_at(run, at, &all);
	}
	free(all.list);
}
