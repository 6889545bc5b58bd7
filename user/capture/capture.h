/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Matched packets from the kernel side's ring to a pcapng file, or only to a count of
 * their flows. Packets that do not reach the file are counted: captured + lost + waiting =
 * dropped (or observed). At the end none is waiting.
 */
#ifndef CAPTURE_H
#define CAPTURE_H

#include "drop_abi.h"
#include "attach/hook.h"
#include "capture/file.h"
#include "capture/flows.h"

/* How often to read the ring even if it has not woken us up. */
#define CAPTURE_PERIOD_NS 20000000ULL

/* Bytes of the ring: a power of two, and of pages. */
#define CAPTURE_RING_SIZE (16 << 20)

/* For each entry of the map "counters". */
struct capture_slot {
	__u64 taken; /* packets, from the ring */
	__u64 told_lost; /* losses that the file's packets report */
	int number; /* of its interface in the file; -1: it is not there yet */
};

struct capture {
	struct capture_file file; /* perhaps not open */
	struct flows *flows; /* NULL: only the file is wanted */
	struct ring_buffer *ring;
	const struct attachment *attachments;
	size_t count; /* of them, at the start */
	size_t room; /* for so many; an interface that is not known comes behind them */
	__u32 unknown_type; /* enum drop_frame_type of that one */
	bool observe;
	struct capture_slot *slots;
	int counters_fd;
	bool ask_losses; /* once each time the ring is read */
};

/**
 * capture_begin() - write the heading and start reading the ring
 * @capture: its file is open, or flows are wanted; attachments, count, room, unknown_type
 *	and observe are set
 * @ring_fd: the map "captured"
 * @counters_fd: the map "counters"
 * @program: name and version of what captures
 * @detail: a comment on it
 *
 * Return: EXIT_DONE, or the exit code of an error it has told.
 */
int capture_begin(struct capture *capture, int ring_fd, int counters_fd,
		  const char *program, const char *detail);

/* Has it begun? */
static inline bool capture_is_on(const struct capture *capture)
{
	return capture->ring;
}

/* A descriptor to poll for reading: the ring is filling up. */
int capture_fd(const struct capture *capture);

/**
 * capture_step() - take from the ring what the sink has room for, write it
 *
 * Never waits. Return: the negative errno that ended the writing, once; else 0. The
 * ring is emptied all the same, and its packets are lost.
 */
int capture_step(struct capture *capture);

/* The packets that an attachment matched; the sum is all of them. */
struct capture_counts {
	__u64 captured; /* in the file, or on their way from us to it */
	__u64 lost;
	__u64 waiting; /* in the ring still */
};

/* @sum: its counters. */
struct capture_counts capture_count(const struct capture *capture, size_t i,
				    const struct drop_counters *sum);

/* Is it blocked by the reader of a pipe? Then poll file.sink.fd for writing. */
bool capture_is_blocked(const struct capture *capture);

/**
 * capture_finish() - after detaching: the rest of the ring, and the statistics
 * @signal_fd: of signals_catch(), with what began the end taken off
 *
 * Waits for a slow reader as long as it goes on reading: at most two seconds for
 * each read, and until a signal comes.
 *
 * Return: as file_finish().
 */
int capture_finish(struct capture *capture, int signal_fd);

/* Frees and closes; @failed: the run failed. */
void capture_close(struct capture *capture, bool failed);

#endif
