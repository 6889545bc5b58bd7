// SPDX-License-Identifier: GPL-2.0-only
/* Drops by where and why: one row for all that are alike. */
#include <net/if.h> /* before linux/if.h, not after it */

#include "where/rows.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fnmatch.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_key(const void *left, const void *right)
{
	return memcmp(left, right, sizeof(struct where_key));
}

static bool is_chosen(const struct rows *rows, const struct row *row)
{
	const struct common_options *options = &rows->options->common;
	size_t i;

	if (!options->pattern_count)
		return true;
	if (!*row->interface)
		return false;
	if (interfaces_find(&rows->chosen, (int)row->key.ifindex))
		return true;
	for (i = 0; i < options->pattern_count; i++) {
		if (!fnmatch(options->patterns[i], row->interface, 0))
			return true;
	}
	return false;
}

static void describe(struct rows *rows, struct row *row)
{
	const struct where_key *key = &row->key;

	snprintf(row->interface, sizeof(row->interface), "%.*s",
		 (int)sizeof(key->name) - 1, key->name);
	/* A number is unique only in its namespace. */
	if (!*row->interface && key->ifindex && !rows->options->all_netns)
		if_indextoname(key->ifindex, row->interface);
	if (rows->options->all_netns)
		names_netns(key->netns, row->netns, sizeof(row->netns));
	names_function(&rows->names, key->location, row->function,
		       sizeof(row->function));
	names_reason(&rows->names, key->reason, row->reason,
		     sizeof(row->reason));
	row->hook = drop_hook(row->function, row->reason, key->flags);
	row->wanted = is_chosen(rows, row) && row->hook != NOT_DROPPED;
	row->capture = -1;
}

/* The kernel side need not report these. If its map is full, it does, and we ignore it. */
static void refuse(struct rows *rows, const struct row *row)
{
	__u8 yes = 1;

	bpf_map_update_elem(rows->tracing->unwanted_fd, &row->key, &yes,
			    BPF_ANY);
}

struct row *rows_find(struct rows *rows, const struct where_key *key)
{
	struct row **found = tfind(key, &rows->tree, by_key);
	struct row **list, *row;

	if (found)
		return *found;
	list = reallocarray(rows->list, rows->count + 1, sizeof(*list));
	if (!list)
		return NULL;
	rows->list = list;
	row = calloc(1, sizeof(*row));
	if (!row)
		return NULL;
	row->key = *key;
	if (!tsearch(row, &rows->tree, by_key)) {
		free(row);
		return NULL;
	}
	describe(rows, row);
	if (row->wanted)
		list[rows->count++] = row;
	else
		refuse(rows, row);
	return row;
}

void rows_add(struct rows *rows, struct row *row, __u64 packets, __u64 bytes)
{
	row->packets += packets;
	row->bytes += bytes;
	row->all += packets;
	if (!row->wanted)
		return;
	rows->packets += packets;
	rows->all += packets;
}

static void add_counted(struct rows *rows, struct row *row,
			const struct where_sum *sum)
{
	__u64 packets = sum->packets - row->counted.packets;

	rows_add(rows, row, packets, sum->bytes - row->counted.bytes);
	row->counted = *sum;
	if (rows->events && row->wanted)
		rows->lost += packets;
}

int rows_update(struct rows *rows)
{
	struct where_key key, *before = NULL;
	struct where_sum sum;
	struct row *row;

	while (!bpf_map_get_next_key(rows->tracing->sums_fd, before, &key)) {
		before = &key;
		if (bpf_map_lookup_elem(rows->tracing->sums_fd, &key, &sum))
			continue;
		row = rows_find(rows, &key);
		if (!row)
			return -ENOMEM;
		add_counted(rows, row, &sum);
	}
	return errno == ENOENT ? 0 : -errno;
}

void rows_restart(struct rows *rows)
{
	size_t i;

	for (i = 0; i < rows->count; i++) {
		rows->list[i]->packets = 0;
		rows->list[i]->bytes = 0;
	}
	rows->packets = 0;
	rows->lost = 0;
}

void rows_free(struct rows *rows)
{
	tdestroy(rows->tree, free);
	free(rows->list);
	names_close(&rows->names);
	interfaces_free(&rows->chosen);
}
