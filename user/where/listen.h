/* SPDX-License-Identifier: GPL-2.0-only */
/* From drop events to lines, sums and a file, until it ends. */
#ifndef WHERE_LISTEN_H
#define WHERE_LISTEN_H

#include "where/stats.h"
#include "where/where.h"
#include "where/write.h"

struct where {
	struct where_options options;
	bool piped; /* packets go to standard output, the sums do not */
	struct tracing tracing;
	struct reasons reasons;
	struct ring_buffer *ring; /* NULL: no events */
	struct rows rows;
	struct stats stats;
	struct capture_file file;
	int signals;
	unsigned int events; /* taken at this look */
	bool finishing; /* no look is cut short */
	__u64 began_ns;
	__u64 looked_ns; /* when the sums were read last */
	__u64 missed_before; /* and told */
	bool loss_told;
	int error; /* of telling */
	int write_error; /* told, of the file */
};

/* A ring_buffer_sample_fn; its context is a struct where. */
int listen_take(void *context, void *data, size_t size);

/* Tells until it ends; -1, or the exit code of an error it has told. */
int listen_watch(struct where *where);

/* The rest, and the sums; an exit code. */
int listen_finish(struct where *where);

#endif
