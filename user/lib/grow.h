/* SPDX-License-Identifier: GPL-2.0-only */
/* Lists that grow by one at a time. */
#ifndef GROW_H
#define GROW_H

#include <stdlib.h>

/**
 * grow_list() - make room for one more
 * @list: of @count elements, only ever grown by this; NULL if there are none
 * @size: of one
 *
 * Return: the list, perhaps elsewhere; NULL without memory, and @list stands.
 */
static inline void *grow_list(void *list, size_t count, size_t size)
{
	/* It doubles, so it is full at the powers of two. */
	if (count & (count - 1))
		return list;
	return realloc(list, (count ? 2 * count : 1) * size);
}

#endif
