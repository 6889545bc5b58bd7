// SPDX-License-Identifier: GPL-2.0-only
/* At which hook a packet was dropped: by function, reason, and what is attached. */
#include "where/hooks.h"

#include <fnmatch.h>
#include <string.h>

#include "where_abi.h"

const char *drop_hook_name(enum drop_hook hook)
{
	static const char *const names[] = {
		[IN_XDP_NATIVE] = "xdp-native",
		[IN_XDP_GENERIC] = "xdp-generic",
		[IN_TC_INGRESS] = "tc-ingress",
		[IN_TC_EGRESS] = "tc-egress",
		[IN_STACK] = "stack",
	};

	return names[hook];
}

static bool is_one_of(const char *function, const char *const *patterns)
{
	for (; *patterns; patterns++) {
		if (!fnmatch(*patterns, function, 0))
			return true;
	}
	return false;
}

/* No more was said than that it was freed. */
static bool is_unnamed(const char *reason)
{
	return !*reason || !strcmp(reason, "NOT_SPECIFIED");
}

enum drop_hook drop_hook(const char *function, const char *reason, __u32 flags,
			 bool tc_reasons)
{
	/* Into which of them the compiler inlines the others varies. */
	static const char *const native[] = { "veth_xdp_rcv_skb",
					      "veth_xdp_rcv", "veth_poll",
					      NULL };
	static const char *const generic[] = { "do_xdp_generic",
					       "netif_receive_generic_xdp",
					       "generic_xdp_tx", NULL };
	static const char *const ingress[] = { "__netif_receive_skb_core",
					       "sch_handle_ingress", NULL };
	static const char *const egress[] = { "__dev_queue_xmit",
					      "sch_handle_egress", NULL };

	if (is_one_of(function, native))
		return IN_XDP_NATIVE;
	if (is_one_of(function, generic))
		return IN_XDP_GENERIC;
	if (!strcmp(reason, "TC_INGRESS"))
		return IN_TC_INGRESS;
	if (!strcmp(reason, "TC_EGRESS"))
		return IN_TC_EGRESS;
	if (tc_reasons || !is_unnamed(reason))
		return IN_STACK;
	if (flags & WHERE_TC_INGRESS && is_one_of(function, ingress))
		return IN_TC_INGRESS;
	if (flags & WHERE_TC_EGRESS && is_one_of(function, egress))
		return IN_TC_EGRESS;
	return IN_STACK;
}

bool drop_is_none(const char *function, const char *reason)
{
	static const char *const sent[] = { "*_tx_complet*", "*_clean_tx_irq",
					    "*_tx_reclaim*", "*_reclaim_tx*",
					    NULL };
	static const char *const test_run[] = { "bpf_prog_test_run_skb",
						"bpf_test_finish", NULL };

	return is_one_of(function, test_run) ||
	       (is_unnamed(reason) && is_one_of(function, sent));
}
