/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading a tracing instance's buffers: what happened, in order of time. */
#ifndef RING_H
#define RING_H

#include <linux/types.h>
#include <stddef.h>

#include "lib/tracefs.h"

/* One event: as its format file has it, in the kernel's byte order. */
struct record {
	__u64 ns; /* CLOCK_MONOTONIC */
	__u32 cpu;
	__u32 size;
	size_t at; /* in the batch's bytes */
};

struct batch {
	struct record *records;
	size_t count, room;
	char *bytes;
	size_t used, size;
};

struct ring_cpu {
	__u32 cpu;
	int pipe; /* trace_pipe_raw */
	int stats;
};

struct ring {
	struct ring_cpu *cpus;
	size_t count;
	int ready; /* epoll: can be read when there is something to read */
	size_t page_size, commit_at, commit_size, data_at;
	char *page;
	struct batch batch, rest; /* being told; too new to be told in order */
};

/* Gets each event; @data is valid during the call only. */
typedef void (*ring_reader)(const struct record *record, const char *data,
			    void *context);

/**
 * ring_open() - make room in the instance's buffers and open them
 *
 * Return: EXIT_DONE, or the exit code of an error it has told. Close the ring
 * in any case.
 */
int ring_open(struct ring *ring, const struct tracefs *tracefs);
void ring_close(struct ring *ring);

/**
 * ring_read() - take out what there is, without waiting
 * @until_ns: what is newer stays for the next time, as something older may
 *	still turn up on another CPU
 *
 * Return: 0 or a negative errno.
 */
int ring_read(struct ring *ring, __u64 until_ns, ring_reader reader,
	      void *context);

/* How many events the kernel could not keep so far. */
__u64 ring_lost(const struct ring *ring);

#endif
