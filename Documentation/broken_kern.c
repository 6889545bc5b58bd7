// SPDX-License-Identifier: GPL-2.0-only
/*
 * Broken on purpose, for debugging.rst: it reads the IP header without asking
 * whether the frame is that long. With -DMENDED it asks, and tells what it read.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int tell_protocol(struct xdp_md *ctx)
{
	const void *data = (const void *)(long)ctx->data;
	const struct iphdr *ip = data + sizeof(struct ethhdr);

#ifdef MENDED
	const void *end = (const void *)(long)ctx->data_end;

	if ((const void *)(ip + 1) > end)
		return XDP_PASS;
	bpf_printk("protocol %u", ip->protocol);
#endif
	return ip->protocol == 6 ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
