/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Does IP carry this protocol in this frame? Pure C, no BPF helper: the tests
 * compile it natively.
 *
 * The walk never guesses. A packet that ends before its protocol, or has more
 * headers than are followed here, is MATCH_UNDECIDED.
 *
 * Every read is preceded by a comparison with @end in the form that the
 * verifier understands: "pointer + constant > end".
 */
#ifndef MATCH_PROTOCOL_H
#define MATCH_PROTOCOL_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/stddef.h> /* __always_inline, unless BPF's headers had it */
#include <linux/types.h>
#include <bpf/bpf_endian.h>
#include "drop_abi.h"

#define MATCH_MAX_TAGS 4 /* 802.1Q and 802.1ad */
#define MATCH_MAX_EXTENSIONS 8 /* IPv6 extension headers */

/* The farthest byte that a verdict can depend on: the extension header's
 * length field is eight bits in units of eight bytes (RFC 8200, 4.2).
 */
#define MATCH_MAX_DEPTH                                                     \
	(sizeof(struct ethhdr) + MATCH_MAX_TAGS * sizeof(struct vlan_tag) + \
	 sizeof(struct ipv6hdr) + MATCH_MAX_EXTENSIONS * 256 * 8)

enum match {
	MATCH_NO,
	MATCH_YES,
	MATCH_UNDECIDED,
	MATCH_SPARED, /* matched, but not selected: see select_kern.h */
	MATCH_WALK, /* not known without a walk: there, too */
};

struct vlan_tag {
	__be16 tci;
	__be16 protocol; /* of what follows */
};

/* The first bytes of an IPv6 extension header, and of a fragment header. */
struct extension {
	__u8 next;
	__u8 length;
	__be16 offset; /* fragment header only: offset, two bits, M */
	__u8 rest[4];
};

#define FRAGMENT_OFFSET 0xfff8
/* Not from <linux/in6.h>: that clashes with libc's <netinet/in.h>. */
#ifndef IPPROTO_FRAGMENT
#define IPPROTO_FRAGMENT 44
#endif

/*
 * Which next header values are extension headers, and the unit of their length
 * field; all are eight bytes long plus that many units. RFC 8200 (4.3 to 4.6),
 * RFC 4302 (AH), RFC 6275 (mobility), RFC 7401 (HIP), RFC 5533 (shim6). A fragment
 * header has no length field.
 *
 * A table, not a switch: the verifier then has one path through a header, not
 * three to the power of eight through a chain of them.
 */
#define EXTENSION 0x80
#define EXTENSION_UNIT 0x0c

static const __u8 extension_kind[256] = {
	[0] = EXTENSION | 8, /* hop-by-hop options */
	[43] = EXTENSION | 8, /* routing */
	[IPPROTO_FRAGMENT] = EXTENSION | 0, /* fragment */
	[51] = EXTENSION | 4, /* authentication */
	[60] = EXTENSION | 8, /* destination options */
	[135] = EXTENSION | 8, /* mobility */
	[139] = EXTENSION | 8, /* host identity protocol */
	[140] = EXTENSION | 8, /* shim6 */
};

/*
 * Where the walk found what a selection looks at; NULL if there is none, and then all of
 * this folds away when it is compiled. Distances from the frame's first byte, not
 * pointers: the verifier would keep each number of tags and headers apart.
 */
struct where {
	__u32 network; /* of the IP header, less than 64 */
	__u32 transport; /* of what IP carries; 0: not known, or a later fragment's */
	__u8 family; /* 4, 6; 0: not IP, or the frame is too short to know */
	__u8 later; /* a later fragment */
	__u8 carried; /* IPPROTO_*, if the match is decided */
	__u8 arp;
};

/* In assembly: clang would write down the constants that it knows. */
static __always_inline __u64 distance(const void *start, const void *at)
{
	__u64 distance = (__u64)at;

#ifdef __bpf__
	asm volatile("%0 -= %1" : "+r"(distance) : "r"(start));
#else
	distance -= (__u64)start;
#endif
	return distance;
}

static __always_inline void found_network(struct where *where, __u8 family,
					  const void *start, const void *header)
{
	if (!where)
		return;
	where->family = family;
	where->network = distance(start, header);
}

static __always_inline void found_carried(struct where *where, __u8 carried,
					  const void *start, const void *header)
{
	if (!where)
		return;
	where->carried = carried;
	where->transport = distance(start, header);
}

static __always_inline void found_fragment(struct where *where, __u8 carried)
{
	if (!where)
		return;
	where->carried = carried;
	where->later = 1;
}

#define IPV4_OFFSET 0x1fff

/* @carried: a byte; of this size, clang need not cut it down to one where ways meet. */
static __always_inline enum match match_carried(__u8 wanted, __u32 carried)
{
	return carried == wanted ? MATCH_YES : MATCH_NO;
}

static __always_inline enum match match_ipv4(__u8 wanted, const void *start,
					     const void *data, const void *end,
					     struct where *where)
{
	const struct iphdr *ip = data;
	const __u8 *first = data;

	if ((const void *)(ip + 1) > end)
		return MATCH_UNDECIDED;
	/* Version 4, and 5 words or more: the lowest is subtracted to compare once. */
	if (*first - 0x45ULL > 0x4f - 0x45)
		return MATCH_NO;
	found_network(where, 4, start, ip);
	if (where && ip->frag_off & bpf_htons(IPV4_OFFSET))
		found_fragment(where, ip->protocol);
	else
		found_carried(where, ip->protocol, start, data + ip->ihl * 4);
	return match_carried(wanted, ip->protocol);
}

