/* SPDX-License-Identifier: GPL-2.0-only */
/* The options that say which packets are dropped, how many and when: a child for argp. */
#ifndef SELECT_OPTIONS_H
#define SELECT_OPTIONS_H

#include <argp.h>

#include "select/rules.h"

struct selection {
	struct rules rules;
	bool session_spared; /* --except session, which is not in rules */
	__u32 ratio; /* of 2^32; 0: all */
	__u32 every; /* 2 or more; 0: all */
	__u64 first; /* 0: no limit */
	__u64 on_ns; /* both or none */
	__u64 off_ns;
};

/* Its input is a struct selection, all zero. */
extern const struct argp select_argp;

/* Is anything selected? */
static inline bool selection_is_on(const struct selection *selection)
{
	return selection->rules.count || selection->session_spared ||
	       selection->ratio || selection->every || selection->first ||
	       selection->on_ns;
}

#endif
