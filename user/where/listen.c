// SPDX-License-Identifier: GPL-2.0-only
/* From drop events to lines, sums and a file, until it ends. */
#include "where/listen.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "lib/duration.h"
#include "lib/errors.h"
#include "lib/output.h"
#include "lib/signals.h"

/* After the first event, so long for more: waking up for each slows packets down. */
#define PAUSE_NS (SECOND_NS / 200)
/* After a look that brought as many as one may, the next one comes at once. */
#define MOST_EVENTS 4096
/* Without events, it looks that often. */
#define IDLE_NS (SECOND_NS / 5)
/* While the reader has this much to read, events wait in the kernel's ring. */
#define ENOUGH_PENDING (64 << 10)

/* Returns -1 to go on, or an exit code. */
static int output_failed(const struct where *where, int error)
{
	__u64 asked_ns = where->options.common.timeout_ns;
	__u64 took_ns = clock_ns(CLOCK_MONOTONIC) - where->began_ns;

	if (!error)
		return -1;
	/* With --timeout it ended early; without, this is a way to end it. */
	if (error == -EPIPE && (!asked_ns || took_ns >= asked_ns))
		return EXIT_DONE;
	if (error == -EPIPE)
		return fail(EXIT_SYSTEM,
			    "the reader has gone: ended after %.1f of %.1f s.",
			    (double)took_ns / SECOND_NS,
			    (double)asked_ns / SECOND_NS);
	return fail(EXIT_SYSTEM,
		    "cannot show the drops: %s. Is there space left?",
		    strerror(-error));
}

/* The reader has enough to read already. */
static bool is_behind(const struct where *where)
{
	return sink_pending(&where->stats.out->sink) > ENOUGH_PENDING ||
	       !file_has_room(&where->file);
}

/* Called for each event, which is taken whatever this returns. */
int listen_take(void *context, void *data, size_t size)
{
	const struct where_event *event = data;
	struct where *where = context;
	struct row *row;

	if (size < sizeof(*event) || size - sizeof(*event) < event->captured)
		return 0;
	row = rows_find(&where->rows, &event->key);
	if (!row)
		where->error = -ENOMEM;
	if (row && row->wanted) {
		rows_add(&where->rows, row, 1, event->length);
		if (where->lines && !where->error)
			where->error =
				stats_show_one(&where->stats, row, event);
		if (file_is_open(&where->file) && !where->error)
			where->error = write_packet(&where->file, &where->rows,
						    row, event);
	}
	if (event->time_ns <= where->take_until_ns)
		return file_has_room(&where->file) ? 0 : -ENOBUFS;
	return ++where->events >= MOST_EVENTS || is_behind(where) ? -ENOBUFS :
								    0;
}

/* All that can be written without waiting; -1 or an exit code. */
static int flush(struct where *where)
{
	int error = file_flush(&where->file);

	if (error && common_is_piped(&where->options.common))
		return output_failed(where, error);
	if (error)
		note("%s: cannot be written any more: %s. Packets that follow are not captured.",
		     where->file.sink.path, strerror(-error));
	if (!where->error)
		where->error = output_flush(where->stats.out);
	return output_failed(where, where->error);
}

/* Takes events, as far as there is room for them. */
static void take_events(struct where *where)
{
	where->events = 0;
	where->stats.offset_ns = clock_offset_ns();
	where->file.offset_ns = where->stats.offset_ns;
	if (where->ring && !is_behind(where))
		ring_buffer__consume(where->ring);
}

static struct stats_total total(const struct where *where, __u64 now)
{
	return (struct stats_total){
		.now_ns = now,
		.missed =
			tracing_missed(&where->tracing) - where->missed_before,
		.captured = where->file.captured,
		.capture_lost = where->rows.all - where->file.captured,
	};
}

/* Once a second: what the kernel counted; it is drawn, and losses are told. */
static void look_at_sums(struct where *where, __u64 now)
{
	struct stats_total sums;

	if (where->error || now - where->looked_ns < SECOND_NS)
		return;
	where->looked_ns = now;
	where->error = rows_update(&where->rows);
	if (where->stats.terminal.out && !where->error) {
		sums = total(where, now);
		where->error = stats_show(&where->stats, &sums, false);
	} else if (where->rows.lost && !where->loss_told) {
		where->loss_told = true;
		note("too many events: all drops are counted, but not all are shown.");
	}
}

/* Tells what there is; returns -1 or an exit code. */
static int look(struct where *where, __u64 now)
{
	take_events(where);
	look_at_sums(where, now);
	return flush(where);
}

