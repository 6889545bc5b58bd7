// SPDX-License-Identifier: GPL-2.0-only
/* Telling where packets die, for a while. */
#include "where/where.h"

#include <errno.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/duration.h"
#include "lib/errors.h"
#include "lib/macros.h"
#include "lib/output.h"
#include "lib/privileges.h"
#include "lib/ring.h"
#include "lib/signals.h"
#include "lib/tracefs.h"
#include "where/deaths.h"
#include "where/tally.h"

/* After the first event, so long for more: waking up for each slows packets down. */
#define PAUSE_NS (SECOND_NS / 50)
/* If there is none: how often the summary is to be drawn, if not more. */
#define IDLE_NS (SECOND_NS / 5)
/*
 * While the reader has so much to read, what happens waits in the kernel's buffers.
 * What one look brings is kept, if it is not more than that.
 */
#define ENOUGH_PENDING (64 << 10)
#define MOST_PENDING (16 << 20)
/* After so many events at one look, the next one comes soon. */
#define FLOOD 5000
#define FLOOD_PAUSE_NS (SECOND_NS / 1000)

struct where {
	const struct where_options *options;
	struct tracefs tracefs;
	struct ring ring;
	struct deaths deaths;
	struct tally tally;
	int signals;
	__u64 began_ns;
	__u64 lost_before; /* events that were lost, and told */
	__u64 asked_ns; /* when it was looked whether there are more of them */
	bool loss_told;
	int error; /* of telling */
	bool live; /* a summary that is drawn over each second */
	__u64 drawn_ns; /* when it was */
};

/* From here on they wait, so that nothing is left behind. */
static int catch_signals(struct where *where)
{
	signal(SIGPIPE, SIG_IGN);
	where->signals = signals_catch(SIGQUIT);
	if (where->signals < 0)
		return fail(EXIT_SYSTEM, "cannot wait for signals: %s.",
			    strerror(-where->signals));
	return EXIT_DONE;
}

static void tell(const struct death *death, void *context)
{
	struct where *where = context;
	int error;

	if (where->error)
		return;
	error = tally_add(&where->tally, death);
	if (!error && !where->options->summary)
		error = tally_show_one(&where->tally, death);
	where->error = error;
}

/* Returns -1 to go on, or an exit code. */
static int output_failed(const struct where *where, int error)
{
	__u64 asked_ns = where->options->timeout_ns;
	__u64 took_ns = clock_ns(CLOCK_MONOTONIC) - where->began_ns;

	if (!error)
		return -1;
	/* Who asked for a time did not get it; without, this is how to end it. */
	if (error == -EPIPE && (!asked_ns || took_ns >= asked_ns))
		return EXIT_DONE;
	if (error == -EPIPE)
		return fail(EXIT_SYSTEM,
			    "the reader has gone: ended after %.1f of %.1f s.",
			    (double)took_ns / SECOND_NS,
			    (double)asked_ns / SECOND_NS);
	return fail(EXIT_SYSTEM,
		    "cannot show the deaths: %s. Is there space left?",
		    strerror(-error));
}

static __u64 lost(const struct where *where)
{
	return ring_lost(&where->ring) - where->lost_before;
}

/*
 * Who waits for a death that was lost may wait for ever: that some are is told at
 * once, and how many in the end.
 */
static void tell_loss(struct where *where, __u64 now)
{
	if (where->loss_told || where->live ||
	    now - where->asked_ns < SECOND_NS)
		return;
	where->asked_ns = now;
	where->loss_told = lost(where);
	if (where->loss_told)
		note("events are lost: there are too many. Some deaths may not be told.");
}

/* Tells what has died until @until_ns; returns -1 or an exit code. */
static int look(struct where *where, __u64 until_ns)
{
	int error;

	error = ring_read(&where->ring, until_ns, deaths_read, &where->deaths);
	if (error)
		return fail(EXIT_SYSTEM, "cannot read the tracing buffers: %s.",
			    strerror(-error));
	if (where->deaths.code)
		return where->deaths.code;
	if (!where->error && where->live &&
	    until_ns - where->drawn_ns >= SECOND_NS) {
		where->drawn_ns = until_ns;
		where->error =
			tally_redraw(&where->tally, until_ns, lost(where));
	}
	if (!where->error)
		where->error = output_flush(&standard_output);
	return output_failed(where, where->error);
}

/* The sums until now; returns -1 or an exit code. */
static int sum_up(struct where *where, __u64 now)
{
	__u64 missing = lost(where);
	int error = tally_show(&where->tally, now, missing);

	where->lost_before += missing;
	if (!error)
		error = output_flush(&standard_output);
	return output_failed(where, error);
}

/*
 * SIGUSR1: the sums so far, and on from nought: what was attached before is no
 * suspect any more. Who has read the sums may detach more. Returns -1 or an exit
 * code.
 */
static int start_anew(struct where *where, __u64 now)
{
	int error, code = look(where, now);

	if (code >= 0)
		return code;
	error = suspects_read_anew(&where->deaths.suspects, now);
	if (error)
		return error;
	code = sum_up(where, now);
	where->loss_told = false;
	tally_restart(&where->tally, now);
	return code;
}

/* The reader has enough to read as it is. */
static bool is_behind(void)
{
	return standard_output.pending > ENOUGH_PENDING;
}

