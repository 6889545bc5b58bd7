// SPDX-License-Identifier: GPL-2.0-only
/* The life of a run: guard, load, attach, watch, detach. */
#include "loader/run.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "lib/descriptors.h"
#include "lib/errors.h"
#include "lib/frame_type.h"
#include "lib/macros.h"
#include "lib/output.h"
#include "lib/privileges.h"
#include "lib/signals.h"
#include "loader/stages.h"

#define SLOWER_VETH \
	"%s: native XDP on a veth disables its peer's segmentation offload: TCP is slower until it is detached. --skb-mode does not disable it."
#define FIRST_BUFFER \
	"%s: the MTU is too large for packets in one buffer, so they may be in several (frags): one whose headers are not in the first buffer is undecided."
#define UNSEEN_TAG \
	"a VLAN tag that the sender or the device keeps outside of the frame (ethtool: txvlan, rxvlan) is not seen at XDP, and is not in the capture."
#define MIXED_TYPES \
	"the capture has both Ethernet and IP interfaces: tcpdump cannot read it, tshark can. For tcpdump, run once for each kind."

/* The kernel's trace, and where debugfs has it. */
#define TRACING "/sys/kernel/tracing"
#define TRACE_PIPE TRACING "/trace_pipe"
#define TRACE_PIPE_OLD "/sys/kernel/debug/tracing/trace_pipe"

void tell_attached(struct run *run, const struct attachment *at, bool note_it)
{
	const struct program_info *info = &image_on(run, at)->info;

	watch_event(run, "attached", at, false);
	if (note_it)
		note("%s: attached (%s%s, program id %u, tag %s)%s",
		     at->interface.name, hook_text(at->hook),
		     at->frags ? " with frags" : "", info->id, info->tag,
		     run->options.observe ? ", observing" : "");
}

static void tell_chosen(struct run *run)
{
	const struct program_info *info = &image_on(run, NULL)->info;
	size_t i, count = run->chosen.count;

	for (i = 0; i < count; i++)
		tell_attached(run, &run->attachments[i],
			      count < MANY_INTERFACES);
	if (count >= MANY_INTERFACES)
		note("attached to %zu interfaces (program id %u, tag %s)%s",
		     count, info->id, info->tag,
		     run->options.observe ? ", observing" : "");
	if (run->options.pin)
		note("it stays attached until '%s --detach' removes it.",
		     run->program->name);
	if (run->options.pin && run->options.common.timeout_ns)
		note("after the time-out it passes everything, but stays attached.");
}

/* EACCES: only root may look into the directory, so it is mounted. */
static bool has_trace_pipe(const char *path)
{
	return !access(path, F_OK) || errno == EACCES;
}

/* Where to read the trace, and which lines are this run's. */
static void tell_trace(__u32 mark)
{
	const char *path = TRACE_PIPE;

	if (!has_trace_pipe(path)) {
		if (has_trace_pipe(TRACE_PIPE_OLD))
			path = TRACE_PIPE_OLD;
		else
			note("tracefs is not mounted: mount -t tracefs nodev %s",
			     TRACING);
	}
	note("a line for each packet dropped, observed or undecided: grep 'by %x on' %s",
	     mark, path);
}

static bool is_native_veth(const struct attachment *at)
{
	return at->hook == HOOK_XDP_NATIVE &&
	       !strcmp(at->interface.kind, "veth");
}

/*
 * veth_xdp_set() takes the peer's segmentation offload away, so its TCP arrives in
 * packets of the MTU's size. It does not matter if all of it is dropped.
 */
static void tell_slower(const struct run *run)
{
	size_t i;

	/* The first will do. */
	for (i = 0; i < run->chosen.count && run->options.observe; i++) {
		if (!is_native_veth(&run->attachments[i]))
			continue;
		note(SLOWER_VETH, run->attachments[i].interface.name);
		return;
	}
}

/* Drivers keep the headers together, but nothing makes them. */
static void tell_frags(const struct run *run)
{
	size_t i;

	for (i = 0; i < run->chosen.count && run->program->matches; i++) {
		if (!run->attachments[i].frags)
			continue;
		note(FIRST_BUFFER, run->attachments[i].interface.name);
		return;
	}
}

