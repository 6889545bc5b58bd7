// SPDX-License-Identifier: GPL-2.0-only
/*
 * Drop TCP at a traffic control hook, on its way out or in; pass the rest.
 *
 * Passing is TC_ACT_UNSPEC, "go on": TC_ACT_OK would end the chain and so
 * switch off whichever filters come after this one.
 */
#include "capture_kern.h"
#include "trace_kern.h"
#include <linux/pkt_cls.h>

/* Bytes to pull into the linear part of an skb, if its own do not suffice. */
#define PULL_FIRST 256

static __always_inline enum match match_skb(const struct __sk_buff *skb,
					    enum drop_frame_type type)
{
	const void *data = (const void *)(long)skb->data;
	const void *end = (const void *)(long)skb->data_end;

	return match_protocol(IPPROTO_TCP, type, data, end, skb->vlan_present);
}

/*
 * For want of data: pulls a little, or all that may count if that was not enough,
 * and matches again. Seldom needed, so it may cost a call.
 *
 * Static: a global function, which the verifier would walk once and not for each
 * call, is refused by kernels without BTF of their own.
 */
static __noinline enum match match_pulled(struct __sk_buff *skb,
					  enum drop_frame_type type)
{
	const void *data = (const void *)(long)skb->data;
	const void *end = (const void *)(long)skb->data_end;
	__u32 pull = end - data < PULL_FIRST ? PULL_FIRST : MATCH_MAX_DEPTH;

	if (pull > skb->len)
		pull = skb->len;
	if (end - data >= skb->len || bpf_skb_pull_data(skb, pull))
		return MATCH_UNDECIDED;
	return match_skb(skb, type);
}

SEC("tc")
int tc_drop_tcp(struct __sk_buff *skb)
{
	struct slot slot = slot_of(&skb->ifindex);
	enum match match = match_skb(skb, slot.frame_type);
	struct verdict verdict;

	if (match == MATCH_UNDECIDED)
		match = match_pulled(skb, slot.frame_type);
	if (match == MATCH_UNDECIDED)
		match = match_pulled(skb, slot.frame_type);
	verdict = verdict_of(match, &slot);
	count(&verdict, wire_length(skb));
	trace_skb(skb, &verdict);
	capture_skb(skb, &verdict);
	return is_drop(&verdict) ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

char LICENSE[] SEC("license") = "GPL";
