// SPDX-License-Identifier: GPL-2.0-only
/* Drop whatever arrives, before the stack sees it. */
#include "verdict.h"

SEC("xdp")
int xdp_drop_world(struct xdp_md *ctx)
{
	struct drop_slot slot = slot_of(&ctx->ingress_ifindex);

	return verdict_drop(MATCH_YES, &slot, ctx->data_end - ctx->data) ?
		       XDP_DROP :
		       XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
