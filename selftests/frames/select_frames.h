/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames by chance, around the packets of rule_by_rule.h: with tags, options, extension
 * headers, fragments, cut off; and what a selecting program should say of them, by the oracle.
 */
#ifndef SELECT_FRAMES_H
#define SELECT_FRAMES_H

#include "frames/frames.h"
#include "frames/rule_by_rule.h"

/* Kleene's logic: the lower one of both is "and", the higher one is "or". */
enum truth { NO, MAYBE, YES };

/* A frame, as it was built, and what the oracle says of it. */
struct built {
	struct packet packet;
	__u8 carried;
	bool later; /* a later fragment */
	struct oracle oracle;
	size_t linear; /* bytes up to the addresses' end; 0: it has none */
	bool ports_maybe; /* it may have ports, but they are not in the frame */
};

static struct frame frame;

static void put(const void *bytes, size_t size)
{
	memcpy(frame.data + frame.length, bytes, size);
	frame.length += size;
}

static void put_byte(__u8 byte)
{
	put(&byte, 1);
}

static void put_word(__u16 word)
{
	put_byte(word >> 8);
	put_byte(word);
}

static void put_noise(size_t size)
{
	while (size--)
		put_byte(roll(256));
}

static void put_ethernet(__u8 family)
{
	int tags = roll(3) ? 0 : 1 + roll(3);

	put_noise(12);
	while (tags--) {
		put_word(roll(2) ? ETH_P_8021Q : ETH_P_8021AD);
		put_noise(2);
	}
	put_word(family == AF_INET ? ETH_P_IP : ETH_P_IPV6);
}

static void put_addresses(const struct packet *packet)
{
	size_t size = size_of(packet->family);

	put(packet->address[SOURCE], size);
	put(packet->address[DESTINATION], size);
}

static void put_ipv4(struct built *built)
{
	int options = roll(4) ? 0 : roll(11);

	put_byte(0x45 + options);
	put_noise(5);
	put_word(built->later ? 1 + roll(0x1fff) : roll(2) << 13);
	put_noise(1);
	put_byte(built->carried);
	put_noise(2);
	put_addresses(&built->packet);
	put_noise(4 * options);
}

/* One extension header; @next: what follows it. */
static void put_extension(__u8 kind, __u8 next, bool later)
{
	int length = kind == IPPROTO_FRAGMENT ? 0 : roll(3);

	put_byte(next);
	if (kind == IPPROTO_FRAGMENT) {
		put_byte(roll(256));
		put_word((later ? 1 + roll(0x1fff) : 0) << 3 | roll(8));
		put_noise(4);
		return;
	}
	/* Of the authentication header in units of four bytes. */
	put_byte(kind == 51 ? 2 * length : length);
	put_noise(6 + 8 * length);
}

static void put_ipv6(struct built *built)
{
	static const __u8 kinds[] = { 0, 43, 51, 60, 135, 139, 140, 44 };
	int i, count = roll(2) ? 0 : roll(9);
	__u8 kind[10];

	for (i = 0; i < count; i++)
		kind[i] = kinds[roll(sizeof(kinds) - 1)];
	if (built->later && count < 8)
		kind[count++] = IPPROTO_FRAGMENT;
	else
		built->later = false;
	kind[count] = built->carried;
	put_byte(0x60);
	put_noise(5);
	put_byte(kind[0]);
	put_noise(1);
	put_addresses(&built->packet);
	/* The first fragment has an offset of zero. */
	for (i = 0; i < count; i++)
		put_extension(kind[i], kind[i + 1],
			      built->later && i == count - 1);
}

/* What rules look at, by the oracle. */
static void ask_oracle(struct built *built)
{
	struct oracle oracle = oracle_read(frame.data, frame.length, 0, 0);
	bool has_ports = oracle.transport && (oracle.carries == IPPROTO_TCP ||
					      oracle.carries == IPPROTO_UDP);

	built->oracle = oracle;
	built->linear = !oracle.family ?
				0 :
				oracle.network + (oracle.family == 4 ? 20 : 40);
	built->packet.has_ports = has_ports;
	built->ports_maybe =
		!oracle.later &&
		(oracle.carries == CARRIES_UNDECIDED ||
		 (has_ports && (long)frame.length < oracle.transport + 4));
}

/* Builds a frame around a packet; it is cut off sometimes. */
static struct built build_frame(void)
{
	static const __u8 carried[] = { IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP,
					IPPROTO_ICMP, 47 };
	struct built built = {
		.packet = roll_packet(),
		.carried = carried[roll(sizeof(carried))],
		.later = !roll(6),
	};

	frame.length = 0;
	put_ethernet(built.packet.family);
	if (built.packet.family == AF_INET)
		put_ipv4(&built);
	else
		put_ipv6(&built);
	put_word(built.packet.port[SOURCE]);
	put_word(built.packet.port[DESTINATION]);
	put_noise(roll(40));
	if (!roll(8))
		frame.length = 14 + roll(frame.length - 14 + 1);
	ask_oracle(&built);
	return built;
}

static enum truth rule_applies(const struct rule *rule,
			       const struct built *built, int side)
{
	struct rule anywhere = *rule;

	if (!built->ports_maybe || !rule->has_ports)
		return applies(rule, &built->packet, side) ? YES : NO;
	anywhere.has_ports = false;
	return applies(&anywhere, &built->packet, side) ? MAYBE : NO;
}

static enum truth any_rule(const struct built *built, bool except)
{
	enum truth truth, any = NO;
	const struct rule *rule;
	int side;

	for (rule = rules.list; rule < rules.list + rules.count; rule++) {
		for (side = SOURCE; side <= DESTINATION; side++) {
			if (rule->except != except)
				continue;
			truth = rule_applies(rule, built, side);
			any = truth > any ? truth : any;
		}
	}
	return any;
}

static bool has_kind(bool except)
{
	size_t i;

	for (i = 0; i < rules.count; i++) {
		if (rules.list[i].except == except)
			return true;
	}
	return false;
}

static enum truth selected(const struct built *built)
{
	enum truth only, spared;

	if (!rules.count)
		return YES;
	if (!built->oracle.family)
		return MAYBE;
	only = has_kind(false) ? any_rule(built, false) : YES;
	spared = YES - any_rule(built, true);
	return only < spared ? only : spared;
}

/* How a program that matches TCP, or with @world all, should count this frame. */
static enum drop_stat expected_stat(const struct built *built, bool world)
{
	enum match match = frame_match(built->oracle.carries,
				       world ? ANY_FRAME : IPPROTO_TCP);
	enum truth choice = selected(built);

	if (match == MATCH_NO)
		return STAT_PASSED;
	if (choice == NO)
		return STAT_SPARED;
	return match == MATCH_YES && choice == YES ? STAT_DROPPED :
						     STAT_UNDECIDED;
}

#endif
