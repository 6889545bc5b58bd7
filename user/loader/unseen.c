// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is the program attached where packets do not get to it? Generic XDP on a VRF never runs, and
 * some drivers give packets to the stack past native XDP. The program counts each of its runs
 * anyhow: there have been none, and the interface counts packets.
 */
#include "loader/stages.h"

#include <linux/if_link.h>
#include <string.h>

#include "lib/errors.h"

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

/* From the kernel's message about an interface. */
struct passing {
	bool known;
	bool xdp; /* it has an XDP program */
	__u64 packets[2]; /* that arrived, and that left */
};

static int read_passing(const struct nlmsghdr *message, void *context)
{
	const size_t size = sizeof(struct ifinfomsg);
	/* struct rtnl_link_stats64, which is not aligned here, begins with the two. */
	const struct rtattr *stats = netlink_find(message, size, IFLA_STATS64);
	const struct rtattr *xdp = netlink_find(message, size, IFLA_XDP);
	struct passing *passing = context;

	passing->known = stats &&
			 RTA_PAYLOAD(stats) >= sizeof(passing->packets);
	if (passing->known)
		memcpy(passing->packets, RTA_DATA(stats),
		       sizeof(passing->packets));
	passing->xdp = netlink_u8(netlink_find_in(xdp, IFLA_XDP_ATTACHED));
	return 0;
}

/*
 * How many packets have passed there that must get to the program? False: that cannot be
 * told. A bond has the sum of its ports' counters, with what XDP drops there; and what XDP
 * drops does not get to TC.
 */
static bool read_passed(const struct attachment *at, __u64 *passed)
{
	const bool ingress = hook_is_ingress(at->hook);
	struct netlink_request request;
	struct passing passing = {};
	struct ifinfomsg *info;

	if (!strcmp(at->interface.kind, "bond"))
		return false;
	info = netlink_start(&request, RTM_GETLINK, 0, sizeof(*info));
	info->ifi_index = at->interface.index;
	if (netlink_ask(&request, read_passing, &passing) || !passing.known)
		return false;
	*passed = passing.packets[!ingress];
	return hook_is_xdp(at->hook) || !ingress || !passing.xdp;
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

static void look_at(struct run *run, struct attachment *at)
{
	struct unseen *unseen = &at->unseen;
	struct drop_counters sum;
	bool grown = false;
	__u64 passed;

	if (read_passed(at, &passed)) {
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
	unseen->ended = true;
	tell(run, at, passed - unseen->first);
}

void unseen_look(struct run *run)
{
	size_t i;

	for (i = 0; i < run->chosen.count; i++) {
		struct attachment *at = &run->attachments[i];

		if (at->attached && !at->elsewhere && !at->unseen.ended)
			look_at(run, at);
	}
}
