// SPDX-License-Identifier: GPL-2.0-only
/* Reading and showing the counters: a line for each interface, and the sums over them. */
#include "loader/stages.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/duration.h"
#include "lib/errors.h"

/* Interfaces that ended before the others, by name; the rest is counted. */
#define ENDED_SHOWN 3

/* All but the counters. @at: NULL: of none of them; @ended: why, and after how long, too. */
static struct reading reading_of(const struct run *run,
				 const struct attachment *at, bool ended)
{
	const __u64 started_ns = run->watch.started_ns;
	struct reading reading = {
		.program_id = image_on(run, at)->info.id,
		.elapsed = (double)(clock_ns(CLOCK_MONOTONIC) - started_ns) /
			   SECOND_NS,
	};

	if (at) {
		reading.interface = &at->interface;
		reading.hook = at->hook;
	}
	if (ended) {
		reading.why = at ? at->why : run->watch.why;
		reading.attached_ms = (at ? at->ended_ns - at->began_ns :
					    watch_lasted_ns(run)) /
				      1000000;
	}
	return reading;
}

void watch_event(struct run *run, const char *event,
		 const struct attachment *at, bool ended)
{
	struct reading reading = reading_of(run, at, ended);

	if (!run->watch.display.json || run->watch.mute)
		return;
	reading.event = event;
	if (at && at->elsewhere)
		reading.new_index = at->index;
	/* If the reader has gone, the loop finds that out. */
	display_show(&run->watch.display, &reading);
}

/* @i behind all room for attachments: an interface that is not known. */
static int read_one(struct run *run, size_t i, double seconds, bool final,
		    struct reading *reading)
{
	struct drop_stats matched, *last = &run->watch.last_matched[i];
	int error;

	*reading = reading_of(run, i < run->room ? &run->attachments[i] : NULL,
			      final);
	error = counters_read(run->counters_fd, i, &reading->sum);
	if (error)
		return error;
	reading->final = final;
	matched = counters_matched(&reading->sum);
	if (seconds > 0) {
		reading->packet_rate =
			(matched.packets - last->packets) / seconds;
		reading->byte_rate = (matched.bytes - last->bytes) / seconds;
	}
	*last = matched;
	if (run->watch.display.capture)
		reading->counts =
			capture_count(&run->capture, i, &reading->sum);
	return 0;
}

static void add_reading(struct reading *total, const struct reading *reading)
{
	int kind;

	for (kind = 0; kind < STAT_COUNT; kind++) {
		total->sum.stats[kind].packets +=
			reading->sum.stats[kind].packets;
		total->sum.stats[kind].bytes += reading->sum.stats[kind].bytes;
	}
	total->packet_rate += reading->packet_rate;
	total->byte_rate += reading->byte_rate;
	total->counts.captured += reading->counts.captured;
	total->counts.lost += reading->counts.lost;
	total->counts.waiting += reading->counts.waiting;
}

bool watch_has_unknown(const struct run *run)
{
	struct drop_counters sum;

	return slots_are_many(run->room) &&
	       !counters_read(run->counters_fd, run->room, &sum) &&
	       counters_packets(&sum);
}

/* Is there a row of it? Of what is not attached any more, only in the end. */
static bool has_row(const struct run *run, size_t i, bool final)
{
	return final || i == run->room || run->attachments[i].attached;
}

/* One row, if it has one, and it is part of the sum; shows nothing if it is mute. */
static int show_one(struct run *run, size_t i, double seconds, bool final)
{
	struct reading reading;
	int error = read_one(run, i, seconds, final, &reading);

	if (error)
		return error;
	add_reading(&run->watch.total, &reading);
	if (run->watch.mute || !has_row(run, i, final))
		return 0;
	return display_show(&run->watch.display, &reading);
}

/* All rows, and their sum below if there are many. */
static int show_rows(struct run *run, bool unknown, double seconds, bool final)
{
	struct reading *total = &run->watch.total;
	int error = 0;
	size_t i;

	*total = reading_of(run, NULL, final);
	total->total = true;
	total->interfaces = run->chosen.count;
	total->final = final;
	for (i = 0; i < run->chosen.count && !error; i++)
		error = show_one(run, i, seconds, final);
	if (unknown && !error)
		error = show_one(run, run->room, seconds, final);
	if (!error && !run->watch.mute && !run->watch.display.json &&
	    run->chosen.count > 1)
		error = display_show(&run->watch.display, total);
	return error;
}

int watch_show(struct run *run, bool final)
{
	const __u64 now = clock_ns(CLOCK_MONOTONIC);
	struct watch *watch = &run->watch;
	double seconds = (double)(now - watch->last_ns) / SECOND_NS;
	bool unknown = watch_has_unknown(run);
	size_t i, rows = unknown + (run->chosen.count > 1);
	int error = 0;

	for (i = 0; i < run->chosen.count; i++)
		rows += has_row(run, i, final);
	watch->display.left = 0;
	if (!final && watch->deadline_ns != UINT64_MAX)
		watch->display.left =
			(double)(__s64)(watch->deadline_ns - now) / SECOND_NS;
	if (!watch->mute)
		error = display_begin(&watch->display, rows, final);
	if (!error)
		error = show_rows(run, unknown, seconds, final);
	watch->last_ns = now;
	if (!error && !watch->mute)
		error = display_end(&watch->display, &watch->total);
	watch->mute |= !!error;
	return error;
}

/* "; veth0: interface gone at 3.0 s", and so on. */
static void put_ended(const struct run *run, FILE *to)
{
	size_t i, count = 0;

	for (i = 0; i < run->chosen.count; i++) {
		const struct attachment *at = &run->attachments[i];

		if (at->why != END_INTERFACE_GONE && at->why != END_TAKEN_OFF)
			continue;
		if (count++ < ENDED_SHOWN)
			fprintf(to, "; %s: %s at %.1f s", at->interface.name,
				end_name(at->why),
				(double)(at->ended_ns - run->watch.started_ns) /
					SECOND_NS);
	}
	if (count > ENDED_SHOWN)
		fprintf(to, "; %zu more ended before", count - ENDED_SHOWN);
}

static void tell(const struct run *run, const struct reading *total)
{
	size_t length, count = run->chosen.count;
	char *text = NULL;
	FILE *to = open_memstream(&text, &length);

	if (!to)
		return;
	put_matched(to, &total->sum, run->options.observe);
	if (run->watch.display.selects)
		fprintf(to, ", spared %llu",
			total->sum.stats[STAT_SPARED].packets);
	fprintf(to, " on %zu interface%s in %.1f s", count,
		count == 1 ? "" : "s", total->elapsed);
	if (run->watch.display.capture)
		fprintf(to, ", captured %llu, lost %llu",
			total->counts.captured, total->counts.lost);
	put_ended(run, to);
	if (fclose(to))
		return;
	note("%s.", text);
	free(text);
}

int total_show(struct run *run)
{
	struct reading *total = &run->watch.total;
	int error = 0;

	total->elapsed = (double)watch_lasted_ns(run) / SECOND_NS;
	if (!run->watch.display.json)
		tell(run, total);
	else if (!run->watch.mute)
		error = display_show(&run->watch.display, total);
	return error ? error : output_flush(run->watch.display.out);
}
