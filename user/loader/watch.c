// SPDX-License-Identifier: GPL-2.0-only
/* The foreground: counters, the lease of clsact filters, signals, time-out. */
#include "loader/stages.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "attach/tc.h"
#include "lib/duration.h"
#include "lib/errors.h"
#include "lib/signals.h"

/* The output whose reader has gone. */
#define OF_COUNTERS "counters"
#define OF_CAPTURE "capture"

void watch_renew(struct run *run, bool leased)
{
	__u64 lease_ns = clock_ns(CLOCK_MONOTONIC) + TC_HOOK_LEASE_NS;

	run->image.state->deadline_ns =
		leased && lease_ns < run->watch.deadline_ns ?
			lease_ns :
			run->watch.deadline_ns;
}

__u64 watch_lasted_ns(const struct run *run)
{
	__u64 last_ns = run->watch.started_ns;
	size_t i;

	for (i = 0; i < run->chosen.count; i++) {
		if (run->attachments[i].ended_ns > last_ns)
			last_ns = run->attachments[i].ended_ns;
	}
	return last_ns - run->watch.started_ns;
}

/* Says so once. */
static void check_unknown(struct run *run)
{
	if (run->watch.unknown_told || !watch_has_unknown(run))
		return;
	run->watch.unknown_told = true;
	note("packets of an unknown interface: parsed as %s, counted as (unknown).",
	     run->slots.unknown_type == TYPE_IP ? "IP" : "Ethernet");
}

enum {
	ON_SIGNAL,
	ON_RING, /* it fills up */
	ON_READER, /* of our capture: it takes more, or it has gone */
	ON_LINKS, /* interfaces change */
	ON_OUTPUT, /* standard output takes more, or its reader has gone */
	ON_ERROR_OUTPUT, /* the same of standard error */
	ON_COUNT,
};

/* Periodic tasks. */
enum {
	EACH_INTERVAL, /* show counters */
	EACH_RENEWAL, /* renew the lease, see that all are attached */
	EACH_SECOND, /* see that packets get to the program */
	EACH_PERIOD, /* look into the ring, even if it has not woken us up */
	EACH_COUNT,
};

struct loop {
	struct pollfd polled[ON_COUNT];
	__u64 every_ns[EACH_COUNT]; /* 0: never */
	__u64 due_ns[EACH_COUNT]; /* CLOCK_MONOTONIC; so is the next one */
	__u64 now_ns;
};

/* Is it due? Missed turns are not made up for. */
static bool is_due(struct loop *loop, int what)
{
	__u64 every_ns = loop->every_ns[what];

	if (!every_ns || loop->now_ns < loop->due_ns[what])
		return false;
	loop->due_ns[what] += every_ns;
	if (loop->due_ns[what] <= loop->now_ns)
		loop->due_ns[what] = loop->now_ns + every_ns;
	return true;
}

static int end(struct run *run, enum exit_code code, enum end why)
{
	run->watch.why = why;
	return code;
}

/* Before the time of --timeout it is an error; else it is a way to end the run. */
static int reader_gone(struct run *run, const char *reader)
{
	run->watch.reader = reader;
	return end(run,
		   run->options.common.timeout_ns ? EXIT_SYSTEM : EXIT_DONE,
		   END_READER_GONE);
}

/* The wake-ups of a capture; -1 to go on, else the exit code to end with. */
static int handle_capture(struct run *run, struct pollfd *polled)
{
	struct capture *capture = &run->capture;
	const struct sink *sink = &capture->file.sink;
	bool blocked;
	int error;

	if (!capture_is_on(capture))
		return -1;
	if (polled[ON_READER].revents & (POLLERR | POLLHUP))
		return reader_gone(run, OF_CAPTURE);
	error = capture_step(capture);
	if (error == -EPIPE)
		return reader_gone(run, OF_CAPTURE);
	if (error)
		note("%s: cannot be written any more: %s. Dropping goes on without capturing.",
		     sink->path, strerror(-error));
	blocked = capture_is_blocked(capture);
	/* A full ring would wake us up again and again. */
	polled[ON_RING].fd = blocked ? -1 : capture_fd(capture);
	polled[ON_READER].fd = sink->regular ? -1 : sink->fd;
	polled[ON_READER].events = blocked ? POLLOUT : 0;
	return -1;
}

/* What was shown, or could not be; -1 to go on, else the exit code to end with. */
static int handle_shown(struct run *run, int error)
{
	if (!error)
		return -1;
	if (error == -EPIPE)
		return reader_gone(run, OF_COUNTERS);
	return end(run,
		   fail(EXIT_SYSTEM, "cannot show the counters: %s.",
			strerror(-error)),
		   END_OUTPUT_FAILED);
}

/* SIGUSR1: the counters now; else the end. -1 to go on, or the exit code. */
static int handle_signal(struct run *run)
{
	if (signals_take(run->signal_fd) == SIGUSR1)
		return handle_shown(run, watch_show(run, false));
	return end(run, EXIT_DONE, END_SIGNAL);
}