/* The sums until now; returns -1 or an exit code. */
static int sum_up(struct where *where, __u64 now)
{
	struct stats_total sums = total(where, now);

	where->missed_before += sums.missed;
	if (sums.missed)
		note("up to %llu more drops, in any namespace, were missed meanwhile.",
		     sums.missed);
	if (!where->error)
		where->error = stats_show(&where->stats, &sums, true);
	return flush(where);
}

/* SIGUSR1: the sums so far, and again from zero. Returns -1 or an exit code. */
static int start_anew(struct where *where, __u64 now)
{
	int code;

	if (!where->error)
		where->error = rows_update(&where->rows);
	where->take_until_ns = now;
	take_events(where);
	code = sum_up(where, now);
	where->loss_told = false;
	rows_restart(&where->rows);
	stats_restart(&where->stats, now);
	return code;
}

/* How long to wait for more, at most; @idle: for anything at all. */
static struct timespec pause_for(const struct where *where, bool idle,
				 __u64 left_ns)
{
	__u64 pause_ns = PAUSE_NS;

	if (idle)
		pause_ns = IDLE_NS;
	else if (where->events >= MOST_EVENTS)
		pause_ns = 0;
	return (struct timespec){
		.tv_nsec = (long)(left_ns < pause_ns ? left_ns : pause_ns),
	};
}

enum {
	ON_SIGNAL,
	ON_RING,
	ON_FILE, /* the reader of a pipe takes more, or it has gone */
	ON_OUTPUT, /* the reader takes more */
	ON_COUNT,
};

int listen_watch(struct where *where)
{
	const struct output *out = where->stats.out;
	struct sink *sink = &where->file.sink;
	__u64 end_ns = UINT64_MAX, now = where->began_ns;
	bool idle = true;
	int code = -1;

	if (where->options.common.timeout_ns)
		end_ns = now + where->options.common.timeout_ns;
	while (code < 0 && now < end_ns) {
		bool behind = is_behind(where);
		bool is_pipe = !sink->regular && !where->file.discard;
		struct pollfd polled[ON_COUNT] = {
			[ON_SIGNAL] = { where->signals, POLLIN },
			[ON_RING] = { idle && !behind ? where->ring_fd : -1,
				      POLLIN },
			[ON_FILE] = { is_pipe ? sink->fd : -1,
				      sink_pending(sink) ? POLLOUT : 0 },
			[ON_OUTPUT] = { sink_pending(&out->sink) ?
						out->sink.fd :
						-1,
					POLLOUT },
		};
		struct timespec pause =
			pause_for(where, idle || behind, end_ns - now);

		ppoll(polled, ON_COUNT, &pause, NULL);
		now = clock_ns(CLOCK_MONOTONIC);
		/* Nobody reads the packets any more. */
		if (polled[ON_FILE].revents & (POLLERR | POLLHUP) &&
		    !sink_pending(sink))
			sink->error = EPIPE;
		if (polled[ON_SIGNAL].revents) {
			if (signals_take(where->signals) != SIGUSR1)
				break;
			code = start_anew(where, now);
		} else if (polled[ON_RING].revents) {
			idle = false; /* and wait for more */
			continue;
		} else {
			code = look(where, now);
		}
		idle = !where->events;
	}
	return code;
}

/* All events that are left, also where packets wait for a slow reader. */
static void take_rest(struct where *where)
{
	where->take_until_ns = UINT64_MAX;
	while (where->ring && ring_buffer__consume(where->ring) == -ENOBUFS)
		file_flush_all(&where->file, where->signals);
}

/* All that was dropped until now, and the sums. */
int listen_finish(struct where *where)
{
	const struct stats *stats = &where->stats;
	__u64 now = clock_ns(CLOCK_MONOTONIC);
	int code, file = EXIT_DONE;

	tracing_end(&where->tracing);
	signals_end(where->signals);
	take_rest(where);
	if (!where->error)
		where->error = rows_update(&where->rows);
	if (file_is_open(&where->file))
		file = write_finish(&where->file, &where->rows, where->signals);
	code = sum_up(where, now);
	if (code < 0) {
		output_drain(stats->out, where->signals);
		code = output_failed(where, -stats->out->sink.error);
	}
	if (stats->lost + stats->lost_sums)
		note("%llu lines were lost: the reader did not take them%s.",
		     stats->lost + stats->lost_sums,
		     stats->lost_sums ? ", nor the sums" : "");
	if (code < 0)
		code = stats->lost_sums ? EXIT_SYSTEM : file;
	return code;
}
