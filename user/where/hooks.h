/* SPDX-License-Identifier: GPL-2.0-only */
/* At which hook a packet was dropped: by function, reason, and what is attached. */
#ifndef WHERE_HOOKS_H
#define WHERE_HOOKS_H

#include <linux/types.h>
#include <stdbool.h>

enum drop_hook {
	IN_XDP_NATIVE,
	IN_XDP_GENERIC,
	IN_TC_INGRESS,
	IN_TC_EGRESS,
	IN_STACK, /* anywhere else */
};

/**
 * drop_hook() - at which hook
 * @function: that freed the packet, as symbols_find() names it
 * @reason: "" if this kernel has none
 * @flags: of its struct where_key: on kernels without reasons of TC's own, a
 *	packet is dropped by TC only where something is attached to it
 * @tc_reasons: this kernel has those
 */
enum drop_hook drop_hook(const char *function, const char *reason, __u32 flags,
			 bool tc_reasons);

/* For tables and JSON: "xdp-native", … */
const char *drop_hook_name(enum drop_hook hook);

/**
 * drop_is_none() - was the packet freed by kfree_skb, but not dropped?
 *
 * Some drivers free what they have sent that way (vmxnet3_tq_tx_complete), and so
 * does the end of a BPF test run, whose packet was on no network.
 */
bool drop_is_none(const char *function, const char *reason);

#endif
