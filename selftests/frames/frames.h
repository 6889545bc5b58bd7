/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Named frames, and what IP carries in each by the rule that the programs follow.
 * One table for all tests of frames: the programs in the kernel (verdict.c)
 * and their matching code compiled natively (match_native.c).
 */
#ifndef FRAMES_H
#define FRAMES_H

#include <stddef.h>
#include "drop_abi.h"
#include "frames/oracle.h"
#include "match_protocol.h"

#define FRAME_MAX 20480

#define ANY_FRAME -4 /* what a program matches that looks at no protocol */

struct part;

struct frame_case {
	const char *name;
	enum drop_frame_type type; /* what the frame starts with */
	int carries; /* IP's protocol number, or CARRIES_* of oracle.h */
	const struct part *parts;
};

struct frame {
	size_t length;
	__u8 data[FRAME_MAX];
};

extern const struct frame_case frame_cases[]; /* ends with no name */

/**
 * frame_build() - put a case's parts together
 * @frame: the result
 * @wanted: an element of frame_cases
 */
void frame_build(struct frame *frame, const struct frame_case *wanted);

/* What a program that matches @protocol should say of a frame that carries @carries. */
static inline enum match frame_match(int carries, int protocol)
{
	if (protocol == ANY_FRAME || carries == protocol)
		return MATCH_YES;
	return carries == CARRIES_UNDECIDED ? MATCH_UNDECIDED : MATCH_NO;
}

static inline const char *match_name(enum match match)
{
	static const char *const names[] = {
		[MATCH_NO] = "no",
		[MATCH_YES] = "yes",
		[MATCH_UNDECIDED] = "undecided",
	};

	return names[match];
}

#endif
