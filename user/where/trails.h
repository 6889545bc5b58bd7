/* SPDX-License-Identifier: GPL-2.0-only */
/* What is known of packets on their way, and of what interfaces sent. */
#ifndef TRAILS_H
#define TRAILS_H

#include <linux/if.h>
#include <linux/types.h>
#include <stdbool.h>

/* What the kernel tells of a packet. */
enum packet_event {
	EVENT_FREE, /* kfree_skb */
	EVENT_CONSUME, /* consume_skb: the end of one that was wanted */
	EVENT_RECEIVE, /* netif_receive_skb: an interface's packet enters the stack */
	EVENT_BACKLOG, /* netif_rx: it will soon */
	EVENT_QUEUE, /* net_dev_queue: it left the stack */
	EVENT_START, /* net_dev_start_xmit: the driver gets it */
	EVENT_DONE, /* net_dev_xmit: the driver has returned */
	EVENT_COUNT,
};

/* What becomes of a packet: the last that was told of it. */
struct trail {
	__u64 skb; /* its address, until it is used again; 0: none */
	enum packet_event last;
	char name[IFNAMSIZ];
	__u32 length;
};

struct sender;

struct trails {
	struct trail *list; /* by address */
	struct sender *senders; /* by name */
};

/* Returns 0 or -ENOMEM; close it in any case. */
int trails_open(struct trails *trails);
void trails_close(struct trails *trails);

/* Where the packet's trail is, or will be: it may still be another's. */
struct trail *trails_at(struct trails *trails, __u64 skb);

/* An interface sends a packet. */
void trails_send(struct trails *trails, const char *name, __u64 ns);

/* Is one of its packets still on its way? */
bool trails_sent(struct trails *trails, const char *name, __u64 ns);

/* One of them has arrived. */
void trails_arrive(struct trails *trails, const char *name);

#endif
