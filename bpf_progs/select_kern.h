/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which of the matched packets to drop by their addresses and ports: --only and --except.
 * class_kern.h looks addresses up, due_kern.h has what does not depend on the packet. The same
 * source makes two objects: where SELECTS is 0, there is none of this; the loader takes the
 * other one only for runs that select.
 *
 * A packet is selected if an --only rule matches it, or there is none, and no --except rule
 * does. What cannot be read makes it undecided, where the result depends on it.
 */
#ifndef SELECT_KERN_H
#define SELECT_KERN_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "match_protocol.h"
#include "select_abi.h"

#ifndef SELECTS
#define SELECTS 0
#endif

#if SELECTS

#include "class_kern.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct select_class);
} select_classes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct select_ports);
} select_ports SEC(".maps");

/*
 * 16 bits at a time: where loads must be aligned, the verifier knows of a header only that
 * it is at an even address. The barrier puts them together at once: clang would keep all
 * halves on the stack.
 */
static __always_inline __u64 load32(const void *at)
{
	const __u16 *half = at;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	__u64 value = half[0] | (__u64)half[1] << 16;
#else
	__u64 value = (__u64)half[0] << 16 | half[1];
#endif

	barrier_var(value);
	return value;
}

/*
 * Of an IPv6 address. The trie reads it in words of this size, which is slow if it was
 * written in smaller ones.
 */
static __always_inline __u64 load64(const void *at)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	__u64 value = load32(at) | load32(at + 4) << 32;
#else
	__u64 value = load32(at) << 32 | load32(at + 4);
#endif

	barrier_var(value);
	return value;
}

/* The addresses of both ends, in network order; IPv4: the first word's value. */
struct ends {
	__u64 address[2][2]; /* source, destination */
	__u16 port[2]; /* host order */
	enum {
		PORTS_ABSENT, /* not TCP or UDP, or a later fragment */
		PORTS_UNKNOWN, /* not in the frame, or too deeply nested */
		PORTS_KNOWN,
	} ports;
	const void *table; /* for class_ipv4() */
};

/* What rules say of a packet: a bit each. MAYBE: that depends on a port that is not known. */
#define HIT 1
#define MAYBE 2
#define EXCEPT_SHIFT (EXCEPT_SOURCE - ONLY_SOURCE)

static __always_inline __u32 hit_port(__u32 set, const struct ends *ends,
				      int end)
{
	const struct select_ports *ports;
	__u32 port = ends->port[end];

	if (ends->ports != PORTS_KNOWN)
		return ends->ports == PORTS_UNKNOWN ? MAYBE : 0;
	ports = bpf_map_lookup_elem(&select_ports, &set);
	if (!ports)
		return 0;
	return ports->words[port / 32 % (65536 / 32)] >> port % 32 & HIT;
}

static __always_inline __u32 hit_set(__u32 which, const struct ends *ends,
				     int end)
{
	return which < PORTS_SETS ? 0 : hit_port(which - PORTS_SETS, ends, end);
}

/* @class: as a word */
static __always_inline __u32 hit_class(__u32 class, const struct ends *ends,
				       int end)
{
	const __u32 flags = select_config.flags;
	__u32 hits = class >> end & (HIT | HIT << EXCEPT_SHIFT);
	__u32 index = class >> SELECT_ENDS;
	const struct select_class *sets;

	if (!(flags & SELECT_PORTS) || !index)
		return hits;
	sets = bpf_map_lookup_elem(&select_classes, &index);
	if (!sets)
		return hits;
	if (flags & SELECT_ONLY)
		hits |= hit_set(sets->ports[ONLY_SOURCE + end], ends, end);
	if (flags & SELECT_EXCEPT)
		hits |= hit_set(sets->ports[EXCEPT_SOURCE + end], ends, end)
			<< EXCEPT_SHIFT;
	return hits;
}

static __always_inline int is_in(const volatile struct select_prefix *prefix,
				 __u8 family, const __u64 *address)
{
	const volatile __u64 *value = (const volatile __u64 *)prefix->value;
	const volatile __u64 *mask = (const volatile __u64 *)prefix->mask;

	if (family == 4)
		return (address[0] & prefix->mask[0]) == prefix->value[0];
	return !(((address[0] & mask[0]) ^ value[0]) |
		 ((address[1] & mask[1]) ^ value[1]));
}

static __always_inline __u32 hit_few(const volatile struct select_prefix *few,
				     int count, __u8 family,
				     const struct ends *ends, int end)
{
	__u32 hits = 0;
	int i;

#pragma unroll
	for (i = 0; i < SELECT_FEW; i++) {
		if (i < count && is_in(&few[i], family, ends->address[end]))
			hits |= hit_class(few[i].class, ends, end);
	}
	return hits;
}

static __always_inline __u32 hit_end(__u8 family, const struct ends *ends,
				     int end)
{
	const __u32 lookup = family == 4 ? select_config.lookup4 :
					   select_config.lookup6;

	if (lookup == LOOKUP_MANY)
		return hit_class(family == 4 ?
					 class_ipv4(ends->table,
						    ends->address[end][0]) :
					 class_ipv6(ends->address[end]),
				 ends, end);
	if (lookup == LOOKUP_NONE)
		return 0;
	return family == 4 ? hit_few(select_config.few4, select_config.count4,
				     family, ends, end) :
			     hit_few(select_config.few6, select_config.count6,
				     family, ends, end);
}

static __always_inline int has_ports(__u8 carried)
{
	return carried == IPPROTO_TCP || carried == IPPROTO_UDP;
}

