/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The programs that are tried on the table of frames: a row for each pair of
 * bpf_progs/ and user/ that drops. For verdict.c, preempt.c and bench.c only.
 */
#ifndef PROGRAMS_H
#define PROGRAMS_H

#include <stdbool.h>
#include <string.h>
#include <linux/bpf.h>
#include <linux/in.h>
#include <linux/pkt_cls.h>
#include "frames/frames.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct verdict_name {
	__u32 value;
	const char *name;
};

/* What the programs at one kind of hooks have in common. */
struct hook_kind {
	const char *section;
	enum bpf_prog_type type;
	struct verdict_name pass;
	struct verdict_name drop;
};

static const struct hook_kind xdp = {
	.section = "xdp",
	.type = BPF_PROG_TYPE_XDP,
	.pass = { XDP_PASS, "XDP_PASS" },
	.drop = { XDP_DROP, "XDP_DROP" },
};

/* TC_ACT_OK would pass too, but silence the filters behind. */
static const struct hook_kind tc = {
	.section = "tc",
	.type = BPF_PROG_TYPE_SCHED_CLS,
	.pass = { TC_ACT_UNSPEC, "TC_ACT_UNSPEC" },
	.drop = { TC_ACT_SHOT, "TC_ACT_SHOT" },
};

static const struct program {
	const char *name; /* its function's */
	const struct hook_kind *hook;
	int matches; /* IP's protocol number, or ANY_FRAME */
} programs[] = {
	{ "xdp_drop_world", &xdp, ANY_FRAME },
	{ "xdp_drop_tcp", &xdp, IPPROTO_TCP },
	{ "tc_drop_tcp", &tc, IPPROTO_TCP },
};

/* @object: a file's name, such as "xdp_drop_tcp_kern.o" */
static inline bool program_has_row(const char *object)
{
	size_t i, length;

	for (i = 0; i < COUNT(programs); i++) {
		length = strlen(programs[i].name);
		if (!strncmp(object, programs[i].name, length) &&
		    !strcmp(object + length, "_kern.o"))
			return true;
	}
	return false;
}

#endif
