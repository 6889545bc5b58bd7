/* SPDX-License-Identifier: GPL-2.0-only */
/* A list without doubles, in which an element is found by its hash. */
#ifndef POOL_H
#define POOL_H

#include <linux/types.h>
#include <stddef.h>

struct pool {
	void *list; /* free it, and slots */
	size_t count;
	size_t size; /* of an element, a multiple of 8 */
	__u32 *slots; /* by hash: places in the list plus one; 0 is free */
	size_t slot_count; /* a power of two; half of them are free */
};

/* Returns the place of an element in the list, or -ENOMEM. */
int pool_add(struct pool *pool, const void *element);

#endif