/* How long to wait before the next look; @idle if nothing has been told of. */
static struct timespec pause_until(const struct where *where, bool idle,
				   __u64 now, __u64 end_ns)
{
	__u64 pause = idle || is_behind() ? IDLE_NS : PAUSE_NS;

	if (where->ring.batch.count > FLOOD && !is_behind())
		pause = FLOOD_PAUSE_NS;
	if (end_ns - now < pause)
		pause = end_ns - now;
	return (struct timespec){ .tv_nsec = (long)pause };
}

enum {
	ON_SIGNAL,
	ON_OUTPUT, /* the reader takes more */
	ON_RING,
	ON_COUNT,
};

/* What a wake-up means: -1 to go on, or an exit code. */
static int handle(struct where *where, bool anew, __u64 now, __u64 end_ns)
{
	if (anew && now < end_ns)
		return start_anew(where, now);
	if (is_behind())
		return output_failed(where, output_flush(&standard_output));
	return look(where, now < end_ns ? now : end_ns);
}

static int watch(struct where *where)
{
	__u64 end_ns = UINT64_MAX, now = where->tally.started_ns;
	struct pollfd polled[ON_COUNT] = {
		[ON_SIGNAL] = { .fd = where->signals, .events = POLLIN },
		[ON_OUTPUT] = { .events = POLLOUT },
		[ON_RING] = { .events = POLLIN },
	};
	bool idle = true, anew;
	int code = -1;

	if (where->options->timeout_ns)
		end_ns = now + where->options->timeout_ns;
	while (code < 0) {
		struct timespec pause = pause_until(where, idle, now, end_ns);

		polled[ON_OUTPUT].fd =
			standard_output.first ? standard_output.fd : -1;
		polled[ON_RING].fd = idle && !is_behind() ? where->ring.ready :
							    -1;
		polled[ON_SIGNAL].revents = 0;
		ppoll(polled, ON_COUNT, &pause, NULL);
		anew = polled[ON_SIGNAL].revents;
		if (anew && signals_take(where->signals) != SIGUSR1)
			break;
		now = clock_ns(CLOCK_MONOTONIC);
		if (idle && polled[ON_RING].revents && !anew && now < end_ns) {
			idle = false;
			continue;
		}
		code = handle(where, anew, now, end_ns);
		tell_loss(where, now);
		if (now >= end_ns)
			break;
		idle = !where->ring.rest.count;
	}
	return code;
}

/* All that died until now, and the sums. */
static int finish(struct where *where)
{
	__u64 now = clock_ns(CLOCK_MONOTONIC);
	int code;

	/* Else the reading might go on and on. */
	tracefs_write(&where->tracefs, "tracing_on", "0");
	where->live = false;
	signals_end(where->signals);
	code = look(where, UINT64_MAX);
	if (code < 0)
		code = sum_up(where, now);
	if (code < 0) {
		output_drain(&standard_output, where->signals);
		code = output_failed(where, -standard_output.error);
	}
	if (where->tally.lost + where->tally.lost_sums)
		note("%llu lines were lost: the reader did not take them%s.",
		     where->tally.lost + where->tally.lost_sums,
		     where->tally.lost_sums ? ", nor the sums" : "");
	if (code < 0)
		code = where->tally.lost_sums ? EXIT_SYSTEM : EXIT_DONE;
	return code;
}

static int set_up(struct where *where)
{
	int code;

	code = catch_signals(where);
	if (!code)
		code = suspects_check(&where->deaths.suspects);
	if (!code)
		code = tracefs_open(&where->tracefs);
	if (!code)
		code = ring_open(&where->ring, &where->tracefs);
	if (!code)
		code = deaths_open(&where->deaths, &where->tracefs,
				   &where->ring);
	if (code)
		return code;
	/*
	 * CAP_NET_ADMIN: to see what hangs at TCX. Tracing's files are root's;
	 * another user needed CAP_DAC_OVERRIDE and will to remove the instance.
	 */
	privileges_keep(1ULL << CAP_NET_ADMIN |
			(geteuid() ? 1ULL << CAP_DAC_OVERRIDE : 0));
	where->began_ns = clock_ns(CLOCK_MONOTONIC);
	where->tally.started_ns = where->began_ns;
	note("listening (Ctrl-C ends it).");
	return EXIT_DONE;
}

int where_run(const struct where_options *options)
{
	struct where where = {
		.options = options,
		.tracefs = { .root = -1, .instance = -1, .guard = -1 },
		.deaths = {
			.suspects = {
				.patterns = options->patterns,
				.pattern_count = options->pattern_count,
			},
			.tell = tell,
		},
		.tally = { .json = options->json },
		.signals = -1,
	};
	int code;

	where.deaths.context = &where;
	errors_init("drop-where");
	standard_output.most = MOST_PENDING;
	if (options->summary && !options->json)
		terminal_open(&where.tally.terminal, &standard_output);
	where.live = where.tally.terminal.out;
	code = set_up(&where);
	if (!code) {
		code = watch(&where);
		if (code < 0)
			code = finish(&where);
	}
	ring_close(&where.ring);
	deaths_close(&where.deaths);
	tracefs_close(&where.tracefs);
	output_close(where.signals);
	free(where.tally.list);
	if (where.signals >= 0)
		close(where.signals);
	return code;
}
