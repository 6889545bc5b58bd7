/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Chance, number and time: --ratio, --every, --first, --on and --off, on packets that are
 * matched and selected. Only where SELECTS is 1: see select_kern.h.
 */
#ifndef DUE_KERN_H
#define DUE_KERN_H

#include "select_kern.h"

struct select_turn {
	struct bpf_spin_lock lock;
	__u32 turn; /* packets since the last one dropped */
	__u64 dropped;
};

/* As many as in "counters". */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct select_turn);
} select_turns SEC(".maps");

/* Is it this packet's turn? @slot: index into "counters". */
static __always_inline int is_turn(__u32 slot)
{
	const __u32 flags = select_config.flags;
	struct select_turn *turn = bpf_map_lookup_elem(&select_turns, &slot);
	int due = 1;

	if (!turn || (flags & SELECT_FIRST &&
		      *(volatile __u64 *)&turn->dropped >= select_config.first))
		return 0;
	/* Linux 5.10 has no atomic operation that returns a value. */
	bpf_spin_lock(&turn->lock);
	if (flags & SELECT_EVERY && ++turn->turn < select_config.every)
		due = 0;
	if (due) {
		turn->turn = 0;
		if (!(flags & SELECT_FIRST) ||
		    turn->dropped < select_config.first)
			turn->dropped++;
		else
			due = 0;
	}
	bpf_spin_unlock(&turn->lock);
	return due;
}

/* Chance, number and time: is this one, which is matched and selected, to be dropped? */
static __always_inline int is_due(__u32 slot, const __u64 *started_ns)
{
	const __u32 flags = select_config.flags;
	__u64 since;

	if (flags & SELECT_FLAP) {
		since = bpf_ktime_get_ns() - *started_ns;
		if (since % select_config.period_ns >= select_config.on_ns)
			return 0;
	}
	if (flags & SELECT_RATIO &&
	    bpf_get_prandom_u32() >= select_config.ratio)
		return 0;
	return flags & (SELECT_EVERY | SELECT_FIRST) ? is_turn(slot) : 1;
}

#endif
