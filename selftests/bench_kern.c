// SPDX-License-Identifier: GPL-2.0-only
/*
 * What bench.c compares with: the least that drops TCP over IPv4, as the experiment's
 * notebook has it, with and without a counter. They assume untagged frames, and IPv4.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} dropped SEC(".maps");

static __always_inline int is_tcp(const void *data, const void *end)
{
	const struct ethhdr *eth = data;
	const struct iphdr *ip = (const void *)(eth + 1);

	return (const void *)(ip + 1) <= end &&
	       eth->h_proto == bpf_htons(ETH_P_IP) &&
	       ip->protocol == IPPROTO_TCP;
}

static __always_inline void count_one(void)
{
	__u32 zero = 0;
	__u64 *packets = bpf_map_lookup_elem(&dropped, &zero);

	if (packets)
		*packets += 1;
}

SEC("xdp")
int xdp_minimal(struct xdp_md *ctx)
{
	return is_tcp((void *)(long)ctx->data, (void *)(long)ctx->data_end) ?
		       XDP_DROP :
		       XDP_PASS;
}

SEC("xdp")
int xdp_counting(struct xdp_md *ctx)
{
	if (!is_tcp((void *)(long)ctx->data, (void *)(long)ctx->data_end))
		return XDP_PASS;
	count_one();
	return XDP_DROP;
}

SEC("tc")
int tc_minimal(struct __sk_buff *skb)
{
	return is_tcp((void *)(long)skb->data, (void *)(long)skb->data_end) ?
		       TC_ACT_SHOT :
		       TC_ACT_OK;
}

SEC("tc")
int tc_counting(struct __sk_buff *skb)
{
	if (!is_tcp((void *)(long)skb->data, (void *)(long)skb->data_end))
		return TC_ACT_OK;
	count_one();
	return TC_ACT_SHOT;
}

char LICENSE[] SEC("license") = "GPL";
