// SPDX-License-Identifier: GPL-2.0-only
/* --follow: interfaces that come while programs are attached. */
#include "loader/stages.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attach/link.h"
#include "attach/xdp.h"
#include "lib/duration.h"
#include "lib/errors.h"
#include "lib/frame_type.h"
#include "lib/grow.h"

/*
 * Where the program was on it before, or on a gone one of that name, its counters go on.
 * Else a free place, or NULL: there is none.
 */
static struct attachment *find_place(const struct run *run,
				     const struct interface *newcomer)
{
	size_t i;

	for (i = 0; i < run->chosen.count; i++) {
		const struct attachment *at = &run->attachments[i];

		if (at->attached || interface_frame_type(&at->interface) !=
					    interface_frame_type(newcomer))
			continue;
		if (at->index == newcomer->index ||
		    !strcmp(at->interface.name, newcomer->name))
			break;
	}
	return i < run->room ? &run->attachments[i] : NULL;
}

/*
 * No XDP program can come below one (dev_xdp_attach()): ours on a bridge, say, goes for
 * this moment. Native XDP above is a bond's: its ports take none of their own.
 */
static void take_off_above(struct run *run, const struct interfaces *all,
			   int index)
{
	const struct interface *lower = interfaces_find(all, index), *upper;
	size_t i;

	for (i = 0; i < run->chosen.count && lower; i++) {
		struct attachment *at = &run->attachments[i];

		upper = interfaces_find(all, at->index);
		if (!at->attached || at->hook != HOOK_XDP_GENERIC || !upper ||
		    !interface_is_above(upper, lower) ||
		    link_detach(at->link_fd, upper->name))
			continue;
		note("%s: taken off for a moment, as %s is below it.",
		     upper->name, lower->name);
		close(at->link_fd);
		at->link_fd = -1;
	}
}

static void put_back_above(struct run *run)
{
	const struct xdp_programs generic = { .fd = run->image.fd };
	size_t i;

	for (i = 0; i < run->chosen.count; i++) {
		struct attachment *at = &run->attachments[i];

		if (!at->attached || at->link_fd >= 0 ||
		    at->hook != HOOK_XDP_GENERIC ||
		    !xdp_attach(at, &generic, XDP_SKB))
			continue;
		at->attached = false;
		at->why = END_FAILED;
		at->ended_ns = clock_ns(CLOCK_MONOTONIC);
		watch_event(run, "lost", at, true);
		note("%s: no longer attached.", at->interface.name);
	}
}

/* As at the start: @one is a run for one interface. An exit code. */
static int attach(struct run *run, struct run *one)
{
	struct interfaces now;
	int code = stage_find(one);

	if (code)
		return code;
	/* It may have become a bridge's port by now. */
	if (!interfaces_read(&now))
		one->all = now;
	/* Before its first packet. */
	changes_write_slots(run, &one->all);
	take_off_above(run, &one->all, one->chosen.list->index);
	code = stage_attach(one);
	if (!code)
		code = stage_commit(one);
	put_back_above(run);
	interfaces_free(&now);
	return code;
}

static int attach_at(struct run *run, struct attachment *at,
		     const struct interfaces *all, struct interface *newcomer)
{
	const struct attachment was = *at;
	struct run one = *run;
	int code;

	one.all = *all;
	one.chosen = (struct interfaces){ newcomer, 1 };
	one.present = (struct query){};
	one.attachments = at;
	one.signal_fd = -1; /* a signal ends the whole run */
	*at = (struct attachment){
		.interface = *newcomer,
		.index = newcomer->index,
		.hook = was.hook,
		.slot = was.slot,
		.link_fd = -1,
		.replaced = was.replaced,
	};
	code = attach(run, &one);
	run->frags = one.frags;
	free(one.present.list);
	if (code) {
		*at = was;
		run->watch.renumbered = true;
		/* Not only until the lease with which it was tried is over. */
		watch_renew(run, hook_is_clsact(at->hook));
		return code;
	}
	at->began_ns -= was.ended_ns - was.began_ns;
	tell_attached(run, at, true);
	return EXIT_DONE;
}

static void attach_newcomer(struct run *run, const struct interfaces *all,
			    struct interface *newcomer)
{
	struct attachment *at = find_place(run, newcomer);
	bool fresh = at == &run->attachments[run->chosen.count];
	int code = EXIT_DONE;

	if (!at)
		code = fail(
			EXIT_SYSTEM,
			"%s: there is room for no more than %d that came later. Run it again.",
			newcomer->name, SLOTS_LATER);
	else if (fresh && grow_list(&run->chosen.list, &run->chosen.count,
				    newcomer, sizeof(*newcomer)))
		code = fail_memory("the list of interfaces");
	run->slots.count = run->chosen.count;
	if (!code) {
		code = attach_at(run, at, all, newcomer);
		run->chosen.count -= code && fresh;
		run->slots.count = run->chosen.count;
	}
	if (code)
		note("%s: not attached. It goes on without.", newcomer->name);
}

void follow_forget(struct run *run, int index)
{
	const struct interface *known = interfaces_find(&run->all, index);

	if (known)
		run->all.list[known - run->all.list].name[0] = '\0';
}

/* What could not be attached to is tried again by another name or as another's port. */
static bool is_new(const struct run *run, const struct interface *interface)
{
	const struct interface *known =
		interfaces_find(&run->all, interface->index);
	const struct attachment *at = attachment_on(run, interface->index);

	if (at && at->attached)
		return false;
	return !known || strcmp(known->name, interface->name) ||
	       known->master != interface->master;
}

void follow_newcomers(struct run *run)
{
	const struct common_options *options = &run->options.common;
	struct pollfd signal = { .fd = run->signal_fd, .events = POLLIN };
	struct interfaces now, asked;
	size_t i;

	if (!run->watch.newcomers || !changes_read(run, &now))
		return;
	/* The same name may have come again. */
	changes_check(run);
	interfaces_choose(&now, options->patterns, options->pattern_count,
			  false, &asked);
	for (i = 0; i < asked.count; i++) {
		if (!is_new(run, &asked.list[i]))
			continue;
		attach_newcomer(run, &now, &asked.list[i]);
		if (poll(&signal, 1, 0))
			break;
	}
	run->watch.newcomers = i < asked.count;
	interfaces_free(&run->all);
	run->all = now;
	/* After a signal, those behind are new still. */
	for (i++; i < asked.count; i++)
		follow_forget(run, asked.list[i].index);
	interfaces_free(&asked);
}
