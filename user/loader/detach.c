// SPDX-License-Identifier: GPL-2.0-only
/* The command --detach. */
#include "loader/stages.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attach/counters.h"
#include "attach/link.h"
#include "attach/owners.h"
#include "attach/tc.h"
#include "attach/xdp.h"
#include "lib/errors.h"
#include "lib/netlink.h"

struct detaching {
	const struct program *program;
	const struct options *options;
	struct display display;
	bool shown; /* a row, at least */
	bool every; /* nothing is said of interfaces without ours */
	bool removed; /* something, from the interface at hand, or if @every, from any */
	__u32 program_id; /* the last one that was detached, */
	struct program_maps maps; /* and its maps, */
	bool opened; /* if they are open */
};

/* Shows counters, with @attached NULL those of unknown interfaces, if there are any. */
static void show(struct detaching *detaching, const struct attached *attached,
		 __u32 slot)
{
	struct reading reading = {
		.program_id = detaching->program_id,
		.final = true,
	};

	if (attached) {
		reading.interface = &attached->interface;
		reading.hook = attached->hook;
	}
	/* A row of zeros tells nothing. */
	if (counters_read(detaching->maps.fds[PROGRAM_COUNTERS], slot,
			  &reading.sum) ||
	    (!counters_packets(&reading.sum) &&
	     !(attached && detaching->display.json)))
		return;
	if (!detaching->shown && display_begin(&detaching->display, 1, true))
		return;
	detaching->shown = true;
	display_show(&detaching->display, &reading);
}

/* Of a program that was on many interfaces, when the last of them is done. */
static void show_unknown(struct detaching *detaching)
{
	__u32 last = detaching->maps.rooms[PROGRAM_COUNTERS] - 1;

	if (!detaching->opened)
		return;
	/* A map of another layout was not opened. */
	if (detaching->maps.fds[PROGRAM_COUNTERS] >= 0 && slots_are_many(last))
		show(detaching, NULL, last);
	program_maps_close(&detaching->maps);
	detaching->opened = false;
}

/* Opens those of a program, if they are not. Returns 0 or a negative errno. */
static int open_maps(struct detaching *detaching, __u32 program_id,
		     int program_fd)
{
	struct program_maps maps;
	int error;

	if (detaching->opened && detaching->program_id == program_id)
		return 0;
	error = program_maps_open(program_fd, &maps);
	/* With frags it is another program, which counts in the same map. */
	if (!error && detaching->opened &&
	    maps.ids[PROGRAM_COUNTERS] == detaching->maps.ids[PROGRAM_COUNTERS])
		program_maps_close(&detaching->maps);
	else
		show_unknown(detaching);
	detaching->program_id = program_id;
	detaching->maps = maps;
	detaching->opened = !error;
	return error;
}

/* Shows the counters of a program that is about to be detached. */
static void show_counters(struct detaching *detaching,
			  const struct attached *attached, int program_fd)
{
	struct drop_slot slot = {};
	int error = open_maps(detaching, attached->program.id, program_fd);

	if (!error && detaching->maps.fds[PROGRAM_COUNTERS] < 0)
		error = detaching->maps.fds[PROGRAM_COUNTERS];
	if (!error)
		error = program_read(&detaching->maps, PROGRAM_SLOTS,
				     attached->interface.index, &slot);
	if (!error)
		show(detaching, attached, slot.counters);
	else
		note("%s: its counters cannot be read: %s.",
		     attached->interface.name,
		     error == -EPROTO ?
			     "they are laid out as in another version" :
			     strerror(-error));
}

static int refuse(const struct attached *attached, const char *why)
{
	return fail(EXIT_REFUSED, "%s: left alone: %s at %s, %s. %s",
		    attached->interface.name, attached_describe(attached),
		    hook_text(attached->hook), attached_owner(attached), why);
}

/* The same of a clsact filter, with the whole command that removes it; @instead: other ways. */
static int refuse_filter(const struct attached *attached, const char *why,
			 const char *instead)
{
	char text[256], protocol[8] = "all";

	if (attached->protocol != ETH_P_ALL)
		snprintf(protocol, sizeof(protocol), "0x%04x",
			 attached->protocol);
	snprintf(
		text, sizeof(text),
		"%sRemove it as it was made ('tc filter del dev %s %s protocol %s prio %u handle 0x%x bpf')%s.",
		why, attached->interface.name,
		hook_is_ingress(attached->hook) ? "ingress" : "egress",
		protocol, attached->priority, attached->handle, instead);
	return refuse(attached, text);
}

static int refuse_held(const struct attached *attached)
{
	return refuse(
		attached,
		attached_is_held(attached) ?
			"Stop that process (it then detaches), or use --force." :
			"Its owner cannot be seen from here: a process in another PID namespace, or a foreign pin. End the process or remove the pin, or use --force.");
}

static int remove_link(struct detaching *detaching,
		       const struct attached *attached)
{
	char path[PIN_PATH_SIZE];
	int pinned = link_is_pinned(attached, path);

	if (pinned < 0)
		return fail_at(AT_DETACH, -pinned, attached->interface.name,
			       NULL);
	if (!pinned && !detaching->options->common.force)
		return refuse_held(attached);
	return link_take_off(attached);
}

static int remove_filter(struct detaching *detaching,
			 const struct attached *attached)
{
	enum tc_filter filter;
	int error;

	if (detaching->options->common.force)
		return tc_remove(attached);
	error = tc_filter_read(attached, -1, &filter);
	if (program_is_foreign(error))
		return refuse_filter(attached,
				     "Its maps are not those of this version. ",
				     ", or use --force");
	if (error)
		return fail_at(AT_DETACH, -error, attached->interface.name,
			       NULL);
	if (filter == TC_FILTER_HELD)
		return refuse_held(attached);
	if (filter == TC_FILTER_BARE)
		return refuse_filter(attached, "", ", or use --force");
	return tc_remove(attached);
}

