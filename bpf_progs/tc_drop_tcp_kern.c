// SPDX-License-Identifier: GPL-2.0-only
/*
 * Drop TCP at a traffic control hook, on its way out or in; pass the rest.
 *
 * Passing is TC_ACT_UNSPEC, "go on": TC_ACT_OK would end the chain and so
 * switch off whichever filters come after this one.
 */
#include "capture.h"
#include "trace.h"
#include <linux/pkt_cls.h>

/* Bytes to pull into the linear part of an skb, if its own do not suffice. */
#define PULL_FIRST 256

SEC("tc")
int tc_drop_tcp(struct __sk_buff *skb)
{
	struct drop_slot slot = slot_of(&skb->ifindex);
	int tags = skb->vlan_present ? 1 : 0;
	enum match match = MATCH_UNDECIDED;
	struct judgement judgement;
	const void *data, *end;
	__u32 pull;
	int i;

	for (i = 0; i < 3; i++) {
		data = (const void *)(long)skb->data;
		end = (const void *)(long)skb->data_end;
		match = match_tcp(&slot, data, end, tags);
		if (match != MATCH_UNDECIDED || end - data >= skb->len)
			break;
		/* For want of data: pull a little, then all that may count. */
		pull = end - data < PULL_FIRST ? PULL_FIRST : MATCH_MAX_DEPTH;
		if (pull > skb->len)
			pull = skb->len;
		if (i == 2 || bpf_skb_pull_data(skb, pull))
			break;
	}
	judgement = judge(match, &slot, skb->len);
	trace_skb(skb, &judgement);
	capture_skb(skb, &judgement);
	return is_drop(&judgement) ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

char LICENSE[] SEC("license") = "GPL";
