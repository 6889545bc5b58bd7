/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The words that the table in frames.c is written in. A frame is a row of
 * parts; each part appends a header and tells the header before it what it is
 * by that header's own numbering (an ethertype or an IP protocol number).
 */
#ifndef FRAME_PARTS_H
#define FRAME_PARTS_H

#include <stdio.h>
#include <string.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include "frames/frames.h"

/* What fills the insides of headers: no extension header, and not TCP. */
#define FILL 0xfe
#define IP_HEADERS_MAX 4
#define TRUE_LENGTH -1

/* A frame under construction. */
struct build {
	struct frame *frame;
	__u8 *says; /* where the last header says what follows, or NULL */
	int width; /* of that field in bytes: 2 an ethertype, 1 a protocol */
	size_t ip[IP_HEADERS_MAX]; /* headers whose length is not yet known */
	int ips;
};

struct part {
	void (*put)(struct build *build, const struct part *part);
	int ethertype; /* this part's, where it has one */
	int protocol;
	int arg[4];
	const char *word;
};

static inline __u8 *append(struct build *build, size_t size, int value)
{
	__u8 *start = build->frame->data + build->frame->length;

	memset(start, value, size);
	build->frame->length += size;
	return start;
}

static inline void put16(__u8 *at, int value)
{
	at[0] = value >> 8;
	at[1] = value;
}

/* Tell the header before, if that one says what follows it. */
static inline void announce(struct build *build, int ethertype, int protocol)
{
	if (build->says && build->width == 2)
		put16(build->says, ethertype);
	else if (build->says)
		*build->says = protocol;
	build->says = NULL;
}

static inline void ask(struct build *build, __u8 *says, int width)
{
	build->says = says;
	build->width = width;
}

/* Everything that belongs to the IP packets is there: note their lengths. */
static inline void settle(struct build *build)
{
	size_t at, size;
	__u8 *ip;

	while (build->ips) {
		at = build->ip[--build->ips];
		ip = build->frame->data + at;
		size = build->frame->length - at;
		if (*ip >> 4 == 6)
			put16(ip + 4, size - 40);
		else
			put16(ip + 2, size);
	}
}

static inline void put_ethernet(struct build *build, const struct part *part)
{
	static const __u8 addresses[12] = {
		0x02, 0, 0x5e, 0, 0x53, 1, 0x02, 0, 0x5e, 0, 0x53, 2,
	};

	announce(build, part->ethertype, part->protocol);
	memcpy(append(build, sizeof(addresses), 0), addresses,
	       sizeof(addresses));
	ask(build, append(build, 2, 0), 2);
}

static inline void put_tag(struct build *build, const struct part *part)
{
	__u8 *tag;

	announce(build, part->ethertype, 0);
	tag = append(build, 4, 0);
	put16(tag, part->arg[0]);
	ask(build, tag + 2, 2);
}

static inline void put_tags(struct build *build, const struct part *part)
{
	struct part tag = { .arg = { 10 } };
	const char *type;

	for (type = part->word; *type; type++, tag.arg[0]++) {
		tag.ethertype = *type == 'a' ? ETH_P_8021AD : ETH_P_8021Q;
		put_tag(build, &tag);
	}
}

static inline void put_snap(struct build *build, const struct part *part)
{
	__u8 *snap;

	announce(build, part->ethertype, 0);
	snap = append(build, 8, 0);
	memcpy(snap, "\xaa\xaa\x03", 3);
	ask(build, snap + 6, 2);
}

static inline void put_pppoe(struct build *build, const struct part *part)
{
	__u8 *pppoe;

	announce(build, part->ethertype, 0);
	pppoe = append(build, 8, 0);
	pppoe[0] = 0x11;
	put16(pppoe + 6, 0x0021); /* PPP's number for IPv4 */
}

static inline void put_ip4(struct build *build, const struct part *part)
{
	int ihl = part->arg[1], length = part->arg[3];
	size_t at = build->frame->length;
	__u8 *ip;

	announce(build, part->ethertype, part->protocol);
	ip = append(build, 20, 0);
	ip[0] = part->arg[0] << 4 | ihl;
	put16(ip + 2, length);
	if (length == TRUE_LENGTH)
		build->ip[build->ips++] = at;
	put16(ip + 6, part->arg[2]);
	ip[8] = 64;
	memcpy(ip + 12, "\xcb\x00\x71\x0a\xc6\x33\x64\x02", 8);
	if (ihl > 5)
		append(build, (ihl - 5) * 4, 1 /* no operation */);
	ask(build, ip + 9, 1);
}

