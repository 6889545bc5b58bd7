/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A line in the kernel's trace for each packet that is not just passed, for
 * --trace. Without MODE_TRACE the verifier removes all of it.
 *
 * Linux 5.10 takes three values at most, and no widths. The run's mark comes
 * first: all programs of the machine share this event.
 */
#ifndef TRACE_KERN_H
#define TRACE_KERN_H

#include "verdict.h"

static __noinline void trace_packet(enum drop_stat kind, __u32 ifindex,
				    __u32 bytes)
{
	if (kind == STAT_DROPPED)
		bpf_printk("by %x on %u: dropped, %u bytes", config.trace,
			   ifindex, bytes);
	else if (kind == STAT_OBSERVED)
		bpf_printk("by %x on %u: observed, %u bytes", config.trace,
			   ifindex, bytes);
	else if (kind == STAT_UNDECIDED)
		bpf_printk("by %x on %u: undecided, %u bytes", config.trace,
			   ifindex, bytes);
}

static __always_inline void trace_xdp(const struct xdp_md *ctx, __u32 modes,
				      const struct verdict *verdict,
				      __u64 length)
{
	if (is_on(modes, MODE_TRACE))
		trace_packet(verdict->kind, ctx->ingress_ifindex, length);
}

static __always_inline void trace_skb(const struct __sk_buff *skb, __u32 modes,
				      const struct verdict *verdict)
{
	if (is_on(modes, MODE_TRACE))
		trace_packet(verdict->kind, skb->ifindex, wire_length(skb));
}

#endif
