// SPDX-License-Identifier: GPL-2.0-only
/* Drop whatever arrives, before the stack sees it. */
#include "capture.h"
#include "trace.h"

SEC("xdp")
int xdp_drop_world(struct xdp_md *ctx)
{
	struct drop_slot slot = slot_of(&ctx->ingress_ifindex);
	struct judgement judgement = judge(MATCH_YES, &slot);

	book(&judgement, ctx->data_end - ctx->data);
	trace_xdp(ctx, &judgement);
	capture_xdp(ctx, &judgement);
	return is_drop(&judgement) ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
