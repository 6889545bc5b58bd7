/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What --only and --except become in the maps, and what the programs, compiled natively, make
 * of it: on frames by chance, against each rule read one by one.
 */
#ifndef SELECT_LOOKUP_H
#define SELECT_LOOKUP_H

#include <netinet/in.h> /* before <linux/in.h>, which then leaves out what is in both */
#define SELECTS 1
#define is_in is_in_prefix
#include "frames/native_kern.h"
#undef is_in
#undef MAYBE
#include "frames/ktap.h"
#include "frames/select_frames.h"
#include "select/compile.c"
#include "select/ipv4.c"
#include "select/pool.c"

/* select_config. Volatile, or clang knows which object it is, and takes it for constant. */
static struct select_config *volatile constants;
static struct compiled compiled;

/* As the kernel's trie does it; a hash table has the very key, or nothing. */
static void *find_ipv6(const struct select_ipv6 *key)
{
	struct compiled_ipv6 *entry, *longest = NULL;
	struct rule rule = {};
	size_t i;

	for (i = 0; i < compiled.ipv6_count; i++) {
		entry = &compiled.ipv6[i];
		memcpy(rule.address, entry->key.address, sizeof(rule.address));
		rule.length = entry->key.length;
		if (compiled.ipv6_is_trie ?
			    (!longest || longest->key.length < rule.length) &&
				    is_in(&rule, key->address) :
			    !memcmp(&entry->key, key, sizeof(*key)))
			longest = entry;
	}
	return longest ? &longest->class : NULL;
}

static void *select_entry(const void *map, const void *key)
{
	__u32 index = *(const __u32 *)key;

	if (map == &select_ipv6)
		return find_ipv6(key);
	if (map == &select_ipv4)
		return compiled.ipv4;
	if (map == &select_ports && index < compiled.port_count)
		return &compiled.ports[index];
	if (map == &select_classes && index < compiled.class_count)
		return &compiled.classes[index];
	return NULL;
}

static void stand_in_lock(struct bpf_spin_lock *lock)
{
	lock->val++;
}

static void start_set(void)
{
	free(rules.list);
	compiled_free(&compiled);
	rules = (struct rules){};
	*constants = (struct select_config){};
}

static bool compile_set(void)
{
	int error = rules_compile(&rules, constants, &compiled);

	if (error)
		printf("# %zu rules: %s\n", rules.count, strerror(-error));
	return !error;
}

/* Does each lookup stay in the words, and each search in the ranges that are for it? */
static bool is_in_range(void)
{
	const __u32 *words = compiled.ipv4;
	__u32 i, at, count;

	if (!words)
		return true;
	for (i = 0; i <= constants->word_mask; i++) {
		if (words[i] & SELECT_ONE_CLASS)
			continue;
		if (words[i] & SELECT_SPLIT) {
			at = words[i] & ((1U << SELECT_SPLIT_SHIFT) - 1);
			count = 65536 >> (words[i] >> SELECT_SPLIT_SHIFT & 31);
			if (i >= 65536 || at + count - 1 > constants->word_mask)
				return false;
		} else if (words[i] > constants->range_mask) {
			return false;
		}
	}
	return true;
}

/* Runs a program on the frame; it is pulled if it is not all linear. */
static bool is_counted(enum drop_stat kind, bool world)
{
	__u32 linear = roll(4) ? frame.length : roll(frame.length + 1);
	bool tc = !world && roll(2), dropped;

	memset(&kernel, 0, sizeof(kernel));
	dropped = tc	? run_tc(false, linear) == TC_ACT_SHOT :
		  world ? run_xdp(xdp_drop_world, frame.length) == XDP_DROP :
			  run_xdp(xdp_drop_tcp, frame.length) == XDP_DROP;
	return dropped == (kind == STAT_DROPPED) && !kernel.overread &&
	       !kernel.wrong_pull && kernel.counted[0].stats[kind].packets == 1;
}

struct seen {
	unsigned int packets, kinds[STAT_COUNT];
};

static bool is_set_right(size_t count, unsigned int packets, struct seen *seen)
{
	enum drop_stat kind;
	struct built built;
	struct rule rule;
	bool world;

	start_set();
	while (rules.count < count) {
		rule = roll_rule();
		if (!add_rule(&rule))
			return false;
	}
	if (!compile_set() || !is_in_range())
		return false;
	for (; packets; packets--) {
		world = !roll(3);
		built = build_frame();
		kind = expected_stat(&built, world);
		seen->packets++;
		seen->kinds[kind]++;
		if (is_counted(kind, world))
			continue;
		printf("# set of %zu rules, %s: expected stat %d\n", count,
		       world ? "all" : "TCP", kind);
		ktap_dump(frame.data, frame.length);
		return false;
	}
	return true;
}

#endif
