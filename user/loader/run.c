// SPDX-License-Identifier: GPL-2.0-only
/* The life of a run: guard, load, attach, watch, detach. */
#include "loader/run.h"

#include <stdarg.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "attach/owners.h"
#include "attach/pins.h"
#include "attach/tc.h"
#include "lib/duration.h"
#include "lib/errors.h"
#include "lib/macros.h"
#include "lib/output.h"
#include "lib/privileges.h"
#include "lib/signals.h"
#include "loader/detach.h"
#include "loader/guard.h"
#include "loader/list.h"
#include "loader/stages.h"

/* From so many interfaces on, one line tells of them all. */
#define MANY_INTERFACES 17

/* The kernel's trace, and where debugfs has it. */
#define TRACING "/sys/kernel/tracing"
#define TRACE_PIPE TRACING "/trace_pipe"
#define TRACE_PIPE_OLD "/sys/kernel/debug/tracing/trace_pipe"

static int verbosity;

static int print_libbpf(enum libbpf_print_level level, const char *format,
			va_list values)
{
	int written;
	FILE *text;

	if (verbosity < (level == LIBBPF_DEBUG ? 2 : 1))
		return 0;
	text = output_text(&standard_error);
	if (!text)
		return 0;
	written = vfprintf(text, format, values);
	output_add(&standard_error, NULL, true);
	output_flush(&standard_error);
	return written;
}

/* Finds the interfaces, and what is on them; nothing is changed. */
static int find_targets(struct run *run)
{
	const struct options *options = &run->options;
	size_t i;
	int code;

	code = interfaces_choose(&run->all, options->patterns,
				 options->pattern_count, &run->chosen);
	if (!code && !options->force && !options->timeout_ns &&
	    !options->observe)
		code = guard_check(&run->all, &run->chosen);
	if (!code)
		code = privileges_descriptors(run->chosen.count);
	if (!code)
		code = inventory_read(&run->chosen, &run->present);
	if (code)
		return code;
	run->attachments = calloc(run->chosen.count, sizeof(*run->attachments));
	if (!run->attachments)
		return fail_memory("the list of interfaces");
	for (i = 0; i < run->chosen.count && !code; i++) {
		struct attachment *at = &run->attachments[i];

		*at = (struct attachment){
			.interface = run->chosen.list[i],
			.index = run->chosen.list[i].index,
			.had_qdisc = run->present.qdiscs[i],
			.slot = i,
			.link_fd = -1,
			.replaced_fd = -1,
		};
		if (run->program->tc)
			code = tc_choose(&at->interface, options->tc,
					 options->ingress, &at->hook);
	}
	if (!code && options->pin && !hook_is_clsact(run->attachments[0].hook))
		code = pin_prepare();
	return code;
}

static void tell_attached(const struct run *run)
{
	const struct identity *identity = &run->identity;
	size_t i, count = run->chosen.count;

	for (i = 0; i < count && count < MANY_INTERFACES; i++) {
		const struct attachment *at = &run->attachments[i];

		note("%s: attached (%s, program id %u, tag %s)%s",
		     at->interface.name, hook_words(at->hook), identity->id,
		     identity->tag, run->options.observe ? ", observing" : "");
	}
	if (count >= MANY_INTERFACES)
		note("attached to %zu interfaces (program id %u, tag %s)%s",
		     count, identity->id, identity->tag,
		     run->options.observe ? ", observing" : "");
	if (run->options.pin)
		note("it stays attached until '%s --detach' removes it.",
		     run->program->name);
	if (run->options.pin && run->options.timeout_ns)
		note("after the time-out it passes everything, but stays.");
}

/* What the lines of this run, and no other's, begin with; never 0. */
static __u32 new_mark(void)
{
	__u32 mark = 0;

	if (getrandom(&mark, sizeof(mark), 0) != sizeof(mark) || !mark)
		mark = getpid();
	return mark;
}

/* Root's directory may be closed to others: then it is there. */
static bool has_trace_pipe(const char *path)
{
	return !access(path, F_OK) || errno == EACCES;
}

