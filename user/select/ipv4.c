// SPDX-License-Identifier: GPL-2.0-only
/* The value of the map "select_ipv4". */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/grow.h"
#include "select/prefixes.h"

/* Of a map's value on Linux 5.10: KMALLOC_MAX_SIZE. */
#define VALUE_SIZE_MOST (4 << 20)

struct ranges {
	struct select_range *list;
	size_t count;
};

static int start_range(struct ranges *ranges, __u32 first, __u32 class)
{
	const struct select_range range = { .first = first, .class = class };

	/* What was to start here, before more was known. */
	if (ranges->count && ranges->list[ranges->count - 1].first == first)
		ranges->count--;
	if (ranges->count && ranges->list[ranges->count - 1].class == class)
		return 0;
	return grow_list(&ranges->list, &ranges->count, &range, sizeof(range));
}

static __u32 first_of(const struct prefix *prefix)
{
	__be32 first;

	memcpy(&first, (*prefix->rules)->address, sizeof(first));
	return ntohl(first);
}

/* Behind a prefix it goes on as around it. */
static int end_prefix(struct ranges *ranges, const struct prefix *list,
		      const struct prefix *prefix)
{
	__u64 size = 1ULL << (32 - (*prefix->rules)->length);
	__u64 next = first_of(prefix) + size;

	if (next > UINT32_MAX)
		return 0;
	return start_range(ranges, next, class_around(list, prefix));
}

static int make_ranges(struct ranges *ranges, const struct prefixes *prefixes)
{
	const struct prefix *list = prefixes->list;
	int error = start_range(ranges, 0, 0);
	size_t i, count = prefixes->count;
	ssize_t at, parent;

	for (i = 0; i <= count && !error; i++) {
		parent = i < count ? list[i].parent : -1;
		for (at = (ssize_t)i - 1; at != parent && !error;
		     at = list[at].parent)
			error = end_prefix(ranges, list, &list[at]);
		if (!error && i < count)
			error = start_range(ranges, first_of(&list[i]),
					    list[i].class);
	}
	return error;
}

/*
 * Returns how many ranges there have to be. Searches take as many steps in any /16,
 * so some look behind the last range.
 */
static size_t fill_top(__u32 *top, const struct ranges *ranges, __u32 *steps)
{
	const struct select_range *list = ranges->list;
	size_t at, start, deepest = 0;
	__u32 high;

	*steps = 0;
	for (at = 0, high = 0; high < 65536; high++) {
		while (at + 1 < ranges->count &&
		       list[at + 1].first <= high << 16)
			at++;
		start = at;
		while (at + 1 < ranges->count &&
		       list[at + 1].first >> 16 == high)
			at++;
		top[high] = at == start ? SELECT_ONE_CLASS | list[at].class :
					  start;
		if (at != start)
			deepest = start;
		while ((at - start) >> *steps)
			*steps += 2;
	}
	return deepest + (1UL << *steps);
}

static int fill_table(struct compiled *to, struct select_config *config,
		      const struct ranges *ranges)
{
	struct select_range rest = { .first = UINT32_MAX };
	struct select_ipv4 *table = calloc(1, sizeof(*table));
	size_t i, needed, size, number = 1;

	to->ipv4 = table;
	if (!table)
		return -ENOMEM;
	needed = fill_top(table->top, ranges, &config->steps);
	while (number < ranges->count || number < needed)
		number *= 2;
	size = sizeof(*table) + number * sizeof(rest);
	if (size > VALUE_SIZE_MOST)
		return -E2BIG;
	table = realloc(table, size);
	if (!table)
		return -ENOMEM;
	rest.class = ranges->list[ranges->count - 1].class;
	for (i = 0; i < number; i++)
		table->ranges[i] = i < ranges->count ? ranges->list[i] : rest;
	to->ipv4 = table;
	to->ipv4_size = size;
	config->mask = number - 1;
	return 0;
}

int fill_ipv4(struct compiled *to, struct select_config *config,
	      const struct prefixes *prefixes)
{
	struct ranges ranges = {};
	int error = make_ranges(&ranges, prefixes);

	if (!error)
		error = fill_table(to, config, &ranges);
	free(ranges.list);
	return error;
}