/* What the capture lacks, and which programs cannot read it. */
static void tell_capture(const struct run *run)
{
	const struct attachment *at = run->attachments;
	size_t i;

	if (!file_is_open(&run->capture.file))
		return;
	if (!run->program->tc)
		note(UNSEEN_TAG);
	for (i = 1; i < run->chosen.count; i++) {
		if (interface_frame_type(&at[i].interface) ==
		    interface_frame_type(&at[0].interface))
			continue;
		note(MIXED_TYPES);
		return;
	}
}

static int tell_all(struct run *run)
{
	run->done = true;
	tell_chosen(run);
	tell_slower(run);
	tell_frags(run);
	tell_capture(run);
	if (run->options.trace)
		tell_trace(run->image.config->trace);
	return EXIT_DONE;
}

static int attach(struct run *run)
{
	static int (*const steps[])(struct run *) = {
		stage_spare, /* our own SSH session, if asked for */
		stage_find, /* what is there, and may it be */
		stage_choose, /* hooks */
		stage_prepare, /* the capture's file, display, signals */
		stage_load, /* configure, verify */
		stage_attach, /* to all or none */
		stage_capture, /* the file's heading */
		stage_commit, /* what was there goes for good; pins */
		tell_all, /* what is attached */
	};
	int code = EXIT_DONE;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(steps) && !code; i++)
		code = steps[i](run);
	return code || run->options.pin ? code : stage_foreground(run);
}

/* Before the interfaces are read, so that no change is missed. */
static int listen_to_changes(struct run *run)
{
	const struct options *options = &run->options;
	int error = 0;

	if (!options->list && !options->detach && !options->pin)
		error = netlink_open(&run->links, RTMGRP_LINK);
	return error ? fail_at(AT_NETLINK, -error, "netlink", NULL) : EXIT_DONE;
}

/* A misspelt name should be seen. */
static void tell_missing(const struct run *run)
{
	const struct common_options *options = &run->options.common;
	size_t i;

	for (i = 0; i < options->pattern_count && run->options.follow; i++) {
		if (!interfaces_match(&run->all, options->patterns[i]))
			note("%s: there is no such interface yet.",
			     options->patterns[i]);
	}
}

static int choose_and_go_on(struct run *run)
{
	const struct options *options = &run->options;
	int code = EXIT_DONE;

	run->every = !options->common.pattern_count;
	if (options->list || options->detach)
		code = lost_find(run);
	if (code)
		return code;
	if (run->every) {
		run->chosen = run->all;
		run->all = (struct interfaces){};
	} else {
		code = interfaces_choose(&run->all, options->common.patterns,
					 options->common.pattern_count,
					 !options->follow, &run->chosen);
		tell_missing(run);
	}
	if (code)
		return code;
	if (options->list)
		return command_list(run);
	return options->detach ? command_detach(run) : attach(run);
}

int run(const struct program *program, int argc, char **argv)
{
	/* Its memory and descriptors go with the process. */
	static struct run run = {
		.signal_fd = -1,
		.links.fd = -1,
		.capture.file.sink.fd = -1,
	};
	size_t i;
	int code;

	run.program = program;
	errors_init(program->name);
	code = options_parse(&run.options, program, argc, argv);
	if (code) {
		output_close(-1);
		return code;
	}
	/* When a reader of our output goes away, write() returns EPIPE instead. */
	signal(SIGPIPE, SIG_IGN);
	/* It asks for counters; there are none yet. */
	signal(SIGUSR1, SIG_IGN);
	verbose_init(run.options.common.verbose);
	/* A user who pins must be able to remove the pins. */
	code = privileges_check(run.options.list || run.options.detach ||
				run.options.pin);
	if (!code)
		code = descriptors_allow(0, 0);
	if (!code)
		code = listen_to_changes(&run);
	if (!code)
		code = interfaces_read(&run.all);
	if (!code)
		code = choose_and_go_on(&run);

	/* Before anything waits for a reader. */
	for (i = 0; run.attachments && i < run.chosen.count; i++) {
		if (run.attachments[i].link_fd >= 0)
			close(run.attachments[i].link_fd);
	}
	if (run.image.skeleton)
		program->destroy(&run.image);
	if (run.frags.skeleton)
		program->destroy(&run.frags);
	output_close(run.signal_fd);
	capture_close(&run.capture, !run.done);
	return code;
}
