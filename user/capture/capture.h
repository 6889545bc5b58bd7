/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Matched packets as a pcapng file: from the kernel side's ring to a sink. Packets that
 * do not reach the file are counted: captured + lost = dropped (or observed).
 */
#ifndef CAPTURE_H
#define CAPTURE_H

#include "drop_abi.h"
#include "attach/hook.h"
#include "capture/sink.h"

/* How often to read the ring even if it has not woken us up. */
#define CAPTURE_PERIOD_NS 20000000ULL

/* Bytes of the ring: a power of two, and of pages. */
#define CAPTURE_RING_SIZE (16 << 20)

struct capture {
	struct sink sink;
	struct ring_buffer *ring;
	const struct attachment *attachments;
	size_t count; /* of them; an interface that is not known comes behind them */
	__u32 unknown_type; /* enum drop_frame_type: what frames of that one start with */
	bool unknown; /* there were some, and the file has said so */
	bool observe;
	__u32 snaplen;
	__u64 start_ns; /* since 1970 */
	__u64 offset_ns; /* from CLOCK_MONOTONIC to the time since 1970 */
	__u64 number; /* of the last packet */
	__u64 *written; /* packets, by slot; so are the next two */
	__u64 *discarded; /* taken from the ring, but not written */
	__u64 *told_lost; /* losses of the kernel side that a packet has told */
	int counters_fd;
	bool ask_losses; /* once for each look into the ring */
	bool discard; /* the reader has stopped: empty the ring, write nothing */
};

/**
 * capture_open() - open the file; nothing is written yet
 * @replace: also one that is there already
 *
 * Return: EXIT_DONE, or the exit code of an error it has told.
 */
int capture_open(struct capture *capture, const char *path, bool replace);

/**
 * capture_begin() - write the heading and start reading the ring
 * @capture: opened, with attachments, count, unknown_type, observe and snaplen set
 * @ring_fd: the map "captured"
 * @counters_fd: the map "counters"
 * @program: name and version of what captures
 *
 * Return: EXIT_DONE, or the exit code of an error it has told.
 */
int capture_begin(struct capture *capture, int ring_fd, int counters_fd,
		  const char *program);

/* A descriptor to poll for reading: the ring is filling up. */
int capture_fd(const struct capture *capture);

/**
 * capture_step() - take from the ring what the sink has room for, write it
 *
 * Never waits. Return: 0 or a negative errno that ended the writing; the ring
 * is emptied all the same, and its packets are counted as discarded.
 */
int capture_step(struct capture *capture);

/* How many packets of an attachment are in the file, and how many are lost. */
void capture_count(const struct capture *capture, size_t i,
		   const struct drop_counters *sum, __u64 *captured,
		   __u64 *lost);

/* Does it wait for the reader of a pipe? Then poll sink.fd for writing. */
bool capture_is_blocked(const struct capture *capture);

/**
 * capture_finish() - after detaching: the rest of the ring, and the statistics
 * @signal_fd: of signals_catch(), with what began the end taken off
 *
 * Waits for a slow reader as long as it goes on reading: at most two seconds for
 * each read, and until a signal comes.
 *
 * Return: 0 or a negative errno.
 */
int capture_finish(struct capture *capture, int signal_fd);

/* Frees and closes; @failed: nothing came of the run. */
void capture_close(struct capture *capture, bool failed);

/* True if there is a capture at all. */
static inline bool capture_is_on(const struct capture *capture)
{
	return capture->sink.fd >= 0;
}

#endif
