/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes lines or a capture's blocks, and never waits for a reader. A pipe whose reader
 * is slow fills the buffer; a full disk ends the writing, and a file ends with its last
 * whole block.
 */
#ifndef SINK_H
#define SINK_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

/* No block may be longer: a packet of 64 KiB with all its options fits. */
#define SINK_BLOCK_MAX (128 << 10)

struct sink {
	const char *path; /* "-": standard output */
	int fd; /* -1: not open */
	bool lines; /* it writes lines, else blocks: see pcapng.h */
	bool regular; /* a file that can be cut */
	bool created; /* by us, so it is removed if the run fails */
	char *data; /* lines or blocks, of which some are still to be written */
	size_t size; /* bytes that there is room for */
	size_t used; /* bytes of all of them */
	size_t sent; /* bytes that are written */
	void (*lost)(void *context,
		     const char *piece); /* never written as a whole */
	void *context; /* the caller's, for lost() */
	__u64 whole; /* bytes written before @data: of whole lines or blocks */
	int patience_ms; /* at the end, for a reader that takes nothing */
	int error; /* errno that ended the writing, or 0 */
};

/**
 * sink_open() - open for a capture; what a file holds stays until sink_begin()
 * @path: kept, not copied; "-" is standard output
 * @replace: also a regular file that is there already
 *
 * Return: EXIT_DONE, or the exit code of an error it has told.
 */
int sink_open(struct sink *sink, const char *path, bool replace);

/* Truncates the file. Returns 0 or a negative errno. */
int sink_begin(struct sink *sink);

/*
 * A descriptor for the same pipe or terminal at which writes do not wait, or -1.
 * Others that share @fd go on as before: O_NONBLOCK would be theirs, too.
 */
int sink_reopen(int fd);

/* Room for one more block of the longest kind? */
bool sink_has_room(const struct sink *sink);

/* Where a block can be put together, SINK_BLOCK_MAX bytes; then sink_add() it. */
void *sink_block(struct sink *sink);
void sink_add(struct sink *sink, size_t size);

/* Adds whole lines, however many wait already; false without memory. */
bool sink_put(struct sink *sink, const char *lines, size_t size);

/* Writes what can be written without waiting; 0 or a negative errno. */
int sink_flush(struct sink *sink);

/**
 * sink_flush_all() - at the end: writes all that is there, waiting for the reader
 * @signal_fd: a signal that can be read here ends the waiting; -1: none
 *
 * Return: false if it gave up: the reader took nothing for too long, or an error.
 */
bool sink_flush_all(struct sink *sink, int signal_fd);

/* Gives up: calls lost() for blocks that are not wholly written, truncates files. */
void sink_abandon(struct sink *sink);

/* Bytes that still wait. */
size_t sink_pending(const struct sink *sink);

/* Closes; removes the file if @discard and it was not there before. */
void sink_close(struct sink *sink, bool discard);

#endif
