// SPDX-License-Identifier: GPL-2.0-only
/* What happens to the interfaces while programs are attached. */
#include "loader/stages.h"

#include <errno.h>
#include <linux/if_link.h>
#include <string.h>
#include <unistd.h>

#include "attach/link.h"
#include "attach/tc.h"
#include "lib/duration.h"
#include "lib/errors.h"

/* So long after attaching, the loss of a carrier may be due to it. */
#define RESET_NS (10 * SECOND_NS)
#define NO_CARRIER \
	"%s: no carrier since it was attached: nothing passes until it is back. Some drivers reset the device to attach."

/*
 * A link goes with its interface to another network namespace, where the interface
 * has another number if its own is taken there. @left: we have heard that it left.
 */
static void check_move(struct run *run, struct attachment *at, int index,
		       bool left)
{
	if (index == at->index && (!left || at->elsewhere))
		return;
	/* A container's end of a veth is made here, and is not meant there. */
	if (run->options.follow) {
		link_detach(at->link_fd, at->interface.name);
		return;
	}
	at->elsewhere = true;
	if (index == at->index) {
		note("%s: moved to another network namespace: it stays attached.",
		     at->interface.name);
	} else {
		note("%s: moved to another network namespace, as number %d: it stays attached.",
		     at->interface.name, index);
		at->index = index;
		run->watch.renumbered = true;
	}
	watch_event(run, "moved", at, false);
}

static bool still_there(struct run *run, struct attachment *at)
{
	int index;

	if (hook_is_clsact(at->hook)) {
		if (!at->doubted)
			return true;
		at->doubted = run->watch.deaf;
		return tc_clsact_present(&at->interface, at->hook,
					 run->image.info.id);
	}
	index = link_ifindex(at->link_fd, NULL);
	if (index > 0)
		check_move(run, at, index, false);
	return index;
}

/* Its number may belong to another interface by now. */
static bool is_gone(const struct attachment *at)
{
	char name[IFNAMSIZ];

	return at->left ||
	       (!if_indextoname(at->interface.index, name) && errno == ENXIO);
}

static void mark_ended(struct run *run, struct attachment *at)
{
	double seconds;

	at->attached = false;
	if (at->link_fd >= 0)
		close(at->link_fd);
	at->link_fd = -1;
	at->ended_ns = clock_ns(CLOCK_MONOTONIC);
	at->why = is_gone(at) ? END_INTERFACE_GONE : END_TAKEN_OFF;
	watch_event(run, "lost", at, true);
	seconds = (double)(at->ended_ns - at->began_ns) / SECOND_NS;
	if (at->why == END_TAKEN_OFF) {
		note("%s: no longer attached, after %.1f s: another process took the program off.",
		     at->interface.name, seconds);
		return;
	}
	note("%s: no longer attached, after %.1f s: the interface is deleted or in another netns.",
	     at->interface.name, seconds);
	at->index = 0;
	at->tried = false;
	run->watch.renumbered = true;
}

static void doubt_all(struct run *run)
{
	size_t i;

	for (i = 0; i < run->chosen.count; i++)
		run->attachments[i].doubted = true;
}

void changes_hear_filters(struct run *run)
{
	/* Without a message, they are looked at each time. */
	run->watch.deaf = !hook_is_clsact(run->attachments[0].hook) ||
			  netlink_join(&run->links, RTNLGRP_TC);
	doubt_all(run);
}

bool changes_check(struct run *run)
{
	bool any = false;
	size_t i;

	for (i = 0; i < run->chosen.count; i++) {
		struct attachment *at = &run->attachments[i];

		if (at->attached && !still_there(run, at))
			mark_ended(run, at);
		any |= at->attached;
	}
	return any;
}

bool changes_check_all(struct run *run)
{
	doubt_all(run);
	return changes_check(run);
}

struct attachment *attachment_on(const struct run *run, int index)
{
	size_t i;

	for (i = 0; i < run->chosen.count && index; i++) {
		if (run->attachments[i].index == index)
			return &run->attachments[i];
	}
	return NULL;
}

