/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which of the matched packets to drop by their addresses and ports: --only and --except.
 * due_kern.h has what does not depend on the packet. The same source makes two objects:
 * where SELECTS is 0, there is none of this; the loader takes the other one only for runs
 * that select.
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

const volatile struct select_config select_config SEC(".rodata.select") = {};

/* The loader sets the size; the kernel refuses BTF types of another size. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct select_ipv4));
} select_ipv4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct select_ipv6);
	__type(value, __u32);
} select_ipv6 SEC(".maps");

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
 * it is at an even address.
 */
static __always_inline __u32 load32(const void *at)
{
	const __u16 *half = at;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return half[0] | (__u32)half[1] << 16;
#else
	return (__u32)half[0] << 16 | half[1];
#endif
}

/* The addresses of both ends, in network order; IPv4: the first word. */
struct ends {
	__u32 address[2][4]; /* source, destination */
	__u16 port[2]; /* host order */
	enum {
		PORTS_ABSENT, /* not TCP or UDP, or a later fragment */
		PORTS_UNKNOWN, /* not in the frame, or too deeply nested */
		PORTS_KNOWN,
	} ports;
};

/* What rules say of a packet: a bit each. MAYBE: that depends on a port that is not known. */
#define HIT 1
#define MAYBE 2
#define EXCEPT_SHIFT 2

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

static __always_inline __u32 hit_rules(__u32 which, const struct ends *ends,
				       int end)
{
	if (which < PORTS_SETS)
		return which == PORTS_ALL ? HIT : 0;
	if (!(select_config.flags & SELECT_PORTS))
		return 0;
	return hit_port(which - PORTS_SETS, ends, end);
}

static __always_inline __u32 hit_class(const volatile struct select_class *class,
				       const struct ends *ends, int end)
{
	const __u32 flags = select_config.flags;
	__u32 hits = 0;

	if (flags & SELECT_ONLY)
		hits |= hit_rules(class->ports[ONLY_SOURCE + end], ends, end);
	if (flags & SELECT_EXCEPT)
		hits |= hit_rules(class->ports[EXCEPT_SOURCE + end], ends, end)
			<< EXCEPT_SHIFT;
	return hits;
}

/*
 * The last range that begins at or before this address. Arithmetic in assembly: of a
 * comparison clang makes a branch, and of sixteen the verifier makes 65,536 paths. The mask
 * is a constant to the verifier, as the loader has set it.
 */
static __always_inline __u32 find_range(const struct select_ipv4 *table,
					__u64 at, __u64 address)
{
	const __u64 mask = select_config.mask;
	const int steps = select_config.steps;
	__u64 next, first, reached;
	int step;

#pragma unroll
	for (step = SELECT_MOST_STEPS - 1; step >= 0; step--) {
		if (step >= steps)
			continue;
		next = (at + (1U << step)) & mask;
		first = table->ranges[next].first;
		/* 1 if first <= address: both are below 2^32. */
		asm volatile("%0 = %1; %0 -= %2; %0 += -1; %0 >>= 63"
			     : "=&r"(reached)
			     : "r"(first), "r"(address));
		at += reached << step;
	}
	return table->ranges[at & mask].class;
}

static __always_inline __u32 class_ipv4(__u32 address)
{
	const struct select_ipv4 *table;
	__u32 zero = 0, top;

	table = bpf_map_lookup_elem(&select_ipv4, &zero);
	if (!table)
		return 0;
	address = bpf_ntohl(address);
	top = table->top[address >> 16];
	if (top & SELECT_ONE_CLASS)
		return top & ~SELECT_ONE_CLASS;
	return find_range(table, top, address);
}

static __always_inline __u32 class_ipv6(const __u32 *address)
{
	struct select_ipv6 key = { .length = 128 };
	__u32 *found;

	__builtin_memcpy(key.address, address, sizeof(key.address));
	found = bpf_map_lookup_elem(&select_ipv6, &key);
	return found ? *found : 0;
}

