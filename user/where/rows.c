// SPDX-License-Identifier: GPL-2.0-only
/* Drops by where and why: what is alike is one row. */
#include "where/rows.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fnmatch.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/grow.h"
#include "where/netns_names.h"

static int by_key(const void *left, const void *right)
{
	return memcmp(left, right, sizeof(struct where_key));
}

static bool is_chosen(const struct rows *rows, const struct row *row)
{
	size_t i;

	if (!rows->pattern_count)
		return true;
	if (!*row->interface)
		return false;
	if (!rows->all_netns &&
	    interfaces_find(&rows->chosen, (int)row->key.ifindex))
		return true;
	for (i = 0; i < rows->pattern_count; i++) {
		if (!fnmatch(rows->patterns[i], row->interface, 0))
			return true;
	}
	return false;
}

static void describe(struct rows *rows, struct row *row)
{
	const struct where_key *key = &row->key;

	memcpy(row->interface, key->name, sizeof(row->interface));
	/* A number alone is one of the namespace it belongs to. */
	if (!*row->interface && key->ifindex && !rows->all_netns)
		netns_interface(key->ifindex, row->interface);
	if (rows->all_netns)
		netns_name(key->netns, row->netns, sizeof(row->netns));
	symbols_find(&rows->symbols, key->location, row->function,
		     sizeof(row->function));
	if (rows->reasons->known)
		reasons_name(rows->reasons, key->reason, row->reason,
			     sizeof(row->reason));
	row->hook = drop_hook(row->function, row->reason, key->flags,
			      rows->reasons->of_tc);
	row->wanted = is_chosen(rows, row) &&
		      !drop_is_none(row->function, row->reason);
	row->capture = -1;
}

static void refuse(struct rows *rows, const struct row *row)
{
	__u8 yes = 1;

	/* Where there is no room, they go on being told, to us alone. */
	if (!bpf_map_update_elem(rows->unwanted_fd, &row->key, &yes, BPF_ANY))
		rows->state->some_unwanted = true;
}

struct row *rows_find(struct rows *rows, const struct where_key *key)
{
	struct row **found = tfind(key, &rows->tree, by_key);
	struct row **list, *row;

	if (found)
		return *found;
	list = grow_list(rows->list, rows->count, sizeof(*list));
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
	list[rows->count++] = row;
	describe(rows, row);
	if (!row->wanted)
		refuse(rows, row);
	return row;
}

void rows_add(struct rows *rows, struct row *row, __u32 bytes)
{
	row->packets++;
	row->bytes += bytes;
	row->all++;
	rows->packets++;
	rows->all++;
}

static void add_counted(struct rows *rows, struct row *row,
			const struct where_sum *sum)
{
	__u64 packets = sum->packets - row->counted.packets;

	row->packets += packets;
	row->bytes += sum->bytes - row->counted.bytes;
	row->all += packets;
	row->counted = *sum;
	if (!row->wanted)
		return;
	rows->packets += packets;
	rows->all += packets;
	if (rows->events)
		rows->lost += packets;
}

int rows_update(struct rows *rows)
{
	struct where_key key, *before = NULL;
	struct where_sum sum;
	struct row *row;

	while (!bpf_map_get_next_key(rows->sums_fd, before, &key)) {
		before = &key;
		if (bpf_map_lookup_elem(rows->sums_fd, &key, &sum))
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

static void keep(void *row)
{
	(void)row; /* it is the list's */
}

void rows_free(struct rows *rows)
{
	size_t i;

	tdestroy(rows->tree, keep);
	rows->tree = NULL;
	for (i = 0; i < rows->count; i++)
		free(rows->list[i]);
	free(rows->list);
	rows->list = NULL;
	rows->count = 0;
	symbols_close(&rows->symbols);
	interfaces_free(&rows->chosen);
}
