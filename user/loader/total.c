// SPDX-License-Identifier: GPL-2.0-only
/* The end of a run: one line with the sums over all interfaces. */
#include "loader/stages.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/duration.h"
#include "lib/errors.h"

/* Interfaces that ended before the others, by name; the rest is counted. */
#define ENDED_SHOWN 3

static int read_sums(const struct run *run, struct reading *total)
{
	struct drop_counters sum;
	struct capture_counts counts;
	int kind, error;
	size_t i;

	for (i = 0; i < slots_counters(run->room); i++) {
		error = counters_read(run->counters_fd, i, &sum);
		if (error)
			return error;
		for (kind = 0; kind < STAT_COUNT; kind++) {
			total->sum.stats[kind].packets +=
				sum.stats[kind].packets;
			total->sum.stats[kind].bytes += sum.stats[kind].bytes;
		}
		if (!run->watch.display.capture)
			continue;
		counts = capture_count(&run->capture, i, &sum);
		total->counts.captured += counts.captured;
		total->counts.lost += counts.lost;
		total->counts.waiting += counts.waiting;
	}
	return 0;
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
	struct drop_stats matched = counters_matched(&total->sum);
	char bytes[AMOUNT_SIZE], *text = NULL;
	size_t length;
	FILE *to = open_memstream(&text, &length);

	if (!to)
		return;
	if (run->watch.display.capture)
		fprintf(to, ", captured %llu, lost %llu",
			total->counts.captured, total->counts.lost);
	put_ended(run, to);
	if (fclose(to))
		return;
	amount_text(bytes, matched.bytes, " ");
	note("%s %llu packet%s (%sB) on %zu interface%s in %.1f s%s.",
	     run->options.observe ? "observed" : "dropped", matched.packets,
	     matched.packets == 1 ? "" : "s", bytes, run->chosen.count,
	     run->chosen.count == 1 ? "" : "s", total->elapsed, text);
	free(text);
}

int total_show(struct run *run)
{
	__u64 lasted_ns = watch_lasted_ns(run);
	struct reading total = {
		.program_id = run->info.id,
		.total = true,
		.interfaces = run->chosen.count,
		.elapsed = (double)lasted_ns / SECOND_NS,
		.final = true,
		.why = run->watch.why,
		.attached_ms = lasted_ns / 1000000,
	};
	int error = read_sums(run, &total);

	if (error)
		return error;
	if (!run->watch.display.json)
		tell(run, &total);
	else if (!run->watch.mute)
		error = display_show(&run->watch.display, &total);
	return error ? error : output_flush(run->watch.display.out);
}
