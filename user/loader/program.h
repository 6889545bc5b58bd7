/* SPDX-License-Identifier: GPL-2.0-only */
/* A program's names and properties, and how to reach its skeleton. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <bpf/libbpf.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>

#include "drop_abi.h"
#include "select_abi.h"
#include "attach/program_info.h"

/* An opened or loaded skeleton, by the parts that all of them have. */
struct image {
	void *skeleton; /* the skeleton itself, for destroy() */
	struct bpf_object_skeleton *parts;
	struct bpf_object *object;
	struct bpf_program *program;
	struct drop_config *config; /* write before loading */
	struct select_config *select; /* so, too; NULL: it does not select */
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
	/* By PROGRAM_IMAGE(): the image that selects, or the plain one. Returns 0 or -errno. */
	int (*open)(struct image *image, bool selects,
		    const struct bpf_object_open_opts *opts);
	void (*destroy)(const struct image *image);
};

/* Fills an image from an opened skeleton; @of_select: its selection's constants, or NULL. */
#define FILL_IMAGE(name, of_select)                                           \
	static int fill_##name(struct image *image, struct name##_kern *from) \
	{                                                                     \
		image->skeleton = from;                                       \
		if (!from)                                                    \
			return errno ? -errno : -EINVAL;                      \
		image->parts = from->skeleton;                                \
		image->object = from->obj;                                    \
		image->program = bpf_object__next_program(from->obj, NULL);   \
		image->config = &from->rodata_config->config;                 \
		image->select = of_select;                                    \
		image->state = &from->bss->state;                             \
		return 0;                                                     \
	}

/**
 * PROGRAM_IMAGE() - open_image() and destroy_image(), for struct program
 * @function: the kernel side's name, of which the skeletons have their types
 */
#define PROGRAM_IMAGE(function)                                            \
	FILL_IMAGE(function, NULL)                                         \
	FILL_IMAGE(function##_select, &from->rodata_select->select_config) \
	static int open_image(struct image *image, bool selects,           \
			      const struct bpf_object_open_opts *opts)     \
	{                                                                  \
		if (selects)                                               \
			return fill_##function##_select(                   \
				image,                                     \
				function##_select_kern__open_opts(opts));  \
		return fill_##function(image,                              \
				       function##_kern__open_opts(opts));  \
	}                                                                  \
	static void destroy_image(const struct image *image)               \
	{                                                                  \
		if (image->select)                                         \
			function##_select_kern__destroy(image->skeleton);  \
		else                                                       \
			function##_kern__destroy(image->skeleton);         \
	}

#endif