/* What a wake-up means: -1 to go on, else the exit code to end with. */
static int handle(struct run *run, struct loop *loop)
{
	bool leased = hook_is_clsact(run->attachments[0].hook);
	struct pollfd *polled = loop->polled;
	int error, code = -1;

	if (polled[ON_SIGNAL].revents)
		code = handle_signal(run);
	if (code >= 0)
		return code;
	if (polled[ON_LINKS].revents)
		changes_hear(run);
	if (is_due(loop, EACH_RENEWAL)) {
		if (leased)
			watch_renew(run, true);
		check_unknown(run);
		if (!changes_check(run) && !run->options.follow)
			return fail(EXIT_SYSTEM,
				    "nothing is attached any more: ending.");
	}
	if (is_due(loop, EACH_SECOND))
		unseen_look(run);
	follow_newcomers(run);
	changes_write(run);
	if (loop->now_ns >= run->watch.deadline_ns) {
		note("time-out: everything passes from now on.");
		watch_event(run, "time-out", NULL, false);
		return end(run, EXIT_DONE, END_TIMEOUT);
	}
	error = is_due(loop, EACH_INTERVAL) ?
			watch_show(run, false) :
			output_flush(run->watch.display.out);
	code = handle_shown(run, error);
	if (code >= 0)
		return code;
	output_flush(&standard_error);
	is_due(loop, EACH_PERIOD);
	return handle_capture(run, polled);
}

/* Waits for readers only while there is something for them. */
static void await_reader(struct pollfd *polled, const struct output *out)
{
	*polled = (struct pollfd){
		.fd = sink_pending(&out->sink) ? out->sink.fd : -1,
		.events = POLLOUT,
	};
}

/* Until something happens or is due, or the time is over: 0 or a negative errno. */
static int wait_for_events(const struct run *run, struct loop *loop)
{
	__u64 ns = run->watch.deadline_ns;
	struct timespec pause;
	int i, error = 0;

	for (i = 0; i < EACH_COUNT; i++) {
		if (loop->every_ns[i] && loop->due_ns[i] < ns)
			ns = loop->due_ns[i];
	}
	ns = ns > loop->now_ns ? ns - loop->now_ns : 0;
	pause.tv_sec = ns / SECOND_NS;
	pause.tv_nsec = ns % SECOND_NS;
	await_reader(&loop->polled[ON_OUTPUT], &standard_output);
	await_reader(&loop->polled[ON_ERROR_OUTPUT], &standard_error);
	if (ppoll(loop->polled, ON_COUNT, &pause, NULL) < 0)
		error = -errno;
	loop->now_ns = clock_ns(CLOCK_MONOTONIC);
	return error;
}

void watch_ended(struct run *run)
{
	size_t i;

	for (i = 0; i < run->chosen.count; i++) {
		struct attachment *at = &run->attachments[i];

		if (at->why)
			continue;
		at->why = run->watch.why;
		at->ended_ns = clock_ns(CLOCK_MONOTONIC);
	}
}

/*
 * What was detached since the last look was so before the end: an error, but for an
 * interface that is gone and would be attached again.
 */
static int look_back(struct run *run, int code)
{
	size_t i;

	changes_check_all(run);
	for (i = 0; i < run->chosen.count && !code; i++) {
		enum end why = run->attachments[i].why;

		if (why && !(run->options.follow && why == END_INTERFACE_GONE))
			code = EXIT_SYSTEM;
	}
	return code;
}

int watch_run(struct run *run)
{
	struct loop loop = {
		.polled = {
			[ON_SIGNAL] = { .fd = run->signal_fd, .events = POLLIN },
			[ON_RING] = { .fd = -1, .events = POLLIN },
			[ON_READER] = { .fd = -1 },
			[ON_LINKS] = { .fd = run->links.fd, .events = POLLIN },
		},
		.every_ns = {
			[EACH_INTERVAL] = run->options.interval_ns,
			[EACH_RENEWAL] = TC_HOOK_RENEW_NS,
			[EACH_SECOND] = SECOND_NS,
		},
		.now_ns = clock_ns(CLOCK_MONOTONIC),
	};
	int i, error, code = -1;

	if (capture_is_on(&run->capture))
		loop.every_ns[EACH_PERIOD] = CAPTURE_PERIOD_NS;
	for (i = 0; i < EACH_COUNT; i++)
		loop.due_ns[i] = loop.now_ns + loop.every_ns[i];
	run->watch.why = END_FAILED;
	changes_hear_filters(run);
	unseen_look(run);
	while (code < 0) {
		error = wait_for_events(run, &loop);
		if (!error)
			code = handle(run, &loop);
		else if (error != -EINTR)
			code = fail_at(AT_WAIT, -error, "poll", NULL);
	}
	signals_end(run->signal_fd);
	return look_back(run, code);
}