static __always_inline __u32 hit_many(__u8 family, const struct ends *ends,
				      int end)
{
	const struct select_class *class;
	__u32 index = family == 4 ? class_ipv4(ends->address[end][0]) :
				    class_ipv6(ends->address[end]);

	class = bpf_map_lookup_elem(&select_classes, &index);
	return class ? hit_class(class, ends, end) : 0;
}

static __always_inline int is_in(const volatile struct select_prefix *prefix,
				 const __u32 *address, int words)
{
	__u32 differs = 0;
	int i;

#pragma unroll
	for (i = 0; i < words; i++)
		differs |= (address[i] & prefix->mask[i]) ^ prefix->value[i];
	return !differs;
}

static __always_inline __u32 hit_few(const volatile struct select_prefix *few,
				     int count, const struct ends *ends,
				     int end, int words)
{
	__u32 hits = 0;
	int i;

#pragma unroll
	for (i = 0; i < SELECT_FEW; i++) {
		if (i < count && is_in(&few[i], ends->address[end], words))
			hits |= hit_class(&few[i].class, ends, end);
	}
	return hits;
}

static __always_inline __u32 hit_end(__u8 family, const struct ends *ends,
				     int end)
{
	const __u32 lookup = family == 4 ? select_config.lookup4 :
					   select_config.lookup6;

	if (lookup == LOOKUP_MANY)
		return hit_many(family, ends, end);
	if (lookup == LOOKUP_NONE)
		return 0;
	return family == 4 ? hit_few(select_config.few4, select_config.count4,
				     ends, end, 1) :
			     hit_few(select_config.few6, select_config.count6,
				     ends, end, 4);
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

/* @family, @size of its header, where its addresses are, and their @words: constants */
static __always_inline __u32 hit_packet(__u8 family, int size, int addresses,
					int words, enum match match,
					const struct where *where,
					const void *start, const void *end)
{
	const void *header = start + (where->network & 62);
	struct ends ends;
	int i;

	if (header + size > end)
		return 0; /* the walk has read it: this tells the verifier */
#pragma unroll
	for (i = 0; i < words; i++) {
		ends.address[0][i] = load32(header + addresses + 4 * i);
		ends.address[1][i] =
			load32(header + addresses + 4 * (words + i));
	}
	read_ports(&ends, match, where, start, end);
	return hit_end(family, &ends, 0) | hit_end(family, &ends, 1);
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
		hits = hit_packet(4, sizeof(struct iphdr),
				  offsetof(struct iphdr, saddr), 1, match,
				  where, start, end);
	else if (where->family == 6)
		hits = hit_packet(6, sizeof(struct ipv6hdr),
				  offsetof(struct ipv6hdr, saddr), 4, match,
				  where, start, end);
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
	if (match == MATCH_NO || selected == MATCH_SPARED)
		return match == MATCH_NO ? MATCH_NO : MATCH_SPARED;
	return selected == MATCH_UNDECIDED ? MATCH_UNDECIDED : match;
}

#endif

#define MATCH_ANY 0 /* as the protocol wanted: each frame matches */

/* Does this protocol match, and is the packet selected? */
static __always_inline enum match
match_xdp(const struct xdp_md *ctx, __u8 wanted, enum drop_frame_type type)
{
	const void *data = (const void *)(long)ctx->data;
	const void *end = (const void *)(long)ctx->data_end;
#if SELECTS
	struct where where = {};
	enum match match, selected;

	if (wanted == MATCH_ANY && !(select_config.flags & SELECT_BY_FRAME))
		return MATCH_YES;
	match = match_where(wanted ?: IPPROTO_TCP, type, data, end, 0, &where);
	/* Read anew: with these alive meanwhile, the verifier would keep all paths apart. */
	data = (const void *)(long)ctx->data;
	end = (const void *)(long)ctx->data_end;
	selected = select_frame(match, &where, data, end);
	return matched_and(wanted == MATCH_ANY ? MATCH_YES : match, selected);
#else
	return wanted == MATCH_ANY ? MATCH_YES :
				     match_protocol(wanted, type, data, end, 0);
#endif
}

#endif
