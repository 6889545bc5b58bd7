/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From packet to match, with selection or without: see SELECTS in select_kern.h. The walk that
 * is right for each frame is in match_protocol.h.
 */
#ifndef MATCH_KERN_H
#define MATCH_KERN_H

#include "match_protocol.h"
#include "select_kern.h"

#define MATCH_ANY 0 /* as the protocol wanted: each frame matches */

#if SELECTS

/* The addresses and ports behind an IP header at a constant distance, which ends at @port. */
static __always_inline enum match match_ends(__u8 family, const void *address,
					     const __be16 *port)
{
	const __u32 *ipv4 = address;
	const __u64 *ipv6 = address;
	struct ends ends = { .ports = PORTS_KNOWN };
	const __u32 flags = select_config.flags;

	if (!(flags & (SELECT_ONLY | SELECT_EXCEPT)))
		return MATCH_YES;
	if (flags & SELECT_PORTS) {
		ends.port[0] = bpf_ntohs(port[0]);
		ends.port[1] = bpf_ntohs(port[1]);
	}
	if (family == 4) {
		ends.address[0][0] = ipv4[0];
		ends.address[1][0] = ipv4[1];
	} else {
		ends.address[0][0] = ipv6[0];
		ends.address[0][1] = ipv6[1];
		ends.address[1][0] = ipv6[2];
		ends.address[1][1] = ipv6[3];
	}
	return judge_hits(hit_ends(family, &ends));
}

/*
 * Matches and selects at once the frames that are frequent: TCP or UDP, with its ports,
 * behind Ethernet without tags, and IPv4 without options or IPv6 without extension headers.
 * All is at constant distances there: nothing has to be written down, and the verifier
 * knows how the loads are aligned. MATCH_WALK: it is another frame, which has to be walked.
 */
static __always_inline enum match match_common(__u8 wanted,
					       enum drop_frame_type type,
					       const void *data,
					       const void *end)
{
	const __be16 *protocol = data + offsetof(struct ethhdr, h_proto);
	const struct iphdr *ipv4 = data + sizeof(struct ethhdr);
	const struct ipv6hdr *ipv6 = data + sizeof(struct ethhdr);
	const __u8 *version = data + sizeof(struct ethhdr);
	const __be16 *port4 = (const void *)(ipv4 + 1);
	const __be16 *port6 = (const void *)(ipv6 + 1);

	if (type != TYPE_ETHERNET || (const void *)(port4 + 2) > end)
		return MATCH_WALK;
	if (*protocol == bpf_htons(ETH_P_IP)) {
		if (*version != 0x45 || !has_ports(ipv4->protocol) ||
		    ipv4->frag_off & bpf_htons(IPV4_OFFSET))
			return MATCH_WALK;
		if (wanted != MATCH_ANY && ipv4->protocol != wanted)
			return MATCH_NO;
		return match_ends(4, &ipv4->saddr, port4);
	}
	if (*protocol != bpf_htons(ETH_P_IPV6) ||
	    (const void *)(port6 + 2) > end || *version >> 4 != 6 ||
	    !has_ports(ipv6->nexthdr))
		return MATCH_WALK;
	if (wanted != MATCH_ANY && ipv6->nexthdr != wanted)
		return MATCH_NO;
	return match_ends(6, &ipv6->saddr, port6);
}

/* Any frame. Not inline: its registers and its place on the stack would cost the others. */
static __noinline enum match match_walk(const struct xdp_md *ctx, __u8 wanted,
					enum drop_frame_type type)
{
	const void *data = (const void *)(long)ctx->data;
	const void *end = (const void *)(long)ctx->data_end;
	struct where where = {};
	enum match match, selected;

	/* Kept in memory: in registers, each way out of the walk would set all of its members. */
	asm volatile("" : : "r"(&where) : "memory");
	match = match_where(wanted ?: IPPROTO_TCP, type, data, end, 0, &where);
	asm volatile("" : : "r"(&where) : "memory");
	/* Read anew: with these alive meanwhile, the verifier would keep all paths apart. */
	data = (const void *)(long)ctx->data;
	end = (const void *)(long)ctx->data_end;
	selected = select_frame(match, &where, data, end);
	return matched_and(wanted == MATCH_ANY ? MATCH_YES : match, selected);
}

#endif

/* Does this protocol match, and is the packet selected? */
static __always_inline enum match
match_xdp(const struct xdp_md *ctx, __u8 wanted, enum drop_frame_type type)
{
	const void *data = (const void *)(long)ctx->data;
	const void *end = (const void *)(long)ctx->data_end;
#if SELECTS
	enum match match;

	if (wanted == MATCH_ANY && !(select_config.flags & SELECT_BY_FRAME))
		return MATCH_YES;
	match = match_common(wanted, type, data, end);
	return match == MATCH_WALK ? match_walk(ctx, wanted, type) : match;
#else
	return wanted == MATCH_ANY ? MATCH_YES :
				     match_protocol(wanted, type, data, end, 0);
#endif
}

#endif
