/* SPDX-License-Identifier: GPL-2.0-only */
/* Showing deaths: each, and how many were where. */
#ifndef TALLY_H
#define TALLY_H

#include <stdbool.h>

#include "lib/terminal.h"
#include "where/deaths.h"

/* Those that are alike. */
struct tally_row {
	struct death first;
	__u64 packets, bytes;
};

struct tally {
	bool json;
	__u64 started_ns; /* CLOCK_MONOTONIC: since when is counted */
	struct tally_row *list;
	size_t count;
	__u64 packets;
	unsigned int lines; /* shown so far: the heading comes back */
	__u64 lost; /* lines that the reader did not take */
	__u64 lost_sums; /* the same of the sums */
	struct terminal terminal; /* that tally_redraw() draws on */
};

/* Counts one; returns 0 or a negative errno. */
int tally_add(struct tally *tally, const struct death *death);

/* Shows one on standard output; returns 0 or a negative errno. */
int tally_show_one(struct tally *tally, const struct death *death);

/* Draws the most frequent over those of the last time; 0 or a negative errno. */
int tally_redraw(struct tally *tally, __u64 now_ns, __u64 lost);

/* Forgets what was counted, and counts from @now_ns on. */
void tally_restart(struct tally *tally, __u64 now_ns);

/* Shows what was counted, most packets first; returns 0 or a negative errno. */
int tally_show(struct tally *tally, __u64 now_ns, __u64 lost);

#endif
