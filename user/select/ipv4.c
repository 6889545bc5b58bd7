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

/* Words by the upper 16 bits of an address, and behind them those of splits. */
struct words {
	__u32 *list; /* WORDS_MOST */
	size_t count;
	__u32 steps;
};

#define WORDS_TOP 65536
#define WORDS_MOST (4 * WORDS_TOP)

/* Of the addresses of one word, the ranges' indices. */
struct part {
	size_t first; /* where the lowest address is */
	size_t last; /* where the highest one is */
};

/* Finds the part that begins at @low and ends before @end, from a range at or before it. */
static struct part find_part(const struct ranges *ranges, size_t from,
			     __u64 low, __u64 end)
{
	const struct select_range *list = ranges->list;
	struct part part;

	while (from + 1 < ranges->count && list[from + 1].first <= low)
		from++;
	part.first = from;
	while (from + 1 < ranges->count && list[from + 1].first < end)
		from++;
	part.last = from;
	return part;
}

static __u32 word_of(const struct ranges *ranges, struct part part)
{
	return part.first == part.last ?
		       SELECT_ONE_CLASS | ranges->list[part.first].class :
		       part.first;
}

/* Splits a /16 into as many equal parts as a search of few steps needs in each. */
static bool split(struct words *words, const struct ranges *ranges,
		  size_t first, __u32 high)
{
	const __u64 low = (__u64)high << 16;
	__u32 shift, at, count;
	struct part part;

	for (shift = 15;; shift--) { /* one address is one class */
		count = 1U << (16 - shift);
		if (words->count + count > WORDS_MOST)
			return false;
		part.last = first;
		for (at = 0; at < count; at++) {
			part = find_part(ranges, part.last,
					 low + ((__u64)at << shift),
					 low + ((__u64)(at + 1) << shift));
			if ((part.last - part.first) >> words->steps)
				break;
			words->list[words->count + at] = word_of(ranges, part);
		}
		if (at == count)
			break;
	}
	words->list[high] = SELECT_SPLIT | shift << SELECT_SPLIT_SHIFT |
			    words->count;
	words->count += count;
	return true;
}

/* False: they are too many for so few steps. */
static bool fill_words(struct words *words, const struct ranges *ranges)
{
	struct part part = {};
	__u32 high;

	words->count = WORDS_TOP;
	for (high = 0; high < WORDS_TOP; high++) {
		part = find_part(ranges, part.last, (__u64)high << 16,
				 (__u64)(high + 1) << 16);
		words->list[high] = word_of(ranges, part);
		if ((part.last - part.first) >> words->steps &&
		    !split(words, ranges, part.first, high))
			return false;
	}
	return true;
}

static size_t power_of_two(size_t least)
{
	size_t number = 1;

	while (number < least)
		number *= 2;
	return number;
}

static int fill_table(struct compiled *to, struct select_config *config,
		      const struct ranges *ranges, const struct words *words)
{
	struct select_range *list, rest = { .first = UINT32_MAX };
	size_t i, number = power_of_two(ranges->count);
	size_t count = power_of_two(words->count);

	config->steps = words->steps;
	config->ranges = count * sizeof(*words->list);
	config->word_mask = count - 1;
	config->range_mask = number - 1;
	number += 1U << words->steps;
	to->ipv4_size = config->ranges + number * sizeof(*list);
	if (to->ipv4_size > VALUE_SIZE_MOST)
		return -E2BIG;
	to->ipv4 = calloc(1, to->ipv4_size);
	if (!to->ipv4)
		return -ENOMEM;
	memcpy(to->ipv4, words->list, words->count * sizeof(*words->list));
	list = (struct select_range *)(to->ipv4 + count);
	rest.class = ranges->list[ranges->count - 1].class;
	for (i = 0; i < number; i++)
		list[i] = i < ranges->count ? ranges->list[i] : rest;
	return 0;
}

int fill_ipv4(struct compiled *to, struct select_config *config,
	      const struct prefixes *prefixes)
{
	struct words words = { .steps = 2 };
	struct ranges ranges = {};
	int error;

	words.list = malloc(WORDS_MOST * sizeof(*words.list));
	error = words.list ? make_ranges(&ranges, prefixes) : -ENOMEM;
	while (!error && !fill_words(&words, &ranges)) {
		words.steps += 2;
		if (words.steps > SELECT_MOST_STEPS)
			error = -E2BIG;
	}
	if (!error)
		error = fill_table(to, config, &ranges, &words);
	free(ranges.list);
	free(words.list);
	return error;
}
