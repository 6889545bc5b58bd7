/* SPDX-License-Identifier: GPL-2.0-only */
/* The class of an address, where prefixes are too many to be constants: see select_abi.h. */
#ifndef CLASS_KERN_H
#define CLASS_KERN_H

#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "select_abi.h"

const volatile struct select_config select_config SEC(".rodata.select") = {};

/* The loader sets the size; the kernel refuses BTF types of another size. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct select_ipv4));
} select_ipv4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct select_ipv6);
	__type(value, __u32);
} select_ipv6 SEC(".maps");

/*
 * 1: the range at this index begins before @behind, else 0. Arithmetic in assembly: of a
 * comparison clang makes a branch, and of sixteen the verifier makes 65,536 paths. The mask
 * is a constant to the verifier, as the loader has set it.
 */
static __always_inline __u64 begins(const struct select_range *range,
				    __u64 behind)
{
	__u64 first = range->first;

	/* Both are at most 2^32. */
	asm volatile("%0 -= %1; %0 >>= 63" : "+r"(first) : "r"(behind));
	return first;
}

/*
 * The last range that begins at or before this address. Two bits of its index at a time:
 * the three loads do not wait for each other, so that takes half as long as one by one.
 */
static __always_inline __u32 find_range(const struct select_ipv4 *table,
					__u64 at, __u64 address)
{
	const int steps = select_config.steps;
	const struct select_range *ranges = table->ranges;
	const __u64 mask = select_config.mask, behind = address + 1;
	__u64 next;
	int step;

#pragma unroll
	for (step = SELECT_MOST_STEPS - 2; step >= 0; step -= 2) {
		if (step >= steps)
			continue;
		next = begins(&ranges[(at + (1U << step)) & mask], behind) +
		       begins(&ranges[(at + (2U << step)) & mask], behind) +
		       begins(&ranges[(at + (3U << step)) & mask], behind);
		at += next << step;
	}
	return ranges[at & mask].class;
}

static __always_inline __u32 class_ipv4(__u32 address)
{
	const struct select_ipv4 *table;
	__u32 zero = 0, top;

	table = bpf_map_lookup_elem(&select_ipv4, &zero);
	if (!table)
		return 0;
	address = bpf_ntohl(address);
	top = table->top[address >> 16];
	if (top & SELECT_ONE_CLASS)
		return top & ~SELECT_ONE_CLASS;
	return find_range(table, top, address);
}

static __always_inline __u32 class_ipv6(const __u64 *address)
{
	/* From length on, struct select_ipv6. */
	struct {
		__u32 unused;
		__u32 length;
		__u64 address[2];
	} key = { .length = 128, .address = { address[0], address[1] } };
	__u32 *found = bpf_map_lookup_elem(&select_ipv6, &key.length);

	return found ? *found : 0;
}

#endif
