/* SPDX-License-Identifier: GPL-2.0-only */
/* What compile.c makes of the rules of a family, and ipv4.c a map's value of these. */
#ifndef PREFIXES_H
#define PREFIXES_H

#include <sys/types.h>

#include "select/compile.h"

/* All rules of one prefix. */
struct prefix {
	const struct rule **rules;
	size_t count;
	ssize_t parent; /* the longest prefix around it; -1: none */
	__u32 place; /* of its class, which has the parents' rules, too, in the pool */
	__u32 class; /* the same, as a word */
};

/* The prefixes of a family, sorted by address, those around others before them. */
struct prefixes {
	const struct rule **rules;
	struct prefix *list;
	size_t count;
};

static inline __u32 class_around(const struct prefix *list,
				 const struct prefix *prefix)
{
	return prefix->parent < 0 ? 0 : list[prefix->parent].class;
}

/* Sets ipv4, ipv4_size, and what the config says of them. Returns 0, -ENOMEM or -E2BIG. */
int fill_ipv4(struct compiled *to, struct select_config *config,
	      const struct prefixes *prefixes);

#endif
