// SPDX-License-Identifier: GPL-2.0-only
/*
 * From what the walk and the selection say to the verdict and its counters, for every
 * configuration and clock; and which counters and frame type an interface has. This is the
 * program that selects; policy_plain.c has the other one.
 *
 * prove: 6 any
 */
#include "proof/proof.h"
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifndef SELECTS
#define SELECTS 1
#endif

static void *lookup(const void *map, const void *key);
static __u64 now;
static bool due;

#define bpf_map_lookup_elem lookup
#define bpf_ktime_get_ns() now
#if SELECTS
#include "due_kern.h"
#define is_due(slot, started_ns) due
#endif
#include "verdict.h"

static __u32 ifindex, counters_index;
static struct drop_slot *known;
static struct drop_counters *entry;

static void *lookup(const void *map, const void *key)
{
	if (map == &slots) {
		ASSERT(*(const __u32 *)key == ifindex, "this interface's slot");
		return known;
	}
	ASSERT(map == &counters, "a map that is here");
	ASSERT(*(const __u32 *)key == counters_index, "this slot's counters");
	return entry;
}

static void check_slot(void)
{
	bool is_known = known && config.modes & MODE_MANY;
	struct slot slot = slot_of(&ifindex);

	ASSERT(slot.modes == config.modes, "the modes");
	ASSERT(slot.counters == (is_known ? known->counters : config.unknown),
	       "the counters");
	ASSERT(slot.frame_type ==
		       (is_known ? known->frame_type : config.frame_type),
	       "the frame type");
}

static void check_policy(enum drop_stat got, enum match match, __u32 modes)
{
	bool wanted = match == MATCH_YES ||
		      (match == MATCH_UNDECIDED && modes & MODE_DROP_UNDECIDED);
	bool over = modes & MODE_DEADLINE &&
		    state.deadline_ns != DROP_NO_DEADLINE &&
		    now >= state.deadline_ns;
	bool hit = wanted && !over && due;

	ASSERT((got == STAT_DROPPED) == (hit && !(modes & MODE_OBSERVE)),
	       "dropped");
	ASSERT((got == STAT_OBSERVED) == (hit && modes & MODE_OBSERVE),
	       "observed");
	ASSERT((got == STAT_UNDECIDED) == (match == MATCH_UNDECIDED && !wanted),
	       "undecided");
	ASSERT((got == STAT_SPARED) ==
		       (match == MATCH_SPARED || (wanted && !over && !due)),
	       "spared");
	ASSERT((got == STAT_PASSED) == (match == MATCH_NO || (wanted && over)),
	       "passed");
}

int main(void)
{
	struct drop_counters any, before;
	struct drop_config any_config;
	struct drop_state any_state;
	struct drop_slot any_slot;
	struct verdict verdict;
	bool is_known, is_counted;
	enum match match;
	struct slot slot;
	__u64 bytes, clock;
	__u32 interface;
	int kind;

	*(struct drop_config *)&config = any_config;
	state = any_state;
	now = clock;
	ifindex = interface;
	known = is_known ? &any_slot : 0;
	check_slot();

	due = slot.counters % 2 || !SELECTS; /* that, or any other number */
	ASSUME(match >= MATCH_NO &&
	       match <= (SELECTS ? MATCH_SPARED : MATCH_UNDECIDED));
	before = any;
	entry = is_counted ? &any : 0;
	counters_index = slot.counters;
	verdict = verdict_of(match, &slot);
	check_policy(verdict.kind, match, slot.modes);
	ASSERT(is_drop(&verdict) == (verdict.kind == STAT_DROPPED),
	       "the program's verdict");
	count(&verdict, bytes);
	for (kind = 0; kind < STAT_COUNT; kind++) {
		bool counts = is_counted && kind == verdict.kind;

		ASSERT(any.stats[kind].packets ==
			       before.stats[kind].packets + counts,
		       "a packet, there alone");
		ASSERT(any.stats[kind].bytes ==
			       before.stats[kind].bytes + (counts ? bytes : 0),
		       "its bytes");
	}
	return 0;
}
