/* SPDX-License-Identifier: GPL-2.0-only */
/* The rules of --only and --except. */
#ifndef RULES_H
#define RULES_H

#include <linux/types.h>
#include <sys/socket.h>
#include <stdbool.h>
#include <stddef.h>

/* The ends of a packet that a rule looks at; either one matching is enough. */
enum rule_sides {
	SIDE_SOURCE = 1,
	SIDE_DESTINATION = 2,
	SIDE_EITHER = 3,
};

struct rule {
	bool except;
	__u8 sides; /* enum rule_sides */
	__u8 family; /* AF_INET, AF_INET6, or 0: no address given, any will do */
	__u8 length; /* of the prefix, in bits of this family; 0 without an address */
	__u8 address[16]; /* network order; IPv4: the first four. Bits behind the prefix are zero */
	bool has_ports;
	__u16 low; /* host order */
	__u16 high;
};

struct rules {
	struct rule *list;
	size_t count;
};

/* The bits of a rule's address that count, of its byte @at. */
static inline __u8 rule_mask(const struct rule *rule, unsigned int at)
{
	unsigned int bits = rule->length > 8 * at ? rule->length - 8 * at : 0;

	return bits < 8 ? 0xff00 >> bits : 0xff;
}

/**
 * rules_add() - add a rule
 *
 * Return: 0 or -ENOMEM. Free rules->list.
 */
int rules_add(struct rules *rules, const struct rule *rule);

/* Bytes of rules_parse()'s reason. */
#define RULES_WHY_SIZE 512

/**
 * rules_parse() - add the rules that a selector, or a file of selectors, stands for
 * @except: they are of --except, else of --only
 * @text: a selector (ADDR[/LEN], :PORT[-PORT], ADDR[/LEN]:PORT[-PORT], [IPV6[/LEN]]:PORT[-PORT],
 *        src= or dst= before it), or @FILE
 * @why: on failure a full sentence: what is wrong, with the selector quoted, and what to write
 *
 * "session" is no selector here: the caller knows it.
 *
 * Return: 0; -EINVAL: it is wrong, or the file cannot be read; -ENOMEM. On failure rules
 * are as before.
 */
int rules_parse(struct rules *rules, bool except, const char *text,
		char why[RULES_WHY_SIZE]);

#endif
