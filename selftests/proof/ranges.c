// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where prefixes are many: the range of an IPv4 address, among as many as can be searched. That
 * ranges are sorted means: those up to one of them begin at or before the address, all others
 * behind it. So begins() is here what it is proved to be. That the tables are sorted, and the
 * range among those that are searched, rules_native tests.
 *
 * prove: 10 any
 */
#include "proof/proof.h"
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "select_abi.h"

static __u64 is_up_to(const struct select_range *range, __u64 behind);

#define begins_1 is_up_to
#define begins_2 is_up_to
#define begins_3 is_up_to
#define begins NUMBERED(begins, __COUNTER__)
#include "class_kern.h"
#undef begins

/* Of all ranges, this one alone may be read as a whole. */
static struct select_range found;
static const struct select_range *ranges;
static __u64 address, right; /* the range that the address is in */

static __u64 is_up_to(const struct select_range *range, __u64 behind)
{
	__u32 index = (__u32)((__u64)range - (__u64)ranges) / sizeof(*range);

	ASSERT(index < 1U << select_config.steps, "one of them");
	ASSERT(behind == address + 1, "compared with the address");
	return index <= right;
}

int main(void)
{
	struct select_config any;
	struct select_range range;
	__u64 behind, any_right;
	__u32 any_address, class;

	ASSUME(behind <= 1ULL << 32);
	ASSERT(begins_0(&range, behind) == (range.first < behind), "is before");

	*(struct select_config *)&select_config = any;
	ASSUME(any.steps <= SELECT_MOST_STEPS && any.steps % 2 == 0);
	address = any_address;
	right = any_right;
	ASSUME(right < 1 << any.steps);
	found.class = class;
	ranges = &found - right;
	ASSERT(find_range(ranges, address) == class, "the address's");
	return 0;
}
