// SPDX-License-Identifier: GPL-2.0-only
/* Where a capture is written to: whole blocks, never waiting for a reader. */
#include "capture/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/errors.h"
#include "lib/output.h"

#define BUFFER_SIZE (4 << 20)

/* How long a reader may show no sign of life at the end. */
#define PATIENCE_MS 2000

static int open_file(struct sink *sink)
{
	int flags = O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;

	sink->fd = open(sink->path, flags | O_CREAT | O_EXCL, 0600);
	sink->created = sink->fd >= 0;
	if (sink->fd < 0 && errno == EEXIST)
		sink->fd = open(sink->path, flags);
	return sink->fd < 0 ? -errno : 0;
}

static int tell_open(const char *path, int error)
{
	switch (error) {
	case ELOOP:
		return fail(
			EXIT_USAGE,
			"%s: is a symbolic link, which is not followed. Name the file itself.",
			path);
	case ENXIO:
		return fail(
			EXIT_SYSTEM,
			"%s: is a pipe without a reader. Start the reader first.",
			path);
	case EEXIST:
		return fail(
			EXIT_REFUSED,
			"%s: is there already, and stays as it is. Choose another file for --write, or replace it with --force.",
			path);
	default:
		return fail(
			EXIT_SYSTEM,
			"%s: cannot be written: %s. Choose another file for --write.",
			path, strerror(error));
	}
}

int sink_open(struct sink *sink, const char *path, bool replace)
{
	struct stat status = {};
	int error = 0;

	*sink = (struct sink){ .path = path, .fd = -1 };
	if (!strcmp(path, "-")) {
		if (isatty(STDOUT_FILENO))
			return fail(
				EXIT_USAGE,
				"standard output is a terminal, and --write - sends binary data there. Pipe it (| tcpdump -nr -), or name a file.");
		sink->fd = output_reopen(STDOUT_FILENO);
		if (sink->fd < 0)
			sink->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
		error = sink->fd < 0 ? -errno : 0;
	} else {
		error = open_file(sink);
	}
	if (!error)
		sink->data = malloc(BUFFER_SIZE);
	if (!error && !sink->data)
		error = -ENOMEM;
	if (!error && fstat(sink->fd, &status))
		error = -errno;
	sink->regular = S_ISREG(status.st_mode);
	if (!error && sink->regular && !sink->created && !replace &&
	    strcmp(path, "-"))
		error = -EEXIST;
	if (error) {
		sink_close(sink, true);
		return tell_open(path, -error);
	}
	return EXIT_DONE;
}

int sink_begin(struct sink *sink)
{
	off_t at;

	if (!sink->regular)
		return 0;
	/* A file that a shell's >> appends to is not cut. */
	if (!strcmp(sink->path, "-")) {
		at = lseek(sink->fd, 0, SEEK_END);
		sink->whole = at > 0 ? (__u64)at : 0;
		return 0;
	}
	return ftruncate(sink->fd, 0) ? -errno : 0;
}

bool sink_has_room(const struct sink *sink)
{
	return BUFFER_SIZE - sink->used >= SINK_BLOCK_MAX;
}

void *sink_block(struct sink *sink)
{
	return sink->data + sink->used;
}

void sink_add(struct sink *sink, size_t size)
{
	sink->used += size;
}

size_t sink_pending(const struct sink *sink)
{
	return sink->used - sink->sent;
}

/* How many bytes of whole blocks there are among the first @size; see pcapng.h. */
static size_t whole_blocks(const char *data, size_t size)
{
	size_t at = 0;
	__u32 length;

	while (size - at >= 8) {
		memcpy(&length, data + at + 4, sizeof(length));
		if (length > size - at)
			break;
		at += length;
	}
	return at;
}

void sink_abandon(struct sink *sink)
{
	size_t at = whole_blocks(sink->data, sink->sent);
	__u32 length;

	sink->whole += at;
	if (sink->regular && ftruncate(sink->fd, (off_t)sink->whole))
		note("%s: its last packet is cut short: %s.", sink->path,
		     strerror(errno));
	for (; at < sink->used; at += length) {
		memcpy(&length, sink->data + at + 4, sizeof(length));
		if (sink->lost)
			sink->lost(sink->context, sink->data + at);
	}
	sink->used = 0;
	sink->sent = 0;
}

int sink_flush(struct sink *sink)
{
	struct pollfd ready = { .fd = sink->fd, .events = POLLOUT };
	size_t whole;

	while (!sink->error && sink_pending(sink)) {
		size_t size = sink_pending(sink);
		ssize_t done;

		if (!sink->regular) {
			/* So much, a pipe that is ready takes at once: pipe(7). */
			if (size > PIPE_BUF)
				size = PIPE_BUF;
			if (poll(&ready, 1, 0) <= 0)
				break;
		}
		done = write(sink->fd, sink->data + sink->sent, size);
		if (done < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (done < 0) {
			sink->error = errno;
			sink_abandon(sink);
			return -sink->error;
		}
		sink->sent += done;
	}
	/* What is wholly written makes room; a slow reader may be inside a block. */
	whole = whole_blocks(sink->data, sink->sent);
	if (whole) {
		memmove(sink->data, sink->data + whole, sink->used - whole);
		sink->whole += whole;
		sink->used -= whole;
		sink->sent -= whole;
	}
	return sink->error ? -sink->error : 0;
}

/*
 * Waits until the reader takes something; false if it shows no sign of life, or
 * if the user has lost patience first.
 */
static bool wait_for_reader(const struct sink *sink, int signal_fd)
{
	struct pollfd ready[] = {
		{ .fd = sink->fd, .events = POLLOUT },
		{ .fd = signal_fd, .events = POLLIN },
	};

	return poll(ready, 2, PATIENCE_MS) > 0 && !ready[1].revents;
}

bool sink_flush_all(struct sink *sink, int signal_fd)
{
	while (sink_pending(sink)) {
		if (sink_flush(sink))
			return false;
		if (sink_pending(sink) && !wait_for_reader(sink, signal_fd))
			return false;
	}
	return !sink->error;
}

void sink_close(struct sink *sink, bool discard)
{
	if (sink->fd >= 0)
		close(sink->fd);
	if (sink->fd >= 0 && discard && sink->created)
		unlink(sink->path);
	free(sink->data);
	*sink = (struct sink){ .fd = -1 };
}