static inline void put_ip6(struct build *build, const struct part *part)
{
	size_t at = build->frame->length;
	int length = part->arg[1];
	__u8 *ip;

	announce(build, part->ethertype, part->protocol);
	ip = append(build, 40, 0);
	ip[0] = part->arg[0] << 4;
	put16(ip + 4, length);
	if (length == TRUE_LENGTH)
		build->ip[build->ips++] = at;
	ip[7] = 64;
	memcpy(ip + 8, "\x20\x01\x0d\xb8", 4);
	memcpy(ip + 24, "\x20\x01\x0d\xb8", 4);
	ask(build, ip + 6, 1);
}

static inline void put_extension(struct build *build, const struct part *part)
{
	int length = part->arg[0], unit = part->arg[1];
	__u8 *extension;

	announce(build, 0, part->protocol);
	extension = append(build, 8 + length * unit, FILL);
	extension[1] = length;
	ask(build, extension, 1);
}

static inline void put_fragment(struct build *build, const struct part *part)
{
	__u8 *fragment;

	announce(build, 0, part->protocol);
	fragment = append(build, 8, FILL);
	fragment[1] = part->arg[2];
	put16(fragment + 2, part->arg[0] << 3 | part->arg[1]);
	ask(build, fragment, 1);
}

static inline void put_tcp(struct build *build, const struct part *part)
{
	__u8 *tcp;

	announce(build, 0, part->protocol);
	tcp = append(build, 20, 0);
	put16(tcp, 43210);
	put16(tcp + 2, 80);
	tcp[12] = 5 << 4;
	tcp[13] = part->arg[0];
}

static inline void put_gre(struct build *build, const struct part *part)
{
	announce(build, 0, part->protocol);
	ask(build, append(build, 4, 0) + 2, 2);
}

/* Some other protocol's header. Taken for an extension, it reads as TCP. */
static inline void put_other(struct build *build, const struct part *part)
{
	announce(build, part->ethertype, part->protocol);
	append(build, part->arg[0], IPPROTO_TCP);
}

static inline void put_bytes(struct build *build, const struct part *part)
{
	append(build, part->arg[0], part->arg[1]);
}

static inline void put_hex(struct build *build, const struct part *part)
{
	unsigned int byte;
	const char *at;

	for (at = part->word; sscanf(at, "%2x", &byte) == 1; at += 2)
		append(build, 1, byte);
}

static inline void put_padding(struct build *build, const struct part *part)
{
	settle(build);
	append(build, part->arg[0], 0);
}

static inline void put_again(struct build *build, const struct part *part)
{
	int i;

	for (i = 1; i < part->arg[0]; i++)
		part[-1].put(build, part - 1);
}

static inline void put_says(struct build *build, const struct part *part)
{
	announce(build, part->arg[0], part->arg[0]);
}

static inline void put_cut(struct build *build, const struct part *part)
{
	settle(build);
	build->frame->length -= part->arg[0];
}

#define PART(...)           \
	{                   \
		__VA_ARGS__ \
	}

/* The link layer. */
#define ETH PART(put_ethernet, ETH_P_TEB, 143)
#define TAG(ethertype, tci) PART(put_tag, ethertype, 0, { tci })
#define VLAN(tci) TAG(ETH_P_8021Q, tci)
#define QINQ(tci) TAG(ETH_P_8021AD, tci)
#define TAGS(types) PART(put_tags, .word = types)
#define SNAP(length) PART(put_snap, length)
#define PPPOE PART(put_pppoe, ETH_P_PPP_SES)
#define OTHER(ethertype, size) PART(put_other, ethertype, 0, { size })

/* IPv4. The flags and the fragment's offset are one 16-bit field. */
#define IP4_WITH(version, ihl, fragment, length) \
	PART(put_ip4, ETH_P_IP, IPPROTO_IPIP,    \
	     { version, ihl, fragment, length })
