/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interface between drop-where's kernel side and user space: the layout of its
 * maps and of its configuration. Included by both, so only UAPI types.
 */
#ifndef WHERE_ABI_H
#define WHERE_ABI_H

#include <linux/types.h>

#define WHERE_NAME_SIZE 16 /* IFNAMSIZ */

/* where_key.flags */
#define WHERE_TC_INGRESS \
	1 /* something is attached at the interface's clsact, */
#define WHERE_TC_EGRESS 2 /* and this kernel has no reasons for TC's drops */

/* Drops with the same key are counted together. No padding: it is hashed. */
struct where_key {
	__u64 location; /* behind the call that freed the packet */
	__u32 reason; /* enum skb_drop_reason; 0 if this kernel has none */
	__u32 netns; /* inode number of the network namespace; 0: not known */
	__u32 ifindex; /* 0: not known */
	__u32 flags;
	char name[WHERE_NAME_SIZE]; /* of the interface; "": not known here */
};

/* Value of the map "sums": drops without an event. */
struct where_sum {
	__u64 packets;
	__u64 bytes;
};

/* A drop event, in the ring "events"; the captured bytes stand behind it. */
struct where_event {
	struct where_key key;
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__u32 length; /* of the packet, from where its bytes start */
	__u32 captured;
	__u16 protocol; /* ETH_P_*, host order */
	__u16 tag_protocol; /* a VLAN tag that is not in the bytes, host order; */
	__u16 tag_tci; /* tag_protocol 0: none */
	__u16 ethernet; /* the bytes start with an Ethernet header, else with IP's */
};

/* Value of the map "scratch", for each CPU: an event that is being put together. */
struct where_scratch {
	__u64 users; /* runs of the program that want it; one that finds others gives up */
	struct where_event event;
	__u8 bytes[]; /* where_config.snaplen */
};

/* Constants (.rodata), set before loading. */
struct where_config {
	__u32 netns; /* report this network namespace only; 0: all */
	__u32 snaplen; /* capture this many bytes of each packet, 1 to 65535 */
	__u8 events; /* an event for each drop; else they are only counted */
	__u8 capture; /* with the packet's bytes */
	__u16 unused;
};

/* Variables (.bss). */
struct where_state {
	__u64 uncounted; /* drops that found the map "sums" full */
	__u32 ended; /* report and count nothing any more */
	__u32 unused;
};

#endif
