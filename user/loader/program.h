/* SPDX-License-Identifier: GPL-2.0-only */
/* A program's names and properties, and how to reach its skeleton. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <bpf/libbpf.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>

#include "drop_abi.h"
#include "attach/program_info.h"

/* An opened or loaded skeleton, by the parts that all of them have. */
struct image {
	void *skeleton; /* the skeleton itself, for destroy() */
	struct bpf_object_skeleton *parts;
	struct bpf_object *object;
	struct bpf_program *program;
	struct drop_config *config; /* write before loading */
	volatile struct drop_state *state; /* mapped: write at any time */
	int fd; /* the program's, once it is loaded; and so is the next one */
	struct program_info info;
};

struct program {
	const char *name; /* as typed: "xdp-drop-tcp" */
	const char *function; /* the kernel side's: "xdp_drop_tcp" */
	const char *summary; /* one line for --help */
	bool tc; /* at the TC hooks, not XDP */
	const char *matches; /* what it looks for in IP: "TCP"; NULL: any frame */
	int protocol; /* IPPROTO_* of all that it drops; 0: any packet may be */
	/* Both by PROGRAM_IMAGE(). Returns 0 or a negative errno. */
	int (*open)(struct image *image,
		    const struct bpf_object_open_opts *opts);
	void (*destroy)(void *skeleton);
};

/**
 * PROGRAM_IMAGE() - open_image() and destroy_image(), for struct program
 * @function: the kernel side's name, of which the skeleton has its types
 */
#define PROGRAM_IMAGE(function)                                        \
	static void fill_image(struct image *image,                    \
			       struct function##_kern *from)           \
	{                                                              \
		image->parts = from->skeleton;                         \
		image->object = from->obj;                             \
		image->program = from->progs.function;                 \
		image->config = &from->rodata_config->config;          \
		image->state = &from->bss->state;                      \
	}                                                              \
	static int open_image(struct image *image,                     \
			      const struct bpf_object_open_opts *opts) \
	{                                                              \
		image->skeleton = function##_kern__open_opts(opts);    \
		if (!image->skeleton)                                  \
			return errno ? -errno : -EINVAL;               \
		fill_image(image, image->skeleton);                    \
		return 0;                                              \
	}                                                              \
	static void destroy_image(void *skeleton)                      \
	{                                                              \
		function##_kern__destroy(skeleton);                    \
	}

#endif
