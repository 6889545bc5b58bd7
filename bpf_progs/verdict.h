/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From match and selection to verdict: policy, stats; then capture_kern.h and trace_kern.h. The
 * programs differ only in their context, in what they match and in the verdicts' names.
 *
 * The configuration is constant once the program is loaded: the verifier
 * removes the code of disabled options, so they cost no instruction.
 */
#ifndef VERDICT_H
#define VERDICT_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "drop_abi.h"
#include "match_kern.h"
#if SELECTS
#include "due_kern.h"
#endif

/* In a map of its own, which --list can tell by name and size. */
const volatile struct drop_config config SEC(".rodata.config") = {};
struct drop_state state = {};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	/* The loader: one for each interface and, if there are many, one more. */
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct drop_counters);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct drop_slot);
} slots SEC(".maps");

/*
 * Is this mode on? @modes was read before, once for all modes: if none is on, the
 * verifier removes the rest. The barrier keeps the compiler from the mask alone.
 */
static __always_inline int is_on(__u32 modes, enum drop_mode mode)
{
	if (!modes)
		return 0;
	barrier_var(modes);
	return modes & mode;
}

/* What is known before the packet is looked at. */
struct slot {
	__u32 counters; /* as in struct drop_slot; so is the frame type */
	__u32 frame_type;
	__u32 modes; /* config.modes */
};

/*
 * Finds an interface's counters and frame type. @from, its ifindex in the context,
 * is read only if there are many interfaces. An unknown one is not counted as
 * another one: it has counters of its own.
 */
static __always_inline struct slot slot_of(const __u32 *from)
{
	struct slot slot = { .counters = config.unknown,
			     .frame_type = config.frame_type,
			     .modes = config.modes };
	const struct drop_slot *found;
	__u32 ifindex;

	if (is_on(slot.modes, MODE_MANY)) {
		ifindex = *from;
		found = bpf_map_lookup_elem(&slots, &ifindex);
		if (found) {
			slot.counters = found->counters;
			slot.frame_type = found->frame_type;
		}
	}
	return slot;
}

static __always_inline enum drop_stat policy(enum match match,
					     const struct slot *slot)
{
	const __u32 modes = slot->modes;

#if SELECTS
	if (match == MATCH_SPARED)
		return STAT_SPARED;
#endif
	if (match == MATCH_UNDECIDED) {
		if (!is_on(modes, MODE_DROP_UNDECIDED))
			return STAT_UNDECIDED;
		match = MATCH_YES;
	}
	if (match == MATCH_NO)
		return STAT_PASSED;
	/* Reading the clock costs more than all the rest. */
	if (is_on(modes, MODE_DEADLINE) &&
	    state.deadline_ns != DROP_NO_DEADLINE &&
	    bpf_ktime_get_ns() >= state.deadline_ns)
		return STAT_PASSED;
#if SELECTS
	if (!is_due(slot->counters, &state.started_ns))
		return STAT_SPARED;
#endif
	return is_on(modes, MODE_OBSERVE) ? STAT_OBSERVED : STAT_DROPPED;
}

/* The verdict on one packet. */
struct verdict {
	__u64 kind; /* enum drop_stat; of this size, it is not extended where it is used */
	__u32 slot; /* index of its counters */
	struct drop_counters *counters; /* its interface's, or NULL */
};

static __always_inline struct verdict verdict_of(enum match match,
						 const struct slot *slot)
{
	__u64 kind = policy(match, slot);
	/* A key of its own: in memory, all of the verdict would be there. */
	__u32 key = slot->counters;

	/* Or clang writes the rest once for each kind. */
	barrier_var(kind);
	return (struct verdict){
		.kind = kind,
		.slot = slot->counters,
		.counters = bpf_map_lookup_elem(&counters, &key),
	};
}

/*
 * Counts a packet. @bytes is its whole length, read from the context only behind the
 * matcher: with a pointer to the frame still live there, the verifier could not prune
 * states that are otherwise equivalent.
 */
static __always_inline void count(const struct verdict *verdict, __u64 bytes)
{
	struct drop_stats *stats;

	if (!verdict->counters)
		return;
	stats = &verdict->counters->stats[verdict->kind];
	stats->packets++;
	stats->bytes += bytes;
}

/*
 * All of a packet's bytes. With frags, those from data to data_end may be only the first of
 * them: headers that are not among them make a packet undecided. Asking the kernel for
 * the length costs a call, so that is done only where there may be more.
 */
static __always_inline __u64 xdp_length(struct xdp_md *ctx, __u32 modes)
{
	return is_on(modes, MODE_FRAGS) ? bpf_xdp_get_buff_len(ctx) :
					  (__u64)((void *)(long)ctx->data_end -
						  (void *)(long)ctx->data);
}

/* As on the wire, and as XDP counts: skb->len does not include a tag in the metadata. */
static __always_inline __u32 wire_length(const struct __sk_buff *skb)
{
	return skb->len + skb->vlan_present * sizeof(struct vlan_tag);
}

static __always_inline int is_drop(const struct verdict *verdict)
{
	return verdict->kind == STAT_DROPPED;
}

#endif
