// SPDX-License-Identifier: GPL-2.0-only
/* Stages two and five: what the foreground needs; the foreground, and its end. */
#include "loader/stages.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/duration.h"
#include "lib/errors.h"
#include "lib/output.h"
#include "lib/privileges.h"
#include "lib/signals.h"

static void prepare_display(struct run *run)
{
	const struct options *options = &run->options;
	struct display *display = &run->watch.display;

	*display = (struct display){
		.out = common_is_piped(&options->common) ? &standard_error :
							   &standard_output,
		.json = options->common.json,
		.observe = options->observe,
		.selects = selection_is_on(&options->select),
		.capture = options->common.write,
		.flows = run->capture.flows,
		.top = options->top,
	};
	display_name(display, run->program->name);
	if (!options->common.json && run->chosen.count < MANY_INTERFACES)
		terminal_open(&display->terminal, display->out);
}

static int open_capture(struct run *run)
{
	const struct options *options = &run->options;

	run->capture.attachments = run->attachments;
	run->capture.count = run->chosen.count;
	run->capture.room = run->room;
	run->capture.observe = options->observe;
	if (options->top)
		run->capture.flows = flows_new();
	if (options->top && !run->capture.flows)
		return fail_memory("the flows");
	return file_open(&run->capture.file, &options->common);
}

int stage_prepare(struct run *run)
{
	int code = open_capture(run);

	if (code)
		return code;
	run->watch.deadline_ns = UINT64_MAX;
	run->watch.last_matched =
		calloc(slots_counters(run->room), sizeof(struct drop_stats));
	prepare_display(run);
	if (!run->watch.last_matched)
		return fail_memory("the counters");
	run->signal_fd = signals_catch(0);
	if (run->signal_fd < 0)
		return fail_at(AT_WAIT, -run->signal_fd, "signals", NULL);
	return EXIT_DONE;
}

int stage_capture(struct run *run)
{
	const struct program_info *info = &image_on(run, NULL)->info;
	char program[64], detail[128], timeout[48] = "no time-out";
	int code;

	if (!run->image.config->snaplen)
		return EXIT_DONE;
	run->capture.unknown_type = run->slots.unknown_type;
	snprintf(program, sizeof(program), "%s %s", run->program->name,
		 BPF_DROP_VERSION);
	if (run->options.common.timeout_ns)
		snprintf(timeout, sizeof(timeout), "time-out %g s",
			 (double)run->options.common.timeout_ns / SECOND_NS);
	snprintf(detail, sizeof(detail), "%s, program id %u, tag %s, %s",
		 info->name, info->id, info->tag, timeout);
	code = capture_begin(&run->capture, stage_map(run, "captured"),
			     run->counters_fd, program, detail);
	if (code)
		stage_undo(run);
	return code;
}

/* An early end: why, and how long it was attached. */
static void tell_end(const struct run *run)
{
	const struct watch *watch = &run->watch;
	__u64 asked_ns = run->options.common.timeout_ns;
	double seconds = (double)watch_lasted_ns(run) / SECOND_NS;
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

/* The last counters, and how many are missing; the first code that is not EXIT_DONE. */
static int finish_counters(struct run *run, int code)
{
	struct display *display = &run->watch.display;
	int error = watch_show(run, true);

	if (!error)
		error = total_show(run);
	if (!error) {
		output_drain(display->out, run->signal_fd);
		error = -display->out->sink.error;
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
	     display->lost_final ? ", and the last ones, too" : "");
	return code || !display->lost_final ? code : EXIT_SYSTEM;
}

/* Shows counters until it is over, then detaches and shows the last ones. */
int stage_foreground(struct run *run)
{
	int error = 0, code, detached, captured = EXIT_DONE;

	/* To attach, and to look for SSH sessions, takes all of them. */
	if (!run->options.follow)
		error = privileges_drop(
			hook_is_clsact(run->attachments[0].hook));
	if (error)
		note("cannot give up privileges that are no longer needed: %s.",
		     strerror(-error));
	code = watch_run(run);
	detached = stage_detach(run);
	watch_ended(run);
	watch_event(run, "ended", NULL, true);
	tell_end(run);
	if (capture_is_on(&run->capture))
		captured = capture_finish(&run->capture, run->signal_fd);
	code = finish_counters(run, code ? code : captured);
	return detached ? detached : code;
}