#define IP4 IP4_WITH(4, 5, 0, TRUE_LENGTH)
#define IP4_VERSION(version) IP4_WITH(version, 5, 0, TRUE_LENGTH)
#define IP4_IHL(ihl) IP4_WITH(4, ihl, 0, TRUE_LENGTH)
#define IP4_FRAGMENT(field) IP4_WITH(4, 5, field, TRUE_LENGTH)
#define IP4_LENGTH(length) IP4_WITH(4, 5, 0, length)
#define RESERVED 0x8000
#define DONT 0x4000
#define MORE 0x2000

/* IPv6 and its extension headers; @length is their length field. */
#define IP6_WITH(version, length) \
	PART(put_ip6, ETH_P_IPV6, IPPROTO_IPV6, { version, length })
#define IP6 IP6_WITH(6, TRUE_LENGTH)
#define IP6_VERSION(version) IP6_WITH(version, TRUE_LENGTH)
#define IP6_LENGTH(length) IP6_WITH(6, length)
#define HOP(length) PART(put_extension, 0, 0, { length, 8 })
#define ROUTING(length) PART(put_extension, 0, 43, { length, 8 })
#define AH(length) PART(put_extension, 0, 51, { length, 4 })
#define DEST(length) PART(put_extension, 0, 60, { length, 8 })
#define MOBILITY(length) PART(put_extension, 0, 135, { length, 8 })
#define HIP(length) PART(put_extension, 0, 139, { length, 8 })
#define SHIM6(length) PART(put_extension, 0, 140, { length, 8 })
#define EXPERIMENT(which) PART(put_extension, 0, which, { 0, 8 })
#define FRAGMENT(units, bits) PART(put_fragment, 0, 44, { units, bits })
#define FRAGMENT_RESERVED(byte) PART(put_fragment, 0, 44, { 0, 0, byte })
#define MORE6 1

/* What IP carries. */
#define TCP_WITH(flags) PART(put_tcp, 0, IPPROTO_TCP, { flags })
#define SYN TCP_WITH(0x02)
#define TCP TCP_WITH(0x18)
#define PROTO(protocol, size) PART(put_other, 0, protocol, { size })
#define UDP PROTO(IPPROTO_UDP, 8)
#define ICMP PROTO(IPPROTO_ICMP, 8)
#define ICMP6 PROTO(58, 8)
#define SCTP PROTO(IPPROTO_SCTP, 12)
#define ESP PROTO(IPPROTO_ESP, 24)
#define NO_NEXT PROTO(59, 0)
#define GRE PART(put_gre, 0, IPPROTO_GRE)

/* Any bytes; Ethernet's padding; the part before, so often in all. */
#define HEX(text) PART(put_hex, .word = text)
#define DATA(size) PART(put_bytes, 0, 0, { size, FILL })
#define SIXES(size) PART(put_bytes, 0, 0, { size, IPPROTO_TCP })
#define PADDING(size) PART(put_padding, 0, 0, { size })
#define TIMES(count) PART(put_again, 0, 0, { count })

/* The header before says that this follows; the end comes this much early. */
#define SAYS(type) PART(put_says, 0, 0, { type })
#define CUT(size) PART(put_cut, 0, 0, { size })

/* A row: a name and what IP carries, then the frame's parts. */
#define CASE(name, type, carries, ...) \
	PART(name, type, carries, (const struct part[]){ __VA_ARGS__, { 0 } })

/* Frames with an Ethernet header, before the parts that are named. */
#define IS(protocol, name, ...) \
	CASE(name, TYPE_ETHERNET, protocol, ETH, __VA_ARGS__)
#define IS_TCP(...) IS(IPPROTO_TCP, __VA_ARGS__)
#define IS_UDP(...) IS(IPPROTO_UDP, __VA_ARGS__)
#define IS_NONE(...) IS(CARRIES_NONE, __VA_ARGS__)
#define UNDECIDED(...) IS(CARRIES_UNDECIDED, __VA_ARGS__)

/* Frames of devices without one. */
#define IP_IS(protocol, name, ...) \
	CASE("ip: " name, TYPE_IP, protocol, __VA_ARGS__)
#define IP_IS_TCP(...) IP_IS(IPPROTO_TCP, __VA_ARGS__)
#define IP_IS_UDP(...) IP_IS(IPPROTO_UDP, __VA_ARGS__)
#define IP_IS_NONE(...) IP_IS(CARRIES_NONE, __VA_ARGS__)
#define IP_UNDECIDED(...) IP_IS(CARRIES_UNDECIDED, __VA_ARGS__)

#endif