static int remove_one(struct detaching *detaching,
		      const struct attached *attached)
{
	if (attached->by_link)
		return remove_link(detaching, attached);
	if (attached_is_ours(attached, detaching->program->function))
		return remove_filter(detaching, attached);
	if (!hook_is_xdp(attached->hook))
		return refuse_filter(attached, "", "");
	if (!detaching->options->common.force)
		return refuse(
			attached,
			"Remove it as it was made (ip link set dev IFACE xdp off, or xdpgeneric off), or use --force.");
	return xdp_detach_netlink(attached);
}

static int visit(struct detaching *detaching, const struct attached *attached)
{
	const char *function = detaching->program->function;
	int code, program_fd;

	if (hook_is_xdp(attached->hook) == detaching->program->tc)
		return EXIT_DONE;
	if (strcmp(attached->program.name, function)) {
		/* Other programs at TC are no obstacle; at XDP there is one place. */
		if (!hook_is_xdp(attached->hook) || detaching->every)
			return EXIT_DONE;
		return refuse(attached, "It is a foreign program.");
	}
	program_fd = bpf_prog_get_fd_by_id(attached->program.id);
	if (program_fd < 0)
		return errno == ENOENT ? EXIT_DONE : /* gone meanwhile */
					 fail_at(AT_DETACH, errno,
						 attached->interface.name, NULL);
	code = remove_one(detaching, attached);
	if (!code) {
		note("%s: detached %s from %s.", attached->interface.name,
		     attached_describe(attached), hook_text(attached->hook));
		detaching->removed = true;
		show_counters(detaching, attached, program_fd);
	}
	close(program_fd);
	return code;
}

/* Detaches by a lost pin, if anything is left of it, and removes it. */
static int remove_lost(struct detaching *detaching, const struct pin *pin)
{
	const char *name = lost_name(pin);
	int code = EXIT_DONE, fd = pin_open(pin->path), index = fd;

	if (fd == -ENOENT)
		return EXIT_DONE; /* gone meanwhile */
	if (fd >= 0)
		index = link_ifindex(fd, NULL);
	if (index < 0)
		code = fail_at(AT_UNPIN, -index, pin->path, NULL);
	else if (index && pin->index)
		code = link_detach(fd, name);
	/* Another run may have pinned its own there meanwhile. */
	if (!code && (!index || pin->index)) {
		code = pin_remove(pin->path);
		if (!code && index)
			note("%s: detached program id %u, in another network namespace now.",
			     name, pin->program.id);
		else if (!code)
			note("%s: removed the pin of program id %u: its interface is gone.",
			     name, pin->program.id);
		detaching->removed = true;
	}
	if (fd >= 0)
		close(fd);
	return code;
}

/* Removes the qdisc that a run left behind without a filter. */
static int remove_qdisc(struct detaching *detaching,
			const struct interface *interface)
{
	int error;

	if (!detaching->program->tc || interface->qdisc != QDISC_CLSACT)
		return EXIT_DONE;
	error = tc_remove_qdisc(interface->index);
	if (error < 0)
		return fail_at(AT_DETACH, -error, interface->name,
			       netlink_extack(error));
	if (error > 0) {
		note("%s: removed the clsact qdisc that a run left.",
		     interface->name);
		detaching->removed = true;
	}
	return EXIT_DONE;
}

static int visit_all(struct detaching *detaching,
		     const struct interface *interface,
		     const struct query *found)
{
	const struct attached *attached = NULL;
	int code, worst = EXIT_DONE;

	if (!detaching->every)
		detaching->removed = false;
	while ((attached = query_on(found, interface->index, attached))) {
		code = visit(detaching, attached);
		if (code && worst != EXIT_SYSTEM)
			worst = code;
	}
	code = remove_qdisc(detaching, interface);
	if (code)
		return code;
	if (!detaching->removed && !worst && !detaching->every)
		note("%s: nothing of %s is attached.", interface->name,
		     detaching->program->name);
	return worst;
}

int command_detach(struct run *run)
{
	struct detaching detaching = {
		.program = run->program,
		.options = &run->options,
		.every = run->every,
		.display = {
			.out = &standard_output,
			.json = run->options.common.json,
			.untimed = true,
		},
	};
	/* In a user namespace, what is at TC cannot be asked, and that is an error. */
	const unsigned int hooks = QUERY_TC |
				   (run->program->tc ? 0 : QUERY_XDP);
	int code, worst = query_read(&run->chosen, hooks, &run->present);
	size_t i;

	display_name(&detaching.display, run->program->name);

	/* "Nothing is attached" would be a guess. */
	if (worst)
		return worst;
	for (i = 0; i < run->lost.count; i++) {
		code = remove_lost(&detaching, &run->lost.list[i]);
		if (code && worst != EXIT_SYSTEM)
			worst = code;
	}
	for (i = 0; i < run->chosen.count; i++) {
		code = visit_all(&detaching, &run->chosen.list[i],
				 &run->present);
		if (code && worst != EXIT_SYSTEM)
			worst = code;
	}
	show_unknown(&detaching);
	if (detaching.shown)
		display_end(&detaching.display,
			    &(struct reading){ .final = true });
	if (run->every && !detaching.removed && !worst)
		note("nothing of %s is attached.", run->program->name);
	return worst;
}
