/* SPDX-License-Identifier: GPL-2.0-only */
/* Sorted lists with several entries for a key, of which bsearch() finds any. */
#ifndef SORTED_H
#define SORTED_H

#include <stddef.h>

/*
 * The index of the first of @count entries of @size bytes that is not below @key, by
 * @compare(entry, key); @count: all are.
 */
static inline size_t sorted_first(const void *list, size_t count, size_t size,
				  const void *key,
				  int (*compare)(const void *, const void *))
{
	size_t first = 0, middle;

	while (first < count) {
		middle = (first + count) / 2;
		if (compare((const char *)list + middle * size, key) < 0)
			first = middle + 1;
		else
			count = middle;
	}
	return first;
}

#endif
