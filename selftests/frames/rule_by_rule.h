/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rules of --only and --except by chance, packets near their limits, and which of
 * them are selected: each rule is read one by one, to be obvious, not fast.
 */
#ifndef RULE_BY_RULE_H
#define RULE_BY_RULE_H

#include <stdint.h>
#include <string.h>
#include "frames/roll.h"
#include "lib/grow.h"
#include "lib/macros.h"
#include "select/rules.h"

enum { SOURCE, DESTINATION };

struct packet {
	__u8 family;
	bool has_ports;
	__u8 address[2][16];
	__u16 port[2];
};

static struct rules rules;
static bool few_lengths; /* of the IPv6 prefixes that are rolled */

/* Rule by rule */

static bool is_in(const struct rule *rule, const __u8 *address)
{
	unsigned int bit;

	for (bit = 0; bit < rule->length; bit++) {
		if ((address[bit / 8] ^ rule->address[bit / 8]) &
		    0x80 >> bit % 8)
			return false;
	}
	return true;
}

static bool applies(const struct rule *rule, const struct packet *packet,
		    int side)
{
	__u16 port = packet->port[side];

	if (!(rule->sides & (side == SOURCE ? SIDE_SOURCE : SIDE_DESTINATION)))
		return false;
	if (rule->family && rule->family != packet->family)
		return false;
	if (rule->has_ports &&
	    (!packet->has_ports || port < rule->low || port > rule->high))
		return false;
	return is_in(rule, packet->address[side]);
}

static bool add_rule(const struct rule *rule)
{
	return !grow_list(&rules.list, &rules.count, rule, sizeof(*rule));
}

/* Rules and packets by chance */

static size_t size_of(__u8 family)
{
	return family == AF_INET ? 4 : 16;
}

/* In one of few clusters; the first and the last address among them. */
static void roll_address(__u8 *address, size_t size)
{
	static const __u8 first[] = { 0, 255, 10, 192 };
	__u8 fill = roll(2) ? 0 : 255;
	int changes;

	memset(address, 0, 16);
	memset(address, fill, size);
	address[0] = first[roll(ARRAY_SIZE(first))];
	for (changes = roll(4); changes; changes--)
		address[roll(2) ? size - 1 - roll(2) : roll(size)] ^=
			1 << roll(8);
}

static __u16 roll_port(void)
{
	static const __u16 ports[] = { 0,  1,	22,   31,   32,	  63,	 64,
				       80, 443, 1023, 1024, 8080, 65534, 65535 };

	return roll(8) ? ports[roll(ARRAY_SIZE(ports))] : roll(65536);
}

static struct rule roll_rule(void)
{
	static const __u8 families[] = { AF_INET,  AF_INET6, AF_INET,
					 AF_INET6, AF_INET,  0 };
	struct rule rule = {
		.except = !roll(3),
		.sides = 1 + roll(3),
		.family = families[roll(ARRAY_SIZE(families))],
		.has_ports = roll(2),
	};
	size_t i, bits = 8 * size_of(rule.family);

	if (rule.family) {
		rule.length = roll(3) ? bits - roll(18) : roll(bits + 1);
		if (few_lengths && rule.family == AF_INET6)
			rule.length = roll(2) ? 128 : 120;
		roll_address(rule.address, bits / 8);
	} else {
		rule.has_ports = true;
	}
	for (i = 0; i < sizeof(rule.address); i++)
		rule.address[i] &= rule_mask(&rule, i);
	if (rule.has_ports) {
		rule.low = roll_port();
		rule.high = roll(2) ? rule.low : roll_port();
		if (rule.high < rule.low)
			rule.high = rule.low;
	}
	return rule;
}

/* The first or the last address of a rule, or the one before or behind it. */
static void roll_near(__u8 *address, const struct rule *rule, size_t size)
{
	int step = (int)roll(3) - 1, sum;
	bool last = roll(2);
	size_t i;

	memset(address, 0, 16);
	for (i = size; i--;) {
		sum = rule->address[i] + step;
		if (last)
			sum += (__u8)~rule_mask(rule, i);
		address[i] = sum;
		step = sum >> 8;
	}
}

static struct packet roll_packet(void)
{
	struct packet packet = {
		.family = roll(2) ? AF_INET : AF_INET6,
		.has_ports = roll(4),
	};
	size_t size = size_of(packet.family);
	const struct rule *rule;
	int side;

	for (side = SOURCE; side <= DESTINATION; side++) {
		packet.port[side] = roll_port();
		roll_address(packet.address[side], size);
		if (!rules.count || !roll(4))
			continue;
		rule = &rules.list[roll(rules.count)];
		packet.port[side] =
			(roll(2) ? rule->low : rule->high) + roll(3) - 1;
		if (rule->family == packet.family)
			roll_near(packet.address[side], rule, size);
	}
	return packet;
}

#endif
