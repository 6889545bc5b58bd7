// SPDX-License-Identifier: GPL-2.0-only
/*
 * Chance, number and time: is_due(), for every clock, random number and count, while other
 * CPUs count on the same entry until it is locked. The clock may start anywhere, and wrap; but
 * a division of 64 bits is too much for cbmc, so times are less than TIMES_MOST apart.
 *
 * prove: 1 any
 */
#include "proof/proof.h"
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define SELECTS 1

static void *lookup(const void *map, const void *key);
static void lock(void);
static void unlock(void);
static __u64 now;
static __u32 chance;

#define bpf_map_lookup_elem lookup
#define bpf_spin_lock(at) lock()
#define bpf_spin_unlock(at) unlock()
#define bpf_ktime_get_ns() now
#define bpf_get_prandom_u32() chance
#include "due_kern.h"

#define TIMES_MOST 64

static struct select_turn entry, found, locked;
static bool has_entry;
static __u32 slot;
static int locks, unlocks;

static bool is_sane(const struct select_turn *turn)
{
	return (!(select_config.flags & SELECT_EVERY) ||
		turn->turn < select_config.every) &&
	       (!(select_config.flags & SELECT_FIRST) ||
		turn->dropped <= select_config.first);
}

static void *lookup(const void *map, const void *key)
{
	ASSERT(map == &select_turns && *(const __u32 *)key == slot,
	       "the slot's turn");
	return has_entry ? &entry : 0;
}

/* What other CPUs have made of it meanwhile. */
static void lock(void)
{
	struct select_turn others;

	ASSUME(is_sane(&others) && others.dropped >= entry.dropped);
	entry = others;
	locked = others;
	locks++;
}

static void unlock(void)
{
	unlocks++;
}

static bool expected_turn(void)
{
	const __u32 flags = select_config.flags;
	bool due = !(flags & SELECT_EVERY) ||
		   locked.turn + 1 == select_config.every;

	if (!has_entry ||
	    (flags & SELECT_FIRST && found.dropped >= select_config.first)) {
		ASSERT(!locks, "nothing is counted");
		return false;
	}
	ASSERT(locks == 1 && unlocks == 1, "locked once");
	ASSERT(entry.turn == (due ? 0 : locked.turn + 1),
	       "the next one's turn");
	due = due &&
	      (!(flags & SELECT_FIRST) || locked.dropped < select_config.first);
	ASSERT(entry.dropped == locked.dropped + due, "counted as dropped");
	ASSERT(is_sane(&entry), "never more than --first");
	return due;
}

int main(void)
{
	struct select_config any;
	struct select_turn any_turn;
	__u64 started, since;
	__u32 any_chance, any_slot;
	bool in_time, by_chance, is_there;
	int got;

	*(struct select_config *)&select_config = any;
	ASSUME(any.every >= 2 && any.first >= 1 && any.on_ns >= 1 &&
	       any.on_ns < any.period_ns);
	ASSUME(any.period_ns <= TIMES_MOST && since < TIMES_MOST);
	now = started + since;
	chance = any_chance;
	slot = any_slot;
	has_entry = is_there;
	entry = any_turn;
	ASSUME(is_sane(&entry));
	found = entry;

	got = is_due(slot, &started);
	in_time = !(any.flags & SELECT_FLAP) ||
		  (__u16)since % (__u16)any.period_ns < any.on_ns;
	by_chance = !(any.flags & SELECT_RATIO) || chance < any.ratio;
	if (!in_time || !by_chance)
		ASSERT(!got && !locks, "out of time or luck, it takes no turn");
	else if (any.flags & (SELECT_EVERY | SELECT_FIRST))
		ASSERT(got == expected_turn(), "its turn");
	else
		ASSERT(got && !locks, "all others");
	return 0;
}