/* Where to read what the kernel side says, and which lines are this run's. */
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

/* Writes what is left; the exit code is the first that is not EXIT_DONE. */
static int finish_capture(struct run *run, int code)
{
	struct capture *capture = &run->capture;
	bool told = capture->sink.error;
	int error = capture_finish(capture, run->signal_fd);

	if (!error || error == -EPIPE)
		return code;
	if (error == -ETIMEDOUT)
		note("the reader of the capture reads no more: the rest is lost.");
	else if (!told)
		note("%s: cannot be written to its end: %s.",
		     capture->sink.path, strerror(-error));
	return code ? code : EXIT_SYSTEM;
}

/* An end before its time: why, and how long it was attached. */
static void tell_end(const struct run *run)
{
	const struct watch *watch = &run->watch;
	__u64 asked_ns = run->options.timeout_ns;
	double seconds = (double)watch_lasted_ns(watch) / SECOND_NS;
	char of[32] = "";

	if (asked_ns)
		snprintf(of, sizeof(of), " of %.1f",
			 (double)asked_ns / SECOND_NS);
	if (watch->reader)
		note("the reader of the %s has gone: detached after %.1f%s s.",
		     watch->reader, seconds, of);
	else if (watch->why == END_OUTPUT_FAILED || watch->why == END_FAILED)
		note("detached after %.1f%s s.", seconds, of);
	else if (watch->why == END_SIGNAL && asked_ns)
		note("a signal came: detached after %.1f%s s.", seconds, of);
}

/* The last counters, and how many are missing; the first code that is not done. */
static int finish_counters(struct run *run, int code)
{
	struct display *display = &run->watch.display;
	int error = watch_show(&run->watch, true);

	if (!error) {
		output_drain(display->out, run->signal_fd);
		error = -display->out->error;
	}
	if (error == -EPIPE)
		return code;
	if (error && !code)
		code = fail(EXIT_SYSTEM, "cannot show the counters: %s.",
			    strerror(-error));
	if (error || !(display->lost + display->lost_final))
		return code;
	note("%llu lines of counters were lost: the reader did not take them%s.",
	     display->lost + display->lost_final,
	     display->lost_final ? ", and not the last ones either" : "");
	return code || !display->lost_final ? code : EXIT_SYSTEM;
}

/* Shows counters until it is over, then detaches and shows the last ones. */
static int foreground(struct run *run)
{
	struct watch *watch = &run->watch;
	int error, code, detached;

	error = privileges_drop(hook_is_clsact(run->attachments[0].hook));
	if (error)
		note("cannot give up privileges that are no longer needed: %s.",
		     strerror(-error));
	code = watch_run(watch, run->signal_fd);
	detached = stage_detach(run);
	watch_ended(watch);
	tell_end(run);
	if (capture_is_on(&run->capture))
		code = finish_capture(run, code);
	code = finish_counters(run, code);
	return detached ? detached : code;
}

static void prepare_display(struct run *run)
{
	const struct options *options = &run->options;
	bool piped = options->write && !strcmp(options->write, "-");
	struct display *display = &run->watch.display;

	*display = (struct display){
		.out = piped ? &standard_error : &standard_output,
		.json = options->json,
		.observe = options->observe,
		.capture = options->write,
	};
	if (!options->json && run->chosen.count < MANY_INTERFACES)
		terminal_open(&display->terminal, display->out);
}

static int open_capture(struct run *run)
{
	run->capture.attachments = run->attachments;
	run->capture.count = run->chosen.count;
	run->capture.observe = run->options.observe;
	run->capture.snaplen = run->options.snaplen;
	return run->options.write ?
		       capture_open(&run->capture, run->options.write,
				    run->options.force) :
		       EXIT_DONE;
}

static int begin_capture(struct run *run)
{
	char program[64];

	if (!capture_is_on(&run->capture))
		return EXIT_DONE;
	snprintf(program, sizeof(program), "%s %s", run->program->name,
		 BPF_DROP_VERSION);
	return capture_begin(&run->capture, stage_map(run, "captured"),
			     run->watch.counters_fd, program);
}

