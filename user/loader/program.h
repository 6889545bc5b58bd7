/* SPDX-License-Identifier: GPL-2.0-only */
/* What one of the three programs is, and how its skeleton is reached. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <bpf/libbpf.h>
#include <stdbool.h>

#include "drop_abi.h"

/* An opened or loaded skeleton, by the parts that all three have. */
struct image {
	void *skeleton; /* the skeleton itself, for destroy() */
	struct bpf_object_skeleton *parts;
	struct bpf_object *object;
	struct bpf_program *program;
	struct drop_config *config; /* write before loading */
	volatile struct drop_state *state; /* mapped: write at any time */
};

struct program {
	const char *name; /* as typed: "xdp-drop-tcp" */
	const char *function; /* the kernel side's: "xdp_drop_tcp" */
	const char *summary; /* one line for --help */
	bool tc; /* at the TC hooks, not XDP */
	bool matches; /* looks into the frame, so must know where IP starts */
	/* Returns 0 or a negative errno. */
	int (*open)(struct image *image,
		    const struct bpf_object_open_opts *opts);
	void (*destroy)(void *skeleton);
};

#endif
