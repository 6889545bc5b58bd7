// SPDX-License-Identifier: GPL-2.0-only
/* The hooks' names, and what hangs where. */
#include "hook.h"

static const struct {
	const char *name;
	const char *words;
} hooks[] = {
	[HOOK_XDP_NATIVE] = { "xdp-native", "native XDP" },
	[HOOK_XDP_GENERIC] = { "xdp-generic", "generic XDP" },
	[HOOK_XDP_OFFLOAD] = { "xdp-offload", "offloaded XDP" },
	[HOOK_TCX_INGRESS] = { "tcx-ingress", "TCX ingress" },
	[HOOK_TCX_EGRESS] = { "tcx-egress", "TCX egress" },
	[HOOK_CLSACT_INGRESS] = { "clsact-ingress", "clsact ingress" },
	[HOOK_CLSACT_EGRESS] = { "clsact-egress", "clsact egress" },
};

const char *hook_name(enum hook hook)
{
	return hooks[hook].name;
}

const char *hook_words(enum hook hook)
{
	return hooks[hook].words;
}

const struct attachment *attachment_find(const struct attachment *list,
					 size_t count, int ifindex)
{
	size_t low = 0, high = count, middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (list[middle].interface.index == ifindex)
			return &list[middle];
		if (list[middle].interface.index < ifindex)
			low = middle + 1;
		else
			high = middle;
	}
	return list;
}
