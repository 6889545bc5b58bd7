/* SPDX-License-Identifier: GPL-2.0-only */
/* At which hook a packet was dropped: by function, reason, and what is attached. */
#ifndef WHERE_HOOKS_H
#define WHERE_HOOKS_H

#include <linux/types.h>

enum drop_hook {
	IN_XDP_NATIVE,
	IN_XDP_GENERIC,
	IN_TC_INGRESS,
	IN_TC_EGRESS,
	IN_STACK, /* anywhere else */
	NOT_DROPPED, /* but freed by kfree_skb, too */
};

/**
 * drop_hook() - at which hook
 * @function: that freed the packet, as names_function() names it
 * @reason: "" if this kernel has none
 * @flags: of its struct where_key
 */
enum drop_hook drop_hook(const char *function, const char *reason, __u32 flags);

/* For tables and JSON: "xdp-native", … */
const char *drop_hook_name(enum drop_hook hook);

#endif
