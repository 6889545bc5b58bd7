// SPDX-License-Identifier: GPL-2.0-only
/* Writes lines or blocks, and never waits for a reader. */
#include "lib/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/errors.h"

#define BUFFER_SIZE (4 << 20)
#define PATIENCE_MS 2000

int sink_reopen(int fd)
{
	int mode = fcntl(fd, F_GETFL);
	struct stat status;
	char path[32];

	if (mode < 0 || (mode & O_ACCMODE) == O_RDONLY || fstat(fd, &status) ||
	    !(S_ISFIFO(status.st_mode) || isatty(fd)))
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* Returns 0 or a negative errno. */
static int open_path(struct sink *sink)
{
	int flags = O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;

	if (!strcmp(sink->path, "-")) {
		sink->fd = sink_reopen(STDOUT_FILENO);
		if (sink->fd < 0)
			sink->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
		return sink->fd < 0 ? -errno : 0;
	}
	sink->fd = open(sink->path, flags | O_CREAT | O_EXCL, 0600);
	sink->created = sink->fd >= 0;
	/* With O_CREAT, as only then the kernel asks fs.protected_fifos and protected_regular. */
	if (sink->fd < 0 && errno == EEXIST)
		sink->fd = open(sink->path, flags | O_CREAT, 0600);
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
			"%s: exists already, and is kept. Choose another file for --write, or replace it with --force.",
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
	bool piped = !strcmp(path, "-");
	struct stat status = {};
	int error;

	*sink = (struct sink){
		.path = path,
		.fd = -1,
		.size = BUFFER_SIZE,
		.patience_ms = PATIENCE_MS,
	};
	if (piped && isatty(STDOUT_FILENO))
		return fail(
			EXIT_USAGE,
			"standard output is a terminal, and --write - would send binary data there. Pipe it (| tcpdump -nr -), or name a file.");
	error = open_path(sink);
	if (!error && fstat(sink->fd, &status))
		error = -errno;
	sink->regular = S_ISREG(status.st_mode);
	if (!error && sink->regular && !sink->created && !replace && !piped)
		error = -EEXIST;
	if (!error)
		sink->data = malloc(BUFFER_SIZE);
	if (!error && !sink->data)
		error = -ENOMEM;
	if (!error)
		return EXIT_DONE;
	sink_close(sink, true);
	return tell_open(path, -error);
}

int sink_begin(struct sink *sink)
{
	off_t at;

	if (!sink->regular)
		return 0;
	/* A file to which a shell's >> appends is not truncated. */
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

bool sink_put(struct sink *sink, const char *lines, size_t size)
{
	if (size > sink->size - sink->used) {
		size_t room = 2 * (sink->used + size);
		char *data = realloc(sink->data, room);

		if (!data)
			return false;
		sink->data = data;
		sink->size = room;
	}
	if (size)
		memcpy(sink_block(sink), lines, size);
	sink_add(sink, size);
	return true;
}

size_t sink_pending(const struct sink *sink)
{
	return sink->used - sink->sent;
}

/* The length of the line or block at @at; 0: it is not whole before @end. */
static size_t piece_at(const struct sink *sink, size_t at, size_t end)
{
	const char *piece = sink->data + at, *newline;
	size_t room = end - at;
	__u32 length;

	if (sink->lines) {
		newline = room ? memchr(piece, '\n', room) : NULL;
		return newline ? (size_t)(newline - piece) + 1 : 0;
	}
	if (room < 2 * sizeof(length))
		return 0;
	memcpy(&length, piece + sizeof(length), sizeof(length));
	return length <= room ? length : 0;
}

/* Removes the blocks that are wholly written, to make room. */
static void take_off(struct sink *sink)
{
	size_t at = 0, length;

	while ((length = piece_at(sink, at, sink->sent)))
		at += length;
	if (!at)
		return;
	memmove(sink->data, sink->data + at, sink->used - at);
	sink->whole += at;
	sink->used -= at;
	sink->sent -= at;
}

void sink_abandon(struct sink *sink)
{
	size_t at = 0, length;

	take_off(sink);
	if (sink->regular && ftruncate(sink->fd, (off_t)sink->whole))
		note("%s: its last packet is cut short: %s.", sink->path,
		     strerror(errno));
	for (; (length = piece_at(sink, at, sink->used)); at += length)
		sink->lost(sink->context, sink->data + at);
	/* If one is begun, none may follow its first half. */
	sink->used = sink->error || !sink->sent ? 0 :
						  piece_at(sink, 0, sink->used);
	sink->sent = sink->used ? sink->sent : 0;
}

/* How much to write at once. */
static size_t portion(const struct sink *sink)
{
	const char *data = sink->data + sink->sent, *newline;
	size_t size = sink_pending(sink);

	if (sink->regular || size <= PIPE_BUF)
		return size;
	/* A pipe that is ready takes this much at once, and as a whole: pipe(7). */
	newline = sink->lines ? memrchr(data, '\n', PIPE_BUF) : NULL;
	return newline ? (size_t)(newline - data) + 1 : PIPE_BUF;
}

int sink_flush(struct sink *sink)
{
	struct pollfd ready = { .fd = sink->fd, .events = POLLOUT };

	while (!sink->error && sink_pending(sink) &&
	       (sink->regular || poll(&ready, 1, 0) > 0)) {
		ssize_t done =
			write(sink->fd, sink->data + sink->sent, portion(sink));

		if (done < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (done < 0) {
			sink->error = errno;
			sink_abandon(sink);
			break;
		}
		sink->sent += done;
	}
	/* Not each time: the waiting bytes have to be moved. */
	if (sink->sent >= sink_pending(sink))
		take_off(sink);
	return -sink->error;
}

/*
 * Waits until the reader takes something; false if it does not do so in time, or if a
 * signal comes first.
 */
static bool wait_for_reader(const struct sink *sink, int signal_fd)
{
	struct pollfd ready[] = {
		{ .fd = sink->fd, .events = POLLOUT },
		{ .fd = signal_fd, .events = POLLIN },
	};

	return poll(ready, 2, sink->patience_ms) > 0 && !ready[1].revents;
}

bool sink_flush_all(struct sink *sink, int signal_fd)
{
	while (!sink_flush(sink) && sink_pending(sink)) {
		if (!wait_for_reader(sink, signal_fd))
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
