/* SPDX-License-Identifier: GPL-2.0-only */
/* Lists that grow by one at a time. */
#ifndef GROW_H
#define GROW_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/**
 * grow_list() - add one to a list
 * @list: the address of a pointer to @count elements; NULL if there are none
 * @element: to be copied, @size bytes
 *
 * Return: 0 or -ENOMEM.
 */
static inline int grow_list(void *list, size_t *count, const void *element,
			    size_t size)
{
	char *elements;

	memcpy(&elements, list, sizeof(elements));
	/* It doubles, so it is full at the powers of two. */
	if (!(*count & (*count - 1)))
		elements = realloc(elements, (*count ? 2 * *count : 1) * size);
	if (!elements)
		return -ENOMEM;
	memcpy(elements + *count * size, element, size);
	memcpy(list, &elements, sizeof(elements));
	++*count;
	return 0;
}

#endif
