// SPDX-License-Identifier: GPL-2.0-only
/*
 * Drop TCP at a traffic control hook, on its way out or in; pass the rest.
 *
 * To pass is TC_ACT_UNSPEC, which goes on to the next filter: TC_ACT_OK would
 * end the chain, and the filters after this one would not run.
 */
#include "capture_kern.h"
#include "trace_kern.h"
#include <linux/pkt_cls.h>

/* Bytes to pull into the linear part of an skb, if it is too short. */
#define PULL_FIRST 256

static __always_inline enum match match_skb(const struct __sk_buff *skb,
					    enum drop_frame_type type,
					    struct where *where)
{
	const void *data = (const void *)(long)skb->data;
	const void *end = (const void *)(long)skb->data_end;

	if (where)
		*where = (struct where){};
	return match_where(IPPROTO_TCP, type, data, end, skb->vlan_present,
			   where);
}

/*
 * If the linear part was too short: pulls a little, or all bytes that the verdict may
 * depend on if that was not enough, and matches again. Rare, so it may cost a call.
 *
 * Static: the verifier would walk a global function once and not for each call, but
 * kernels without BTF of their own reject it.
 */
static __noinline enum match match_pulled(struct __sk_buff *skb,
					  enum drop_frame_type type,
					  struct where *where)
{
	const void *data = (const void *)(long)skb->data;
	const void *end = (const void *)(long)skb->data_end;
	__u32 pull = end - data < PULL_FIRST ? PULL_FIRST : MATCH_MAX_DEPTH;

	if (pull > skb->len)
		pull = skb->len;
	if (end - data >= skb->len || bpf_skb_pull_data(skb, pull))
		return MATCH_UNDECIDED;
	return match_skb(skb, type, where);
}

static __always_inline enum match
match_any(struct __sk_buff *skb, enum drop_frame_type type, struct where *where)
{
	enum match match = match_skb(skb, type, where);

	if (match == MATCH_UNDECIDED)
		match = match_pulled(skb, type, where);
	if (match == MATCH_UNDECIDED)
		match = match_pulled(skb, type, where);
	return match;
}

#if SELECTS
/* Ports may be behind the linear part, which the walk did not need to read. */
static __always_inline enum match
select_skb(struct __sk_buff *skb, enum match match, const struct where *where)
{
	__u32 ports = (where->transport & 0x7ffe) + 4;
	const void *data = (const void *)(long)skb->data;
	const void *end = (const void *)(long)skb->data_end;

	if (match == MATCH_NO)
		return match;
	if (select_config.flags & SELECT_PORTS && end - data < ports &&
	    ports <= skb->len) {
		/* If it fails, the ports stay unknown. */
		bpf_skb_pull_data(skb, ports);
		data = (const void *)(long)skb->data;
		end = (const void *)(long)skb->data_end;
	}
	return matched_and(match, select_frame(match, where, data, end));
}

/* Not inline: see match_walk(). */
static __noinline enum match match_walk_skb(struct __sk_buff *skb,
					    enum drop_frame_type type)
{
	struct where where;
	enum match match = match_any(skb, type, &where);

	return select_skb(skb, match, &where);
}
#endif

/* Is it TCP, and is the packet selected? */
static __always_inline enum match match_tc(struct __sk_buff *skb,
					   enum drop_frame_type type)
{
#if SELECTS
	enum match match = match_common(IPPROTO_TCP, type,
					(const void *)(long)skb->data,
					(const void *)(long)skb->data_end);

	return match == MATCH_WALK ? match_walk_skb(skb, type) : match;
#else
	return match_any(skb, type, 0);
#endif
}

SEC("tc")
int tc_drop_tcp(struct __sk_buff *skb)
{
	struct slot slot = slot_of(&skb->ifindex);
	enum match match = match_tc(skb, slot.frame_type);
	struct verdict verdict = verdict_of(match, &slot);

	count(&verdict, wire_length(skb));
	trace_skb(skb, slot.modes, &verdict);
	if (wants_capture(slot.modes, &verdict))
		capture_skb(skb, verdict.slot, verdict.counters);
	return is_drop(&verdict) ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

char LICENSE[] SEC("license") = "GPL";
