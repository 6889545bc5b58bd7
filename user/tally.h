/* SPDX-License-Identifier: GPL-2.0-only */
/* Showing deaths: each, and how many were where. */
#ifndef TALLY_H
#define TALLY_H

#include <stdbool.h>

#include "deaths.h"

/* Those that are alike. */
struct tally_row {
	struct death first;
	__u64 packets, bytes;
};

struct tally {
	bool json;
	__u64 started_ns; /* CLOCK_MONOTONIC */
	struct tally_row *list;
	size_t count;
	__u64 packets;
	unsigned int lines; /* shown so far: the heading comes back */
};

/* Counts one; returns 0 or a negative errno. */
int tally_add(struct tally *tally, const struct death *death);

/* Writes one to standard output; returns 0 or a negative errno. */
int tally_show_one(struct tally *tally, const struct death *death);

/* Writes what was counted, most packets first; returns 0 or a negative errno. */
int tally_show(struct tally *tally, __u64 now_ns, __u64 lost);

#endif
