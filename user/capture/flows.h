/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The flows that most packets were dropped of: protocol, addresses and ports. There is
 * room for a fixed number of them: where it is used up, a new one takes the place of one
 * with few packets, whose packets are in no row then.
 */
#ifndef FLOWS_H
#define FLOWS_H

#include <stdbool.h>
#include <stdio.h>

#include "drop_abi.h"
#include "json_writer.h"

/* Bytes of a packet that its flow is read from: tags, IPv6 with some headers, ports. */
#define FLOWS_SNAPLEN 128

struct flows;

/* Frees with free(); NULL: no memory. */
struct flows *flows_new(void);

/**
 * flows_add() - count a packet
 * @type: enum drop_frame_type
 * @bytes: the first of it, @record->captured
 */
void flows_add(struct flows *flows, __u32 type,
	       const struct drop_record *record, const void *bytes);

/*
 * Puts the flows with the most packets into a table, @most at most, and how many of
 * @packets are in no row; returns 0 or -ENOMEM. @room is as in columns_end().
 */
int flows_show(const struct flows *flows, FILE *text, size_t most,
	       __u64 packets, int room);

/* The same in JSON: the keys "top" and "top_other_packets". */
void flows_write(const struct flows *flows, json_writer_t *json, size_t most,
		 __u64 packets);

#endif
