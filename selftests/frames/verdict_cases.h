/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What verdict.c tries beside frames and programs: the ways that a loader may
 * set programs up. For verdict.c only.
 */
#ifndef VERDICT_CASES_H
#define VERDICT_CASES_H

#include "frames/loaded_program.h"

#define LOOPBACK 1 /* the ifindex that a test run's frames arrive on */
#define UNKNOWN 77 /* and one that they do not */

/* Frames for what does not depend on the frame. */
static const char *const handful[] = {
	"ipv4, tcp syn",
	"ipv4, tcp, full segment",
	"ipv4, udp",
	"arp",
	"vlan, qinq, ipv6, hop-by-hop, tcp",
	"ipv6, nine headers, tcp",
	"vlan, ipv4, one byte short, tcp",
	"ip: ipv4, tcp",
	"ip: ipv6, hop-by-hop, ah, tcp",
	"ip: ipv4, udp",
	"ip: ethernet, ipv4, tcp",
	"ip: ipv6, nine headers, tcp",
};

static inline bool in_handful(const char *name)
{
	size_t i;

	for (i = 0; i < COUNT(handful); i++)
		if (!strcmp(handful[i], name))
			return true;
	return false;
}

static const struct variant {
	struct setup setup;
	enum drop_frame_type type; /* try the frames of this kind */
	__u32 moves; /* which entry of "counters" is to move */
	bool all; /* try all frames, not only a handful */
	__u32 repeat; /* run each so often, 0: once */
	bool split; /* leave as little as possible in an skb's linear part */
} variants[] = {
	{
		.setup = { "bare" },
		.all = true,
	},
	{
		.setup = { "no Ethernet header", .config.frame_type = TYPE_IP },
		.type = TYPE_IP,
		.all = true,
	},
	{
		.setup = { "observe", .config.modes = MODE_OBSERVE },
	},
	{
		.setup = { "deadline over", .config.modes = MODE_DEADLINE,
			   .deadline = -1 },
	},
	{
		.setup = { "deadline to come", .config.modes = MODE_DEADLINE,
			   .deadline = 3600 },
	},
	{
		.setup = { "deadline over, not asked for", .deadline = -1 },
	},
	{
		.setup = { "observe, deadline over",
			   .config.modes = MODE_OBSERVE | MODE_DEADLINE,
			   .deadline = -1 },
	},
	{
		.setup = { "drop undecided",
			   .config.modes = MODE_DROP_UNDECIDED },
		.all = true,
	},
	{
		.setup = { "drop undecided, no Ethernet header",
			   .config.modes = MODE_DROP_UNDECIDED,
			   .config.frame_type = TYPE_IP },
		.type = TYPE_IP,
		.all = true,
	},
	{
		.setup = { "drop undecided, observe",
			   .config.modes = MODE_DROP_UNDECIDED | MODE_OBSERVE },
	},
	{
		.setup = { "drop undecided, deadline over",
			   .config.modes = MODE_DROP_UNDECIDED | MODE_DEADLINE,
			   .deadline = -1 },
	},
	{
		.setup = { "drop undecided, capture, many",
			   .config.modes = MODE_MANY | MODE_DROP_UNDECIDED |
					   MODE_CAPTURE,
			   .config.snaplen = 60,
			   .ifindex = LOOPBACK, .slot = { 2, TYPE_ETHERNET } },
		.moves = 2,
	},
	{
		.setup = { "drop undecided, strict alignment, trace, capture",
			   .config.modes = MODE_DROP_UNDECIDED | MODE_OBSERVE |
					   MODE_CAPTURE | MODE_TRACE,
			   .config.snaplen = 60,
			   .flags = BPF_F_STRICT_ALIGNMENT },
	},
	{
		.setup = { "many, slot 2", .config.modes = MODE_MANY,
			   .config.frame_type = TYPE_IP, .ifindex = LOOPBACK,
			   .slot = { 2, TYPE_ETHERNET } },
		.moves = 2,
	},
	{
		.setup = { "many, slot 1 without Ethernet header",
			   .config.modes = MODE_MANY, .ifindex = LOOPBACK,
			   .slot = { 1, TYPE_IP } },
		.type = TYPE_IP,
		.moves = 1,
	},
	{
		.setup = { "many, not this interface",
			   .config.modes = MODE_MANY, .config.unknown = 2,
			   .ifindex = UNKNOWN, .slot = { 1, TYPE_IP } },
		.moves = 2,
	},
	{
		.setup = { "capture, many, not this interface",
			   .config.snaplen = 60,
			   .config.modes = MODE_MANY | MODE_CAPTURE,
			   .config.unknown = 2,
			   .ifindex = UNKNOWN, .slot = { 1, TYPE_IP } },
		.moves = 2,
	},
	{
		.setup = { "slot 1, not asked for", .ifindex = LOOPBACK,
			   .slot = { 1, TYPE_IP } },
	},
	{
		.setup = { "capture", .config.modes = MODE_CAPTURE,
			   .config.snaplen = 65535 },
		.all = true,
	},
	{
		.setup = { "capture, snaplen 1", .config.modes = MODE_CAPTURE,
			   .config.snaplen = 1 },
	},
	{
		.setup = { "capture, snaplen 60, observe",
			   .config.modes = MODE_OBSERVE | MODE_CAPTURE,
			   .config.snaplen = 60 },
	},
	{
		.setup = { "capture, deadline over",
			   .config.modes = MODE_DEADLINE | MODE_CAPTURE,
			   .config.snaplen = 60, .deadline = -1 },
	},
	{
		.setup = { "capture, many, slot 1 without Ethernet header",
			   .config.snaplen = 60,
			   .config.modes = MODE_MANY | MODE_CAPTURE,
			   .ifindex = LOOPBACK,
			   .slot = { 1, TYPE_IP } },
		.type = TYPE_IP,
		.moves = 1,
	},
	{
		.setup = { "capture, more than the ring holds",
			   .config.modes = MODE_CAPTURE,
			   .config.snaplen = 96 },
		.repeat = 200,
	},
	/* With PREEMPT_RT, a packet that comes in between. */
	{
		.setup = { "capture, another packet in the buffer",
			   .config.modes = MODE_CAPTURE,
			   .config.snaplen = 60,
			   .busy = true },
		.repeat = 3,
	},
	{
		.setup = { "capture, non-linear", .config.modes = MODE_CAPTURE,
			   .config.snaplen = 1500 },
		.all = true,
		.split = true,
	},
	{
		.setup = { "trace", .config.modes = MODE_TRACE, },
	},
	/*
	 * As kernels without CONFIG_HAVE_EFFICIENT_UNALIGNED_ACCESS do without being
	 * asked: riscv64 and others.
	 */
	{
		.setup = { "strict alignment",
			   .flags = BPF_F_STRICT_ALIGNMENT },
	},
	{
		.setup = { "strict alignment, capture, many, no Ethernet header",
			   .config.snaplen = 60,
			   .config.modes = MODE_MANY | MODE_CAPTURE,
			   .ifindex = LOOPBACK,
			   .slot = { 1, TYPE_IP },
			   .flags = BPF_F_STRICT_ALIGNMENT },
		.type = TYPE_IP,
		.moves = 1,
	},
	{
		.setup = { "trace, capture, many, observe, deadline to come",
			   .config.snaplen = 60,
			   .config.modes = MODE_MANY | MODE_OBSERVE |
					   MODE_DEADLINE | MODE_CAPTURE |
					   MODE_TRACE,
			   .deadline = 3600,
			   .ifindex = LOOPBACK, .slot = { 2, TYPE_ETHERNET } },
		.moves = 2,
	},
	/* More than a page, in several buffers. */
	{
		.setup = { "frags, capture",
			   .config.modes = MODE_FRAGS | MODE_CAPTURE,
			   .config.snaplen = 65535,
			   .ring = 1 << 17, .flags = BPF_F_XDP_HAS_FRAGS },
		.all = true,
	},
	{
		.setup = { "frags, trace, capture, many, drop undecided, strict alignment",
			   .config.modes = MODE_FRAGS | MODE_MANY |
					   MODE_CAPTURE | MODE_TRACE |
					   MODE_DROP_UNDECIDED,
			   .config.snaplen = 60, .ifindex = LOOPBACK,
			   .slot = { 2, TYPE_ETHERNET },
			   .flags = BPF_F_XDP_HAS_FRAGS |
				    BPF_F_STRICT_ALIGNMENT },
		.moves = 2,
	},
	{
		.setup = { "frags, capture, short first buffer",
			   .config.modes = MODE_FRAGS | MODE_CAPTURE,
			   .config.snaplen = 9000, .ring = 1 << 17,
			   .flags = BPF_F_XDP_HAS_FRAGS },
		.all = true,
		.split = true,
	},
	{
		.setup = { "non-linear" },
		.all = true,
		.split = true,
	},
};

#endif
