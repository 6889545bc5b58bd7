/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading the kernel side's counters and showing them. */
#ifndef COUNTERS_H
#define COUNTERS_H

#include <stdbool.h>

#include "drop_abi.h"
#include "hook.h"

/**
 * counters_read() - sum an interface's counters over all CPUs
 * @map_fd: the map "counters"
 * @slot: its index
 *
 * Return: 0 or a negative errno.
 */
int counters_read(int map_fd, __u32 slot, struct drop_counters *sum);

/* How to show them, and what the pace of a table needs to remember. */
struct display {
	bool json;
	bool observe; /* the table shows what would be dropped */
	unsigned int lines; /* shown so far: the heading comes back */
};

/* What one line shows. */
struct reading {
	const struct interface *interface;
	enum hook hook;
	double elapsed; /* seconds since attaching */
	double rate; /* prey packets a second since the last line */
	bool final; /* the last line of this interface */
	struct drop_counters sum;
};

/* The prey of both kinds: dropped, and seen while observing. */
struct drop_tally counters_prey(const struct drop_counters *sum);

/**
 * counters_show() - write one line to standard output
 *
 * Return: 0 or a negative errno; what is written may still sit in the buffer.
 */
int counters_show(struct display *display, const struct reading *reading);

#endif
