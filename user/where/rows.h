/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Drops by where and why: one row for all that are alike. A drop has an event, or is
 * counted in the kernel; each row has the sum of both.
 */
#ifndef WHERE_ROWS_H
#define WHERE_ROWS_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "where_abi.h"
#include "lib/interfaces.h"
#include "where/hooks.h"
#include "where/names.h"
#include "where/tracing.h"
#include "where/where.h"

struct row {
	struct where_key key; /* first: rows are found by it */
	bool wanted; /* else its drops are not to be reported */
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
	const struct where_options *options;
	bool events; /* what is only counted is lost to a reader of events */
	struct interfaces chosen; /* those that were meant at the start */
	struct names names;
	const struct tracing *tracing;
	void *tree; /* of all rows, by key */
	struct row **list; /* those that are wanted, in any order */
	size_t count;
	__u64 packets; /* of all rows, since the sums were shown last */
	__u64 all; /* since the start */
	__u64 lost; /* of packets: those no event told of, if there are events */
};

/**
 * rows_find() - the row of a key; a new one if there is none
 *
 * The kernel side stops reporting drops that are not wanted.
 *
 * Return: NULL without memory.
 */
struct row *rows_find(struct rows *rows, const struct where_key *key);

/* So many more. */
void rows_add(struct rows *rows, struct row *row, __u64 packets, __u64 bytes);

/* Adds what the kernel has counted since the last look; 0 or a negative errno. */
int rows_update(struct rows *rows);

/* Begins from zero. */
void rows_restart(struct rows *rows);

void rows_free(struct rows *rows);

#endif
