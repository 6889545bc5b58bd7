// SPDX-License-Identifier: GPL-2.0-only
/* At which hook a packet was dropped: by function, reason, and what is attached. */
#include "where/hooks.h"

#include <fnmatch.h>
#include <stdbool.h>
#include <string.h>

#include "lib/macros.h"
#include "where_abi.h"

/* The reason says only that it was freed. */
#define UNNAMED "NOT_SPECIFIED"

/* The first that fits counts. */
static const struct site {
	const char *function; /* a glob */
	const char *reason; /* NULL: any */
	__u32 flag; /* of where_key.flags; 0: any */
	enum drop_hook hook;
} sites[] = {
	/* Which of them the compiler inlines into which varies. */
	{ "veth_xdp_rcv_skb", NULL, 0, IN_XDP_NATIVE },
	{ "veth_xdp_rcv", NULL, 0, IN_XDP_NATIVE },
	{ "veth_poll", NULL, 0, IN_XDP_NATIVE },
	{ "do_xdp_generic", NULL, 0, IN_XDP_GENERIC },
	{ "netif_receive_generic_xdp", NULL, 0, IN_XDP_GENERIC },
	{ "generic_xdp_tx", NULL, 0, IN_XDP_GENERIC },
	{ "*", "TC_INGRESS", 0, IN_TC_INGRESS },
	{ "*", "TC_EGRESS", 0, IN_TC_EGRESS },
	{ "__netif_receive_skb_core", UNNAMED, WHERE_TC_INGRESS,
	  IN_TC_INGRESS },
	{ "sch_handle_ingress", UNNAMED, WHERE_TC_INGRESS, IN_TC_INGRESS },
	{ "__dev_queue_xmit", UNNAMED, WHERE_TC_EGRESS, IN_TC_EGRESS },
	{ "sch_handle_egress", UNNAMED, WHERE_TC_EGRESS, IN_TC_EGRESS },
	/* Some drivers free sent packets so: vmxnet3_tq_tx_complete. */
	{ "*_tx_complet*", UNNAMED, 0, NOT_DROPPED },
	{ "*_clean_tx_irq", UNNAMED, 0, NOT_DROPPED },
	{ "*_tx_reclaim*", UNNAMED, 0, NOT_DROPPED },
	{ "*_reclaim_tx*", UNNAMED, 0, NOT_DROPPED },
	{ "*_ring_tx_clean", UNNAMED, 0, NOT_DROPPED }, /* atlantic, ag71xx */
	{ "*_tx_done*", UNNAMED, 0, NOT_DROPPED }, /* forcedeth */
	{ "*_tx_int", UNNAMED, 0, NOT_DROPPED }, /* bnx2, bnxt */
	{ "*_free_tx_pkt", UNNAMED, 0, NOT_DROPPED }, /* bnx2x, qede */
	{ "alx_free_txbuf", UNNAMED, 0, NOT_DROPPED },
	{ "enic_free_wq_buf", UNNAMED, 0, NOT_DROPPED },
	{ "vmxnet3_unmap_pkt", UNNAMED, 0, NOT_DROPPED },
	/* The end of a BPF test run, whose packet was on no network. */
	{ "bpf_prog_test_run_skb", NULL, 0, NOT_DROPPED },
	{ "bpf_test_finish", NULL, 0, NOT_DROPPED },
};

const char *drop_hook_name(enum drop_hook hook)
{
	static const char *const names[] = {
		[IN_XDP_NATIVE] = "xdp-native",
		[IN_XDP_GENERIC] = "xdp-generic",
		[IN_TC_INGRESS] = "tc-ingress",
		[IN_TC_EGRESS] = "tc-egress",
		[IN_STACK] = "stack",
		[NOT_DROPPED] = "none",
	};

	return names[hook];
}

enum drop_hook drop_hook(const char *function, const char *reason, __u32 flags)
{
	const struct site *site;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sites); i++) {
		site = &sites[i];
		if (!fnmatch(site->function, function, 0) &&
		    (!site->reason ||
		     !strcmp(site->reason, *reason ? reason : UNNAMED)) &&
		    (flags & site->flag) == site->flag)
			return site->hook;
	}
	return IN_STACK;
}
