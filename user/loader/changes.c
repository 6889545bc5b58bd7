// SPDX-License-Identifier: GPL-2.0-only
/* What happens to the interfaces while programs are attached. */
#include "loader/changes.h"

#include <errno.h>
#include <string.h>

#include "attach/link.h"
#include "attach/tc.h"
#include "lib/duration.h"
#include "lib/errors.h"

/*
 * A link goes with its interface to another network namespace, where the interface
 * has another number if its own is taken there. @left: we have heard that it left.
 */
static void check_move(struct watch *watch, struct attachment *at, int index,
		       bool left)
{
	if (index == at->index && (!left || at->elsewhere))
		return;
	at->elsewhere = true;
	if (index == at->index) {
		note("%s: moved to another network namespace: it stays attached.",
		     at->interface.name);
		return;
	}
	note("%s: moved to another network namespace, as number %d: it stays attached.",
	     at->interface.name, index);
	at->index = index;
	watch->renumbered = true;
}

static bool still_there(struct watch *watch, struct attachment *at)
{
	int index;

	if (hook_is_clsact(at->hook))
		return tc_clsact_present(&at->interface, at->hook,
					 watch->program_id);
	index = link_ifindex(at->link_fd, NULL);
	if (index > 0)
		check_move(watch, at, index, false);
	return index;
}

/* Its number may belong to another interface by now. */
static bool is_gone(const struct attachment *at)
{
	char name[IFNAMSIZ];

	return at->left ||
	       (!if_indextoname(at->interface.index, name) && errno == ENXIO);
}

static void mark_ended(struct watch *watch, struct attachment *at)
{
	double seconds;

	at->attached = false;
	at->ended_ns = clock_ns(CLOCK_MONOTONIC);
	at->why = is_gone(at) ? END_INTERFACE_GONE : END_TAKEN_OFF;
	seconds = (double)(at->ended_ns - watch->started_ns) / SECOND_NS;
	if (at->why == END_TAKEN_OFF) {
		note("%s: no longer attached, after %.1f s: another process took the program off.",
		     at->interface.name, seconds);
		return;
	}
	note("%s: no longer attached, after %.1f s: the interface is deleted or in another netns.",
	     at->interface.name, seconds);
	at->index = 0;
	at->tried = false;
	watch->renumbered = true;
}

bool changes_check(struct watch *watch)
{
	bool any = false;
	size_t i;

	for (i = 0; i < watch->count; i++) {
		struct attachment *at = &watch->attachments[i];

		if (at->attached && !still_there(watch, at))
			mark_ended(watch, at);
		any |= at->attached;
	}
	return any;
}

static struct attachment *attachment_on(const struct watch *watch, int index)
{
	size_t i;

	for (i = 0; i < watch->count && index; i++) {
		if (watch->attachments[i].index == index)
			return &watch->attachments[i];
	}
	return NULL;
}

/* Notes whether the map has to be written anew: ports of a bond come and go. */
static int read_change(const struct nlmsghdr *message, void *context)
{
	const struct ifinfomsg *info = NLMSG_DATA(message);
	struct watch *watch = context;
	const struct attachment *bond;
	struct attachment *at;
	size_t slot;
	int index;

	/* Bridges send messages about their ports, too, of another family. */
	if (info->ifi_family != AF_UNSPEC)
		return 0;
	at = attachment_on(watch, info->ifi_index);
	if (message->nlmsg_type == RTM_DELLINK && at && at->attached) {
		at->left = true;
		index = hook_is_clsact(at->hook) ?
				0 :
				link_ifindex(at->link_fd, NULL);
		if (index > 0)
			check_move(watch, at, index, true);
	}
	bond = attachment_on(
		watch, (int)netlink_u32(netlink_find(message, sizeof(*info),
						     IFLA_MASTER)));
	slot = watch->count;
	if (bond && slots_has_ports(bond) && message->nlmsg_type == RTM_NEWLINK)
		slot = bond->slot;
	if (!at && slots_are_many(watch->count) &&
	    slots_find(watch->slots, info->ifi_index) != slot)
		watch->renumbered = true;
	return 0;
}

void changes_hear(struct watch *watch)
{
	if (netlink_listen(watch->links, read_change, watch))
		watch->renumbered = true;
}

void changes_write(struct watch *watch)
{
	struct interfaces all;
	int error;

	if (!watch->renumbered)
		return;
	watch->renumbered = false;
	if (interfaces_read(&all))
		return;
	error = slots_write(watch->slots, &all);
	interfaces_free(&all);
	if (error == -E2BIG && !watch->full_told)
		note(SLOTS_FULL);
	watch->full_told |= error == -E2BIG;
	if (error && error != -E2BIG)
		note("cannot write the interfaces' numbers to the program's map: %s.",
		     strerror(-error));
}
