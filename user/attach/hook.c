// SPDX-License-Identifier: GPL-2.0-only
/* The hooks' names. */
#include "attach/hook.h"

#include <linux/if_link.h>

static const struct {
	const char *name;
	const char *text;
	__u32 xdp_mode;
} hooks[] = {
	[HOOK_XDP_NATIVE] = { "xdp-native", "native XDP", XDP_FLAGS_DRV_MODE },
	[HOOK_XDP_GENERIC] = { "xdp-generic", "generic XDP",
			       XDP_FLAGS_SKB_MODE },
	[HOOK_XDP_OFFLOAD] = { "xdp-offload", "offloaded XDP",
			       XDP_FLAGS_HW_MODE },
	[HOOK_TCX_INGRESS] = { "tcx-ingress", "TCX ingress", 0 },
	[HOOK_TCX_EGRESS] = { "tcx-egress", "TCX egress", 0 },
	[HOOK_CLSACT_INGRESS] = { "clsact-ingress", "clsact ingress", 0 },
	[HOOK_CLSACT_EGRESS] = { "clsact-egress", "clsact egress", 0 },
};

const char *hook_name(enum hook hook)
{
	return hooks[hook].name;
}

const char *hook_text(enum hook hook)
{
	return hooks[hook].text;
}

__u32 hook_xdp_mode(enum hook hook)
{
	return hooks[hook].xdp_mode;
}

const char *end_name(enum end end)
{
	static const char *const names[] = {
		[END_NONE] = "",
		[END_SIGNAL] = "signal",
		[END_TIMEOUT] = "timeout",
		[END_READER_GONE] = "reader gone",
		[END_OUTPUT_FAILED] = "output failed",
		[END_FAILED] = "failed",
		[END_INTERFACE_GONE] = "interface gone",
		[END_TAKEN_OFF] = "taken off",
	};

	return names[end];
}
