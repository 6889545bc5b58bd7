// SPDX-License-Identifier: GPL-2.0-only
/* What is known of packets on their way, and of what interfaces sent. */
#include "where/trails.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/duration.h"

/*
 * Packets on their way at the same time. A trail that another one displaced
 * only means that less is known.
 */
#define TRAIL_BITS 16
#define TRAILS 65536

/* The same of interfaces' names. */
#define SENDER_BITS 10
#define SENDERS 1024

#define SENT_KEPT 64
/* What a veth sends has arrived by then, or never will. */
#define ARRIVAL_NS (SECOND_NS / 10)

/* When an interface sent its latest packets. */
struct sender {
	char name[IFNAMSIZ];
	__u64 sent_ns[SENT_KEPT]; /* a ring */
	__u32 next;
	__u32 count;
};

int trails_open(struct trails *trails)
{
	trails->list = calloc(TRAILS, sizeof(*trails->list));
	trails->senders = calloc(SENDERS, sizeof(*trails->senders));
	return trails->list && trails->senders ? 0 : -ENOMEM;
}

void trails_close(struct trails *trails)
{
	free(trails->list);
	free(trails->senders);
	*trails = (struct trails){};
}

/* Fibonacci hashing */
static __u64 hash(__u64 value, int bits)
{
	return value * 0x9e3779b97f4a7c15ULL >> (64 - bits);
}

struct trail *trails_at(struct trails *trails, __u64 skb)
{
	return &trails->list[hash(skb, TRAIL_BITS)];
}

static struct sender *sender_at(struct trails *trails, const char *name)
{
	__u64 sum = 0;

	for (; *name; name++)
		sum = sum * 31 + (unsigned char)*name;
	return &trails->senders[hash(sum, SENDER_BITS)];
}

void trails_send(struct trails *trails, const char *name, __u64 ns)
{
	struct sender *sender = sender_at(trails, name);

	if (strcmp(sender->name, name)) {
		*sender = (struct sender){};
		snprintf(sender->name, sizeof(sender->name), "%s", name);
	}
	sender->sent_ns[sender->next++ % SENT_KEPT] = ns;
	if (sender->count < SENT_KEPT)
		sender->count++;
}

bool trails_sent(struct trails *trails, const char *name, __u64 ns)
{
	struct sender *sender = sender_at(trails, name);
	__u32 oldest;

	if (strcmp(sender->name, name))
		return false;
	for (; sender->count; sender->count--) {
		oldest = (sender->next - sender->count) % SENT_KEPT;
		if (sender->sent_ns[oldest] + ARRIVAL_NS >= ns)
			return true;
	}
	return false;
}

void trails_arrive(struct trails *trails, const char *name)
{
	struct sender *sender = sender_at(trails, name);

	if (!strcmp(sender->name, name) && sender->count)
		sender->count--;
}
