/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading the kernel side's counters and showing them. */
#ifndef COUNTERS_H
#define COUNTERS_H

#include <stdbool.h>
#include <stdio.h>

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

#define COUNTERS_COLUMNS 80 /* of a line; longer names make it longer */
#define COUNTERS_COLUMNS_CAPTURE 98

/* How to show them, and what the pace of a table needs to remember. */
struct display {
	FILE *out;
	bool json;
	bool observe; /* the table shows what would be dropped */
	bool capture; /* and what became of it */
	bool live; /* a terminal: rows are drawn over the last ones */
	unsigned int lines; /* shown so far: the heading comes back */
	unsigned int drawn; /* rows that the next ones are drawn over */
};

/* What one line shows. */
struct reading {
	const struct interface *interface; /* NULL: of one that is not known */
	enum hook hook; /* not of one that is not known */
	double elapsed; /* seconds since attaching */
	double packet_rate; /* prey a second since the last line */
	double byte_rate;
	__u64 captured; /* packets in the file of --write */
	__u64 lost; /* and those that should be */
	bool final; /* the last line of this interface */
	struct drop_counters sum;
};

/* Has no packet been counted? */
bool counters_are_none(const struct drop_counters *sum);

/* The prey of both kinds: dropped, and seen while observing. */
struct drop_tally counters_prey(const struct drop_counters *sum);

/* Draw over the rows of the last time, on a terminal. */
void counters_redraw(struct display *display);

/**
 * counters_show() - write one line
 *
 * Return: 0 or a negative errno; what is written may still sit in the buffer.
 */
int counters_show(struct display *display, const struct reading *reading);

#endif
