/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames by chance, around the packets of rule_by_rule.h: with tags, options, extension
 * headers, fragments, cut off; and what a selecting program should say of them.
 */
#ifndef SELECT_FRAMES_H
#define SELECT_FRAMES_H

#include "frames/frames.h"
#include "frames/rule_by_rule.h"

/* Kleene's logic: the lower one of both is "and", the higher one is "or". */
enum truth { NO, MAYBE, YES };

/* A frame's headers, as it was built. */
struct built {
	struct packet packet;
	enum truth matches; /* MAYBE: it ends too early, or is too deep */
	bool has_addresses;
	size_t linear; /* bytes up to the addresses' end */
	bool later; /* a later fragment */
	bool ports_maybe; /* it may have ports, but they are not in the frame */
	__u8 carried;
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

/* Returns where each header has to end, so that the walk can go on. */
static size_t put_ipv6(struct built *built)
{
	static const __u8 kinds[] = { 0, 43, 51, 60, 135, 139, 140, 44 };
	int i, count = roll(2) ? 0 : roll(9);
	size_t needed = frame.length + 40;
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
	for (i = 0; i < count; i++) {
		/* The first fragment has an offset of zero. */
		needed = frame.length + 8;
		put_extension(kind[i], kind[i + 1],
			      built->later && i == count - 1);
	}
	return needed;
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
	size_t network, needed, transport;

	frame.length = 0;
	put_ethernet(built.packet.family);
	network = frame.length + (built.packet.family == AF_INET ? 20 : 40);
	needed = network;
	if (built.packet.family == AF_INET)
		put_ipv4(&built);
	else
		needed = put_ipv6(&built);
	transport = frame.length;
	put_word(built.packet.port[SOURCE]);
	put_word(built.packet.port[DESTINATION]);
	put_noise(roll(40));
	if (!roll(8))
		frame.length = 14 + roll(frame.length - 14 + 1);

	built.linear = network;
	built.has_addresses = frame.length >= network;
	built.matches = frame.length < needed	     ? MAYBE :
			built.carried == IPPROTO_TCP ? YES :
						       NO;
	built.packet.has_ports =
		!built.later &&
		(built.carried == IPPROTO_TCP || built.carried == IPPROTO_UDP);
	built.ports_maybe =
		!(built.later && frame.length >= needed) &&
		(frame.length < needed ||
		 (built.packet.has_ports && frame.length < transport + 4));
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
	if (!built->has_addresses)
		return MAYBE;
	only = has_kind(false) ? any_rule(built, false) : YES;
	spared = YES - any_rule(built, true);
	return only < spared ? only : spared;
}

/* How a program that matches TCP, or with @world all, should count this frame. */
static enum drop_stat expected_stat(const struct built *built, bool world)
{
	enum truth matches = world ? YES : built->matches;
	enum truth choice = selected(built);

	if (matches == NO)
		return STAT_PASSED;
	if (choice == NO)
		return STAT_SPARED;
	return matches == YES && choice == YES ? STAT_DROPPED : STAT_UNDECIDED;
}

#endif