/* Experimental headers (RFC 3692) may contain anything, in any format. */
static __always_inline enum match match_next_header(__u8 wanted, __u32 next)
{
	if (next == 253 || next == 254)
		return MATCH_UNDECIDED;
	return match_carried(wanted, next);
}

/* @header: the one at @data, a number that extension_kind[] knows. */
static __always_inline enum match
match_extensions(__u8 wanted, const void *start, const void *data,
		 const void *end, __u8 header, struct where *where)
{
	const struct extension *ext;
	__u8 kind;
	__u32 size;
	int i;

	for (i = 0; i < MATCH_MAX_EXTENSIONS; i++) {
		kind = extension_kind[header];
		if (!kind) {
			found_carried(where, header, start, data);
			return match_next_header(wanted, header);
		}
		ext = data;
		if ((const void *)(ext + 1) > end)
			return MATCH_UNDECIDED;
		/* No header follows in a later fragment. */
		if (header == IPPROTO_FRAGMENT &&
		    ext->offset & bpf_htons(FRAGMENT_OFFSET)) {
			header = ext->next;
			found_fragment(where, header);
			break;
		}
		header = ext->next;
		/* At most 255 * 8: the mask only tells 6.1's verifier so. */
		size = ext->length * (kind & EXTENSION_UNIT);
		data += sizeof(*ext) + (size & 0x7fc);
	}
	if (where && !where->later)
		found_carried(where, header, start, data);
	return extension_kind[header] ? MATCH_UNDECIDED :
					match_next_header(wanted, header);
}

/* @data: where the header should start, less than 64 bytes behind @start. */
static __always_inline enum match match_ipv6(__u8 wanted, const void *start,
					     const void *data, const void *end,
					     struct where *where)
{
	const struct ipv6hdr *ip = data;
	__u64 offset = data - start;

	if ((const void *)(ip + 1) > end)
		return MATCH_UNDECIDED;
	if (ip->version != 6)
		return MATCH_NO;
	found_network(where, 6, start, ip);
	if (!extension_kind[ip->nexthdr]) {
		found_carried(where, ip->nexthdr, start, ip + 1);
		return match_next_header(wanted, ip->nexthdr);
	}
	/*
	 * The verifier knows only what the mask says about the distance between
	 * the two pointers. So it walks the following headers once, not once for
	 * each number of tags in front of them. The mask also makes it even: where
	 * loads must be aligned, an odd offset is rejected. The empty asm keeps
	 * clang, which knows the distance, from using a constant.
	 */
	asm volatile("" : "+r"(offset));
	data = start + (offset & 62);
	return match_extensions(wanted, start, data + sizeof(*ip), end,
				ip->nexthdr, where);
}

/* What follows the link layer's headers. */
struct network {
	const void *header;
	__u32 protocol; /* EtherType, big endian; a tag's if it is not known */
};

static __always_inline int is_tag(__u32 protocol)
{
	return protocol == bpf_htons(ETH_P_8021Q) ||
	       protocol == bpf_htons(ETH_P_8021AD);
}

static __always_inline struct network behind_ethernet(const void *data,
						      const void *end, int tags)
{
	struct network network = { data, bpf_htons(ETH_P_8021Q) };
	const struct ethhdr *eth = data;
	const struct vlan_tag *tag;
	const __be16 *type;
	int i;

	if ((const void *)(eth + 1) > end)
		return network;
	network.header = eth + 1;
	/* h_proto is packed, which would be read byte by byte. */
	type = data + offsetof(struct ethhdr, h_proto);
	network.protocol = *type;
	for (i = 0; i < MATCH_MAX_TAGS; i++) {
		tag = network.header;
		if (!is_tag(network.protocol) || i + tags >= MATCH_MAX_TAGS ||
		    (const void *)(tag + 1) > end)
			break;
		network.header = tag + 1;
		network.protocol = tag->protocol;
	}
	return network;
}

/* No Ethernet header: the packet itself says which IP it is. */
static __always_inline struct network behind_nothing(const void *data,
						     const void *end)
{
	struct network network = { data, bpf_htons(ETH_P_8021Q) };
	const __u8 *first = data;

	if ((const void *)(first + 1) > end)
		return network;
	network.protocol = *first >> 4 == 4 ? bpf_htons(ETH_P_IP) :
			   *first >> 4 == 6 ? bpf_htons(ETH_P_IPV6) :
					      0;
	return network;
}

/**
 * match_where() - does IP carry this protocol in this frame, and where are its headers?
 * @wanted: the protocol: IPPROTO_TCP, say, or another one that is no extension header
 * @type: what the frame starts with
 * @data: its first byte
 * @end: the byte after its last
 * @tags: VLAN tags already taken off the frame (0 to MATCH_MAX_TAGS)
 * @where: all zero before; or NULL
 */
static __always_inline enum match match_where(__u8 wanted,
					      enum drop_frame_type type,
					      const void *data, const void *end,
					      int tags, struct where *where)
{
	struct network network = type == TYPE_IP ?
					 behind_nothing(data, end) :
					 behind_ethernet(data, end, tags);

	if (network.protocol == bpf_htons(ETH_P_IP))
		return match_ipv4(wanted, data, network.header, end, where);
	if (network.protocol == bpf_htons(ETH_P_IPV6))
		return match_ipv6(wanted, data, network.header, end, where);
	if (where)
		where->arp = network.protocol == bpf_htons(ETH_P_ARP);
	return is_tag(network.protocol) ? MATCH_UNDECIDED : MATCH_NO;
}

static __always_inline enum match match_protocol(__u8 wanted,
						 enum drop_frame_type type,
						 const void *data,
						 const void *end, int tags)
{
	return match_where(wanted, type, data, end, tags, 0);
}

#endif