static int attach(struct run *run)
{
	int code = find_targets(run);

	if (!code)
		code = open_capture(run);
	if (code)
		return code;
	run->watch = (struct watch){
		.options = &run->options,
		.attachments = run->attachments,
		.count = run->chosen.count,
		.deadline_ns = UINT64_MAX,
		.capture = &run->capture,
		.slots = &run->slots,
		.links = &run->links,
		.last_prey = calloc(slots_counters(run->chosen.count),
				    sizeof(struct drop_tally)),
	};
	prepare_display(run);
	if (!run->watch.last_prey)
		return fail_memory("the counters");
	run->signal_fd = signals_catch(0);
	if (run->signal_fd < 0)
		return fail_at(AT_WAIT, -run->signal_fd, "signals", NULL);
	if (run->options.trace)
		run->mark = new_mark();
	code = stage_load(run);
	if (code)
		return code;
	run->watch.counters_fd = stage_map(run, "counters");
	run->watch.program_id = run->identity.id;
	run->watch.state = run->image.state;
	run->capture.unknown_link = run->slots.unknown_link;
	code = stage_attach(run);
	if (code)
		return code;
	code = begin_capture(run);
	if (code) {
		stage_detach(run);
		return code;
	}
	run->done = true;
	counters_widths(&run->watch.display, run->attachments,
			run->chosen.count);
	tell_attached(run);
	if (run->options.trace)
		tell_trace(run->mark);
	return run->options.pin ? EXIT_DONE : foreground(run);
}

/* Before they are read, lest one is missed. */
static int listen_to_changes(struct run *run)
{
	const struct options *options = &run->options;
	int error = 0;

	if (!options->list && !options->detach && !options->pin)
		error = netlink_open(&run->links, RTMGRP_LINK);
	return error ? fail_at(AT_NETLINK, -error, "netlink", NULL) : EXIT_DONE;
}

static int choose_and(struct run *run)
{
	const struct options *options = &run->options;
	int code = EXIT_DONE;

	if (options->list && !options->pattern_count)
		return list_attached(&run->all, options->json);
	if (!options->list && !options->detach)
		return attach(run);
	code = interfaces_choose(&run->all, options->patterns,
				 options->pattern_count, &run->chosen);
	if (code)
		return code;
	if (options->list)
		return list_attached(&run->chosen, options->json);
	return detach(run->program, options, &run->chosen);
}

int run(const struct program *program, int argc, char **argv)
{
	struct run run = {
		.program = program,
		.signal_fd = -1,
		.links.fd = -1,
		.capture.sink.fd = -1,
	};
	size_t i;
	int code;

	errors_init(program->name);
	code = options_parse(&run.options, program, argc, argv);
	if (code) {
		output_close(-1);
		return code;
	}
	verbosity = run.options.verbose;
	if (verbosity)
		errors_verbose();
	/* Who reads our output may go: that is an end, not a death. */
	signal(SIGPIPE, SIG_IGN);
	/* It asks for counters that there may not be yet. */
	signal(SIGUSR1, SIG_IGN);
	libbpf_set_print(print_libbpf);
	code = privileges_check(run.options.list || run.options.detach);
	if (!code)
		code = privileges_descriptors(0);
	if (!code)
		code = listen_to_changes(&run);
	if (!code)
		code = interfaces_read(&run.all);
	if (!code)
		code = choose_and(&run);

	for (i = 0; run.attachments && i < run.chosen.count; i++) {
		if (run.attachments[i].link_fd >= 0)
			close(run.attachments[i].link_fd);
	}
	if (run.image.skeleton)
		program->destroy(run.image.skeleton);
	output_close(run.signal_fd);
	if (run.signal_fd >= 0)
		close(run.signal_fd);
	capture_close(&run.capture, !run.done);
	free(run.watch.last_prey);
	free(run.attachments);
	slots_free(&run.slots);
	netlink_close(&run.links);
	owners_forget();
	inventory_free(&run.present);
	interfaces_free(&run.chosen);
	interfaces_free(&run.all);
	return code;
}
