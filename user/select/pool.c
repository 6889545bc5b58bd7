// SPDX-License-Identifier: GPL-2.0-only
/* A list without doubles. */
#include "select/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/grow.h"

static __u64 hash(const void *element, size_t size)
{
	const __u64 factor = 0x9e3779b97f4a7c15;
	__u64 word, value = 0;
	size_t at;

	/* Most words of a set of ports are zero. */
	for (at = 0; at < size; at += sizeof(word)) {
		memcpy(&word, (const char *)element + at, sizeof(word));
		if (!word)
			continue;
		value = (((value + at) * factor) ^ word) * factor;
		value ^= value >> 32;
	}
	return value;
}

/* The slot of an element that is equal, or the free one for it. */
static __u32 *find_slot(const struct pool *pool, const void *element)
{
	size_t mask = pool->slot_count - 1;
	size_t at = hash(element, pool->size) & mask;
	const char *list = pool->list;

	while (pool->slots[at] &&
	       memcmp(list + (pool->slots[at] - 1) * pool->size, element,
		      pool->size))
		at = (at + 1) & mask;
	return &pool->slots[at];
}

static int grow_slots(struct pool *pool)
{
	const char *list = pool->list;
	size_t i;

	free(pool->slots);
	pool->slot_count = pool->count ? 4 * pool->count : 64;
	pool->slots = calloc(pool->slot_count, sizeof(*pool->slots));
	if (!pool->slots)
		return -ENOMEM;
	for (i = 0; i < pool->count; i++)
		*find_slot(pool, list + i * pool->size) = i + 1;
	return 0;
}

int pool_add(struct pool *pool, const void *element)
{
	__u32 *slot;

	if (2 * pool->count >= pool->slot_count && grow_slots(pool))
		return -ENOMEM;
	slot = find_slot(pool, element);
	if (!*slot) {
		if (grow_list(&pool->list, &pool->count, element, pool->size))
			return -ENOMEM;
		*slot = pool->count;
	}
	return *slot - 1;
}
