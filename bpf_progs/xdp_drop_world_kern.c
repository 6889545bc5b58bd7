// SPDX-License-Identifier: GPL-2.0-only
/* Drop every packet that arrives, before the stack sees it. */
#include "capture_kern.h"
#include "trace_kern.h"

SEC("xdp")
int xdp_drop_world(struct xdp_md *ctx)
{
	struct slot slot = slot_of(&ctx->ingress_ifindex);
	enum match match = match_xdp(ctx, MATCH_ANY, slot.frame_type);
	struct verdict verdict = verdict_of(match, &slot);
	__u64 length = xdp_length(ctx, slot.modes);

	count(&verdict, length);
	trace_xdp(ctx, slot.modes, &verdict, length);
	if (wants_capture(slot.modes, &verdict))
		capture_xdp(ctx, verdict.slot, verdict.counters, length);
	return is_drop(&verdict) ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
