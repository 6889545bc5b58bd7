/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interface between the kernel side and user space: the layout of the
 * maps and of the configuration. Included by both, so only UAPI types.
 */
#ifndef DROP_ABI_H
#define DROP_ABI_H

#include <linux/types.h>

/* How a packet was counted; every packet is counted in exactly one way. */
enum drop_stat {
	STAT_PASSED, /* not matched, or the deadline was over */
	STAT_DROPPED, /* matched, or MODE_DROP_UNDECIDED; dropped */
	STAT_OBSERVED, /* the same, but passed because of MODE_OBSERVE */
	STAT_UNDECIDED, /* too short or too deeply nested; passed */
	STAT_SPARED, /* matched, but not selected, as by --except; passed */
	STAT_COUNT,
};

/*
 * Packets are runs of the program: a GSO packet counts once, with all its bytes. TC
 * counts a VLAN tag in an skb's metadata, too. XDP cannot see one that the sender or
 * the device took off.
 */
struct drop_stats {
	__u64 packets;
	__u64 bytes;
};

/*
 * Value of the map "counters", per CPU, for each interface. The first four stats fill a
 * cache line; the rest is touched only while selecting or capturing.
 */
struct drop_counters {
	struct drop_stats stats[STAT_COUNT];
	__u64 captured; /* packets put into the ring "captured" */
	__u64 lost; /* that found it full or drop_scratch in use, or could not be copied */
};

/*
 * The header of a captured packet in the ring; its bytes follow. The ring's
 * record is as long as both together, no padding.
 */
struct drop_record {
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__u32 ifindex;
	__u32 length; /* of the whole packet, without the tag below */
	__u32 captured; /* bytes that follow */
	__u32 queue;
	/* The VLAN tag that the device took off, in host byte order; protocol 0: none. */
	__u16 tag_protocol;
	__u16 tag_tci;
	__u32 slot; /* which entry of "counters" it was counted on */
};

/* Value of the map "scratch", for each CPU: a record that is being put together. */
struct drop_scratch {
	__u64 users; /* runs of the program that want it; one that finds others gives up */
	struct drop_record record;
	__u8 bytes[]; /* drop_config.snaplen */
};

/* Longest capture of a packet, bytes. */
#define DROP_SNAPLEN_MAX 65535

/* What an interface's frames start with. */
enum drop_frame_type {
	TYPE_ETHERNET,
	TYPE_IP, /* no Ethernet header: tun, WireGuard, IP tunnels, PPP */
};

/*
 * Value of the map "slots", by ifindex. The loader writes one for each interface
 * and for each port of a bond, whose packets have the port's ifindex at native XDP;
 * the programs read them only if there are many.
 */
struct drop_slot {
	__u32 counters; /* index into the map "counters" */
	__u32 frame_type; /* enum drop_frame_type */
};

/* Bits of drop_config.modes. */
enum drop_mode {
	MODE_OBSERVE = 1, /* count what would be dropped, pass it */
	MODE_DROP_UNDECIDED = 2, /* treat undecided packets as matched */
	MODE_MANY = 4, /* look the interface up in "slots" */
	MODE_FRAGS = 8, /* loaded with BPF_F_XDP_HAS_FRAGS */
	MODE_DEADLINE =
		16, /* from drop_state.deadline_ns on, pass everything */
	MODE_CAPTURE = 32, /* put what matches into the ring "captured" */
	MODE_TRACE = 64, /* a line for each packet that is not just passed */
	MODE_SELECTS = 128, /* see select_kern.h; for --list */
};

/* Constants (.rodata.config), set before loading; all zero is the notebook's behaviour. */
struct drop_config {
	__u32 frame_type; /* enum drop_frame_type, of an interface that is not in "slots" */
	__u32 snaplen; /* capture at most this many bytes, 1 to DROP_SNAPLEN_MAX */
	__u32 modes; /* enum drop_mode */
	__u32 unknown; /* index into "counters", of an interface that is not in "slots" */
	__u32 trace; /* mark of the trace lines */
};

#define DROP_NO_DEADLINE (~0ULL)

/* Variables (.bss), written by the loader while the program runs. */
struct drop_state {
	__u64 deadline_ns; /* CLOCK_MONOTONIC; see MODE_DEADLINE */
	__u64 started_ns; /* CLOCK_MONOTONIC; when --on began for the first time */
	__u32 pinned; /* meant to outlive its loader */
	__u32 unused;
};

#endif
