// SPDX-License-Identifier: GPL-2.0-only
/* Standard output and standard error, which never wait for a reader. */
#include "lib/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How long a reader may show no sign of life at the end. */
#define PATIENCE_MS 1000

/* A pipe has room for half of it. */
#define MOST_PENDING (128 << 10)

struct output_line {
	struct output_line *next;
	__u64 *lost;
	size_t length;
	char text[];
};

struct output standard_output = { .fd = STDOUT_FILENO },
	      standard_error = { .fd = STDERR_FILENO };

static __u64 added;

int output_reopen(int fd)
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

static void open_one(struct output *out)
{
	int own = output_reopen(out->fd);

	if (own >= 0)
		out->fd = own;
	out->text = open_memstream(&out->buffer, &out->length);
	out->end = &out->first;
	out->most = MOST_PENDING;
}

void output_open(void)
{
	open_one(&standard_output);
	open_one(&standard_error);
}

FILE *output_text(struct output *out)
{
	if (out->text)
		rewind(out->text);
	return out->text;
}

char *output_so_far(struct output *out)
{
	fflush(out->text);
	out->buffer[out->length] = '\0';
	return out->buffer;
}

/* That line is written, or will never be. */
static void take_off(struct output *out, struct output_line **at, bool is_lost)
{
	struct output_line *line = *at;

	*at = line->next;
	if (!*at)
		out->end = at;
	if (at == &out->first)
		out->sent = 0;
	out->pending -= line->length;
	*line->lost += is_lost;
	free(line);
}

/* But where a line is begun, no other may follow its first half. */
static void lose_all(struct output *out)
{
	struct output_line **at = &out->first;

	if (out->sent && !out->error)
		at = &out->first->next;
	while (*at)
		take_off(out, at, true);
}

static void add_line(struct output *out, const char *text, size_t length,
		     __u64 *lost)
{
	struct output_line *line = malloc(sizeof(*line) + length);

	if (!line) {
		*lost += 1;
		return;
	}
	*line = (struct output_line){ .lost = lost, .length = length };
	memcpy(line->text, text, length);
	*out->end = line;
	out->end = &line->next;
	out->pending += length;
}

static bool has_room(const struct output *out)
{
	return out->pending + out->length <= out->most;
}

int output_add(struct output *out, __u64 *lost, bool always)
{
	static __u64 uncounted;
	const char *text;
	bool keep;

	added++;
	if (!out->text)
		return -ENOMEM;
	if (!lost)
		lost = &uncounted;
	text = output_so_far(out);
	if (!always && !has_room(out))
		output_flush(out);
	keep = !out->error && (always || has_room(out));
	while (*text) {
		size_t length = strcspn(text, "\n");

		length += text[length] == '\n';
		if (keep)
			add_line(out, text, length, lost);
		else
			*lost += 1;
		text += length;
	}
	return -out->error;
}

/* As many whole lines as a pipe takes whole, or the beginning of a long one. */
static size_t gather(const struct output *out, char piece[PIPE_BUF])
{
	const struct output_line *line;
	size_t size = 0, skip = out->sent;

	for (line = out->first; line; line = line->next) {
		size_t length = line->length - skip;

		if (size && length > PIPE_BUF - size)
			break;
		if (length > PIPE_BUF)
			length = PIPE_BUF;
		memcpy(piece + size, line->text + skip, length);
		size += length;
		skip = 0;
	}
	return size;
}

static void has_taken(struct output *out, size_t size)
{
	while (size) {
		size_t rest = out->first->length - out->sent;

		if (size < rest) {
			out->sent += size;
			return;
		}
		size -= rest;
		take_off(out, &out->first, false);
	}
}

int output_flush(struct output *out)
{
	struct pollfd ready = { .fd = out->fd, .events = POLLOUT };
	char piece[PIPE_BUF];

	/* Where it could not be opened anew, what is ready takes so much at once. */
	while (out->first && poll(&ready, 1, 0) > 0) {
		size_t size = gather(out, piece);
		ssize_t done = write(out->fd, piece, size);

		if (done < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (done < 0) {
			out->error = errno;
			lose_all(out);
			break;
		}
		has_taken(out, (size_t)done);
	}
	return -out->error;
}

__u64 output_count(void)
{
	return added;
}

bool output_drain(struct output *out, int signal_fd)
{
	struct pollfd ready[] = {
		{ .fd = out->fd, .events = POLLOUT },
		{ .fd = signal_fd, .events = POLLIN },
	};

	while (!output_flush(out) && out->first) {
		if (poll(ready, 2, PATIENCE_MS) <= 0 || ready[1].revents)
			break;
	}
	if (!out->first)
		return !out->error;
	lose_all(out);
	return false;
}

void output_close(int signal_fd)
{
	output_drain(&standard_output, signal_fd);
	output_drain(&standard_error, signal_fd);
}
