/* SPDX-License-Identifier: GPL-2.0-only */
/* From drop events to lines, sums and a file, until it ends. */
#ifndef WHERE_LISTEN_H
#define WHERE_LISTEN_H

#include "where/stats.h"
#include "where/write.h"

struct where {
	struct where_options options;
	bool lines; /* each drop is told, not only the sums */
	struct tracing tracing;
	struct ring_buffer *ring; /* NULL: no events */
	int ring_fd; /* to poll for them, or -1 */
	struct rows rows;
	struct stats stats;
	struct capture_file file;
	int signals;
	unsigned int events; /* taken at this look */
	__u64 take_until_ns; /* of those until then, all that the file has room for */
	__u64 began_ns;
	__u64 looked_ns; /* when the sums were read last */
	__u64 missed_before; /* and told */
	bool loss_told;
	int error; /* of telling */
};

/* A ring_buffer_sample_fn; its context is a struct where. */
int listen_take(void *context, void *data, size_t size);

/* Tells until it ends; -1, or the exit code of an error it has told. */
int listen_watch(struct where *where);

/* The rest, and the sums; an exit code. */
int listen_finish(struct where *where);

#endif
