/* SPDX-License-Identifier: GPL-2.0-only */
/* drop-where's kernel side: configured, loaded, attached to the tracepoint. */
#ifndef WHERE_TRACING_H
#define WHERE_TRACING_H

#include <bpf/libbpf.h>
#include <stdbool.h>

#include "where_abi.h"
#include "where/reasons.h"

/* An opened or loaded skeleton, by its parts. */
struct where_image {
	void *skeleton; /* the skeleton itself, for destroy() */
	struct bpf_object_skeleton *parts;
	struct bpf_object *object;
	struct bpf_program *with_reason, *without_reason; /* one is loaded */
	struct where_config *config; /* write before loading */
	volatile struct where_state *state; /* mapped */
};

struct where_program {
	/* Returns 0 or a negative errno. */
	int (*open)(struct where_image *image);
	void (*destroy)(void *skeleton);
};

struct tracing {
	const struct where_program *program;
	struct where_image image;
	struct bpf_program *chosen;
	struct bpf_link *link;
};

/**
 * tracing_load() - load the program that this kernel's tracepoint takes
 * @config: as it is to be loaded; ask_tc is set here
 *
 * Return: EXIT_DONE, or the exit code of an error it has told. Close it in any case.
 */
int tracing_load(struct tracing *tracing, const struct where_config *config,
		 const struct reasons *reasons);

/* From now on it tells and counts; an exit code as above. */
int tracing_attach(struct tracing *tracing);

/* And now no more: whatever was dropped before is told or counted by now. */
void tracing_end(struct tracing *tracing);

/* Of a map; names are those of the kernel side. */
int tracing_map(const struct tracing *tracing, const char *name);

/*
 * Drops since the start of which nothing more is known: there was no room to count
 * them, or they interrupted another one's telling.
 */
__u64 tracing_missed(const struct tracing *tracing);

void tracing_close(struct tracing *tracing);

#endif
