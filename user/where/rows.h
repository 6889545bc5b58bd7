/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Drops by where and why: what is alike is one row. A drop is told by an event, or
 * counted in the kernel; each row has the sum of both.
 */
#ifndef WHERE_ROWS_H
#define WHERE_ROWS_H

#include <linux/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "where_abi.h"
#include "lib/interfaces.h"
#include "where/hooks.h"
#include "where/reasons.h"
#include "where/symbols.h"

struct row {
	struct where_key key; /* first: rows are found by it */
	bool wanted; /* else its drops are not to be told */
	char interface[IFNAMSIZ]; /* "": not known */
	char netns[64]; /* its name or inode number, or "-" */
	enum drop_hook hook;
	char function[64];
	char reason[48]; /* "": this kernel has none */
	__u64 packets, bytes; /* since the sums were shown last */
	__u64 all; /* packets since the start */
	struct where_sum counted; /* in the kernel, at the last look */
	int capture; /* number of its interface in the capture; -1: none yet */
};

struct rows {
	bool all_netns;
	bool events; /* what is only counted is lost to a reader of events */
	char *const *patterns; /* interface names and globs; none: all */
	size_t pattern_count;
	struct interfaces chosen; /* those that were meant at the start */
	struct reasons *reasons;
	struct symbols symbols;
	int sums_fd, unwanted_fd; /* maps */
	volatile struct where_state *state;
	void *tree; /* of rows, by key */
	struct row **list; /* all rows, as they came */
	size_t count;
	__u64 packets; /* of all rows, since the sums were shown last */
	__u64 all; /* since the start */
	__u64 lost; /* of packets: those no event told of, if there are events */
};

/**
 * rows_find() - the row of a key; a new one if there is none
 *
 * The kernel side stops telling of drops that are not wanted.
 *
 * Return: NULL without memory.
 */
struct row *rows_find(struct rows *rows, const struct where_key *key);

/* An event told of one more. */
void rows_add(struct rows *rows, struct row *row, __u32 bytes);

/* Adds what the kernel has counted since the last look; 0 or a negative errno. */
int rows_update(struct rows *rows);

/* Begins from nought. */
void rows_restart(struct rows *rows);

void rows_free(struct rows *rows);

#endif
