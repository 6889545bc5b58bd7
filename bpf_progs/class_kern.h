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
	__uint(value_size, sizeof(__u64));
} select_ipv4 SEC(".maps");

/* The loader makes it a hash table if that does. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct select_ipv6);
	__type(value, __u32);
} select_ipv6 SEC(".maps");

/*
 * 1: this range begins before @behind, else 0. Arithmetic in assembly: of a comparison clang
 * makes a branch, and of ten the verifier makes 1,024 paths.
 */
static __always_inline __u64 begins(const struct select_range *range,
				    __u64 behind)
{
	__u64 first = range->first;

	/* Both are at most 2^32. */
#ifdef __bpf__
	asm volatile("%0 -= %1; %0 >>= 63" : "+r"(first) : "r"(behind));
	return first;
#else
	return (first - behind) >> 63;
#endif
}

/*
 * The last range that begins at or before this address. Two bits of its index at a time:
 * the three loads do not wait for each other, so that takes half as long as one by one. The
 * pointer moves, not an index: so it is added to only once for three loads. Behind the ranges
 * that words name there are as many more as the search can reach.
 */
static __always_inline __u32 find_range(const struct select_range *range,
					__u64 address)
{
	const int steps = select_config.steps;
	const __u64 behind = address + 1;
	__u64 next;
	int step;

#pragma unroll
	for (step = SELECT_MOST_STEPS - 2; step >= 0; step -= 2) {
		if (step >= steps)
			continue;
		next = begins(&range[1U << step], behind) +
		       begins(&range[2U << step], behind) +
		       begins(&range[3U << step], behind);
		range += next << step;
		barrier_var(range);
	}
	return range->class;
}

/* @table: the value of the map "select_ipv4". All of the masks are constants to the verifier. */
static __always_inline __u32 class_ipv4(const void *table, __u32 address)
{
	const __u32 *words = table;
	const struct select_range *ranges = table + select_config.ranges;
	__u64 word;

	address = bpf_ntohl(address);
	word = words[address >> 16];
	if (word & SELECT_SPLIT) {
		word += (address & 0xffff) >> (word >> SELECT_SPLIT_SHIFT & 31);
		word = words[word & select_config.word_mask];
	}
	if (word & SELECT_ONE_CLASS)
		return word & ~SELECT_ONE_CLASS;
	return find_range(ranges + (word & select_config.range_mask), address);
}

static __always_inline __u32 class_ipv6(const __u64 *address)
{
	const int lengths = select_config.lengths;
	/* From length on, struct select_ipv6. */
	struct {
		__u32 unused;
		__u32 length;
		__u64 address[2];
	} key = {};
	__u32 *found;
	int i;

#pragma unroll
	for (i = 0; i < SELECT_LENGTHS; i++) {
		const volatile struct select_length *length =
			&select_config.length6[i];
		const volatile __u64 *mask = (const void *)length->mask;

		if (i >= lengths)
			break;
		key.length = length->length;
		key.address[0] = address[0] & mask[0];
		key.address[1] = address[1] & mask[1];
		found = bpf_map_lookup_elem(&select_ipv6, &key.length);
		if (found)
			return *found;
	}
	return 0;
}

#endif