/* Ports are read only if rules have some. */
static __always_inline void read_ports(struct ends *ends, enum match match,
				       const struct where *where,
				       const void *start, const void *end)
{
	const __u16 *port = start + (where->transport & 0x7ffe);

	ends->ports = PORTS_ABSENT;
	if (!(select_config.flags & SELECT_PORTS) || where->later)
		return;
	if (match != MATCH_UNDECIDED && !has_ports(where->carried))
		return;
	ends->ports = PORTS_UNKNOWN;
	if (match == MATCH_UNDECIDED || (const void *)(port + 2) > end)
		return;
	ends->port[0] = bpf_ntohs(port[0]);
	ends->port[1] = bpf_ntohs(port[1]);
	ends->ports = PORTS_KNOWN;
}

/* Whatever the other end hits, it changes nothing. */
static __always_inline int is_settled(__u32 hits)
{
	if (select_config.flags & SELECT_EXCEPT)
		return hits & HIT << EXCEPT_SHIFT;
	return hits & HIT;
}

static __always_inline void read_addresses(struct ends *ends, __u8 family,
					   const void *header)
{
	const struct iphdr *ipv4 = header;
	const struct ipv6hdr *ipv6 = header;
	int i;

	if (family == 4) {
		ends->address[0][0] = load32(&ipv4->saddr);
		ends->address[1][0] = load32(&ipv4->daddr);
		return;
	}
#pragma unroll
	for (i = 0; i < 2; i++) {
		ends->address[0][i] = load64(&ipv6->saddr.s6_addr32[2 * i]);
		ends->address[1][i] = load64(&ipv6->daddr.s6_addr32[2 * i]);
	}
}

static __always_inline __u32 hit_ends(__u8 family, struct ends *ends)
{
	__u32 hits, zero = 0;

	if (family == 4 && select_config.lookup4 == LOOKUP_MANY) {
		ends->table = bpf_map_lookup_elem(&select_ipv4, &zero);
		if (!ends->table)
			return 0;
	}
	hits = hit_end(family, ends, 0);
	if (!is_settled(hits))
		hits |= hit_end(family, ends, 1);
	return hits;
}

/* @family, and @size of its header: constants */
static __always_inline __u32 hit_packet(__u8 family, int size, enum match match,
					const struct where *where,
					const void *start, const void *end)
{
	const void *header = start + (where->network & 62);
	struct ends ends = {};

	if (header + size > end)
		return 0; /* the walk has read it: this tells the verifier */
	read_addresses(&ends, family, header);
	read_ports(&ends, match, where, start, end);
	return hit_ends(family, &ends);
}

static __always_inline enum match judge_hits(__u32 hits)
{
	const __u32 only = select_config.flags & SELECT_ONLY;

	if (hits & HIT << EXCEPT_SHIFT || (only && !(hits & (HIT | MAYBE))))
		return MATCH_SPARED;
	if (hits & MAYBE << EXCEPT_SHIFT || (only && !(hits & HIT)))
		return MATCH_UNDECIDED;
	return MATCH_YES;
}

/* Types and codes, as libc's and the kernel's headers for them clash. */
#define ICMP_UNREACHABLE 3 /* RFC 792 */
#define ICMP_TOO_BIG 4 /* its code: RFC 1191 */
#define ICMPV6_TOO_BIG 2 /* RFC 4443 */
#define ICMPV6_ND_FIRST 133 /* RFC 4861 */
#define ICMPV6_ND_LAST 137

static __always_inline int is_neighbour(enum match match,
					const struct where *where,
					const void *start, const void *end)
{
	const __u8 *icmp = start + (where->transport & 0x7ffe);

	if (where->arp)
		return 1;
	if (match == MATCH_UNDECIDED || !where->family || where->later ||
	    (const void *)(icmp + 2) > end)
		return 0;
	if (where->family == 4)
		return where->carried == IPPROTO_ICMP &&
		       icmp[0] == ICMP_UNREACHABLE && icmp[1] == ICMP_TOO_BIG;
	return where->carried == IPPROTO_ICMPV6 &&
	       (icmp[0] == ICMPV6_TOO_BIG ||
		(icmp[0] >= ICMPV6_ND_FIRST && icmp[0] <= ICMPV6_ND_LAST));
}

/*
 * MATCH_YES or MATCH_SPARED: it is selected, or it is not; or MATCH_UNDECIDED.
 * @match: what the walk has said, of any protocol
 */
static __always_inline enum match select_frame(enum match match,
					       const struct where *where,
					       const void *start,
					       const void *end)
{
	const __u32 flags = select_config.flags;
	__u32 hits = 0;

	if (flags & SELECT_NEIGHBOURS && is_neighbour(match, where, start, end))
		return MATCH_SPARED;
	if (!(flags & (SELECT_ONLY | SELECT_EXCEPT)))
		return MATCH_YES;
	if (where->family == 4)
		hits = hit_packet(4, sizeof(struct iphdr), match, where, start,
				  end);
	else if (where->family == 6)
		hits = hit_packet(6, sizeof(struct ipv6hdr), match, where,
				  start, end);
	else if (match == MATCH_UNDECIDED)
		return MATCH_UNDECIDED;
	return judge_hits(hits);
}

/*
 * Both together. A packet that does not match needs no selection, and what is spared is,
 * whatever it is.
 */
static __always_inline enum match matched_and(enum match match,
					      enum match selected)
{
	if (match == MATCH_NO)
		return MATCH_NO;
	return selected == MATCH_YES ? match : selected;
}

#endif /* SELECTS */

#endif