/* Some drivers reset the device to attach: nothing passes until its carrier is back. */
static void check_carrier(struct run *run, struct attachment *at,
			  const struct nlmsghdr *message)
{
	const struct ifinfomsg *info = NLMSG_DATA(message);
	const __u32 downs = netlink_u32(
		netlink_find(message, sizeof(*info), IFLA_CARRIER_DOWN_COUNT));
	const bool carrier =
		netlink_u8(netlink_find(message, sizeof(*info), IFLA_CARRIER));
	const __u64 after_ns = clock_ns(CLOCK_MONOTONIC) - at->began_ns;
	const double after = (double)after_ns / SECOND_NS;

	if (at->no_carrier && carrier) {
		at->no_carrier = false;
		watch_event(run, "carrier", at, false);
		note("%s: the carrier is back, %.1f s after attaching.",
		     at->interface.name, after);
	} else if (!at->no_carrier && !carrier && info->ifi_flags & IFF_UP &&
		   downs > at->interface.carrier_downs && after_ns < RESET_NS) {
		at->no_carrier = true;
		watch_event(run, "no-carrier", at, false);
		note(NO_CARRIER, at->interface.name);
	}
}

/* Notes whether the map has to be written anew: ports of a bond come and go. */
static int read_change(const struct nlmsghdr *message, void *context)
{
	const struct ifinfomsg *info = NLMSG_DATA(message);
	struct run *run = context;
	const struct attachment *bond;
	struct attachment *at;
	size_t slot;
	int index;

	/* A filter or qdisc: struct tcmsg has the number at the same place. */
	at = attachment_on(run, info->ifi_index);
	if (at)
		at->doubted = true;
	if (message->nlmsg_type != RTM_NEWLINK &&
	    message->nlmsg_type != RTM_DELLINK)
		return 0;
	run->watch.newcomers = run->options.follow;
	/* Bridges send messages about their ports, too, of another family. */
	if (info->ifi_family != AF_UNSPEC)
		return 0;
	if (message->nlmsg_type == RTM_DELLINK)
		follow_forget(run, info->ifi_index);
	if (message->nlmsg_type == RTM_DELLINK && at && at->attached) {
		at->left = true;
		index = hook_is_clsact(at->hook) ?
				0 :
				link_ifindex(at->link_fd, NULL);
		if (index > 0)
			check_move(run, at, index, true);
	} else if (at && at->attached && !at->elsewhere) {
		check_carrier(run, at, message);
	}
	bond = attachment_on(run, (int)netlink_u32(netlink_find(message,
								sizeof(*info),
								IFLA_MASTER)));
	slot = run->room;
	if (bond && slots_has_ports(bond) && message->nlmsg_type == RTM_NEWLINK)
		slot = bond->slot;
	if (!at && slots_are_many(run->room) &&
	    slots_find(&run->slots, info->ifi_index) != slot)
		run->watch.renumbered = true;
	return 0;
}

void changes_hear(struct run *run)
{
	if (!netlink_listen(&run->links, sizeof(struct ifinfomsg), read_change,
			    run))
		return;
	/* Some were lost. */
	run->watch.renumbered = true;
	run->watch.newcomers = run->options.follow;
	doubt_all(run);
}

bool changes_read(struct run *run, struct interfaces *all)
{
	__u64 now_ns = clock_ns(CLOCK_MONOTONIC);

	if (now_ns < run->watch.retry_ns)
		return false;
	if (!interfaces_read(all))
		return true;
	run->watch.retry_ns = now_ns + SECOND_NS;
	return false;
}

void changes_write_slots(struct run *run, const struct interfaces *all)
{
	int error = slots_write(&run->slots, all);

	run->watch.renumbered = false;
	if (error == -E2BIG && !run->watch.full_told)
		note(SLOTS_FULL);
	run->watch.full_told |= error == -E2BIG;
	if (error && error != -E2BIG)
		note("cannot write the interfaces' numbers to the program's map: %s.",
		     strerror(-error));
}

void changes_write(struct run *run)
{
	struct interfaces all;

	if (!run->watch.renumbered || !changes_read(run, &all))
		return;
	changes_write_slots(run, &all);
	interfaces_free(&all);
}
