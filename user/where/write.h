/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dropped packets as a pcapng file. What does not reach the file is counted:
 * captured + lost = told.
 */
#ifndef WHERE_WRITE_H
#define WHERE_WRITE_H

#include <stdbool.h>

#include "capture/sink.h"
#include "where/rows.h"

/* An interface of the file. All are Ethernet: tcpdump reads no file of several kinds. */
struct write_interface {
	__u32 netns, ifindex;
	char name[IFNAMSIZ];
	__u64 written;
};

struct write {
	struct sink sink;
	struct write_interface *list;
	size_t count;
	bool all_netns;
	bool discard; /* nothing can be written any more */
	__u32 snaplen;
	__u64 start_ns; /* since 1970 */
	__u64 offset_ns; /* from CLOCK_MONOTONIC to the time since 1970 */
	__u64 number; /* of the last packet */
	__u64 captured; /* packets that are in the file, or on their way */
};

/* After sink_open(): writes the heading; an exit code. */
int write_begin(struct write *write);

/* Adds a packet, if there still is a file; 0 or a negative errno. */
int write_packet(struct write *write, struct row *row,
		 const struct where_event *event);

/* Writes what can be written without waiting; 0 or a negative errno. */
int write_flush(struct write *write);

/* Is there room for one packet more? Else it waits for a reader. */
bool write_has_room(const struct write *write);

/**
 * write_finish() - the statistics, and all that is not written yet
 * @signal_fd: a signal that can be read here ends the waiting for a slow reader
 *
 * Return: 0, or the negative errno that ended the writing.
 */
int write_finish(struct write *write, const struct rows *rows, int signal_fd);

void write_close(struct write *write, bool failed);

/* True if packets are to be written at all. */
static inline bool write_is_on(const struct write *write)
{
	return write->sink.fd >= 0;
}

#endif
