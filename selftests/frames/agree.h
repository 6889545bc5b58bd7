/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Does the matching code, compiled natively, say of a frame what the oracle says? For
 * match_native.c and fuzz/ only.
 */
#ifndef AGREE_H
#define AGREE_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "frames/frames.h"
#include "frames/guarded.h"

#define TAGS_MAX ORACLE_MOST_TAGS

/* A line that frames_run reads. */
static void __attribute__((unused))
show_frame(const __u8 *data, size_t length, enum drop_frame_type type)
{
	printf("%s ", type == TYPE_IP ? "ip" : "ethernet");
	while (length--)
		printf("%02x", *data++);
	printf("\n");
}

/* A frame, and what it is taken for. */
struct reading {
	const __u8 *data;
	size_t length;
	enum drop_frame_type type;
	int tags; /* already taken off */
	struct oracle oracle; /* what it says of all these */
};

static void reading_ask(struct reading *reading)
{
	reading->oracle = oracle_read(reading->data, reading->length,
				      reading->type == TYPE_IP, reading->tags);
}

/* What a selection looks at. What IP carries counts only if that is decided. */
static bool agrees_where(const struct oracle *oracle, const struct where *where)
{
	if (where->arp != oracle->arp || where->family != oracle->family ||
	    where->later != oracle->later)
		return false;
	if (oracle->family && where->network != oracle->network)
		return false;
	return oracle->carries < 0 || (where->carried == oracle->carries &&
				       where->transport == oracle->transport);
}

/* Returns NULL, or how they differ about this protocol. */
static const char *disagreement(const struct reading *reading, __u8 protocol)
{
	const __u8 *end = reading->data + reading->length;
	const struct oracle *oracle = &reading->oracle;
	struct where where = {};
	static char text[256];
	enum match expected, got;

	if (sigsetjmp(overread, 0))
		return "a read beyond the end";
	expected = frame_match(oracle->carries, protocol);
	got = match_protocol(protocol, reading->type, reading->data, end,
			     reading->tags);
	if (got == expected)
		got = match_where(protocol, reading->type, reading->data, end,
				  reading->tags, &where);
	if (got == expected && agrees_where(oracle, &where))
		return NULL;
	snprintf(
		text, sizeof(text),
		"protocol %u, frame type %s, %d tags taken off: expected %s, got %s; carried %d, got %u; IPv%d at %ld, got IPv%u at %u; transport at %ld, got %u; later %d, got %u; arp %d, got %u",
		protocol, reading->type == TYPE_IP ? "ip" : "ethernet",
		reading->tags, match_name(expected), match_name(got),
		oracle->carries, where.carried, oracle->family, oracle->network,
		where.family, where.network, oracle->transport, where.transport,
		oracle->later, where.later, oracle->arp, where.arp);
	return text;
}

#endif
