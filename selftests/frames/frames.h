/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Named frames, and whether each is TCP by the rule that the programs follow.
 * One table for all tests of frames: the programs in the kernel (verdict.c)
 * and their matching code compiled natively (match_native.c).
 */
#ifndef FRAMES_H
#define FRAMES_H

#include <stddef.h>
#include "drop_abi.h"
#include "match_tcp.h"

#define FRAME_MAX 20480

struct part;

struct frame_case {
	const char *name;
	enum drop_frame_type type; /* what the frame starts with */
	enum match match; /* the right answer */
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

/* "yes", "no" or "undecided" */
const char *match_name(enum match match);

#endif
