/* SPDX-License-Identifier: GPL-2.0-only */
/* Showing drops: each, and how many were where. */
#ifndef WHERE_STATS_H
#define WHERE_STATS_H

#include <stdbool.h>

#include "lib/terminal.h"
#include "where/rows.h"

struct stats {
	const struct rows *rows;
	struct output *out;
	__u64 started_ns; /* CLOCK_MONOTONIC: since when is counted */
	__u64 offset_ns; /* from CLOCK_MONOTONIC to the time since 1970 */
	unsigned int lines; /* below the last heading */
	int room; /* of the terminal, when the last heading was shown */
	__u64 lost; /* lines that the reader did not take */
	__u64 lost_sums; /* the same of the sums */
	struct terminal terminal; /* of the sums of last time */
};

/* Besides the rows, at the end of the sums. */
struct stats_total {
	__u64 now_ns; /* CLOCK_MONOTONIC */
	__u64 missed; /* of which nothing is known: not in packets */
	__u64 captured, capture_lost; /* since the start */
};

/* Shows one drop; returns 0 or a negative errno. */
int stats_show_one(struct stats *stats, const struct row *row,
		   const struct where_event *event);

/**
 * stats_show() - show what was counted, most packets first
 * @last: all of it, to stay; else, on a terminal, the most frequent over those of the
 *	last time
 *
 * Return: 0 or a negative errno.
 */
int stats_show(struct stats *stats, const struct stats_total *total, bool last);

/* Counts from @now_ns on. */
void stats_restart(struct stats *stats, __u64 now_ns);

#endif
