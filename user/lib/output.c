// SPDX-License-Identifier: GPL-2.0-only
/* Standard output and standard error, which never wait for a reader. */
#include "lib/output.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_MS 1000

/* A pipe has room for half of it. */
#define MOST_PENDING (128 << 10)

/* And with this many, those that are kept, too: --follow may bring them without end. */
#define MOST_KEPT (32 << 20)

struct output standard_output = { .sink.fd = STDOUT_FILENO },
	      standard_error = { .sink.fd = STDERR_FILENO };

static __u64 added;

/* Called for each line that was not written after all. */
static void count_lost(void *context, const char *line)
{
	struct output *out = context;
	__u64 at = out->sink.whole + (line - out->sink.data);

	*(at < out->lost_from ? out->lost_before : out->lost) += 1;
}

static void open_one(struct output *out)
{
	int own = sink_reopen(out->sink.fd);

	if (own >= 0)
		out->sink.fd = own;
	out->sink.lines = true;
	out->sink.lost = count_lost;
	out->sink.context = out;
	out->sink.patience_ms = PATIENCE_MS;
	out->text = open_memstream(&out->buffer, &out->length);
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

static bool has_room(const struct output *out, bool kept)
{
	return sink_pending(&out->sink) + out->length <=
	       (kept ? MOST_KEPT : out->most);
}

/* Lines added from now on count here; lines added before count as they did. */
static void set_counter(struct output *out, __u64 *lost)
{
	const struct sink *sink = &out->sink;

	if (lost == out->lost)
		return;
	if (sink->whole + sink->sent >= out->lost_from)
		out->lost_before = out->lost;
	out->lost = lost;
	out->lost_from = sink->whole + sink->used;
}

int output_add(struct output *out, __u64 *lost, bool always)
{
	static __u64 uncounted;
	const char *text;

	added++;
	if (!out->text)
		return -ENOMEM;
	set_counter(out, lost ? lost : &uncounted);
	text = output_so_far(out);
	if (!has_room(out, always))
		output_flush(out);
	if (!out->sink.error && has_room(out, always) &&
	    sink_put(&out->sink, text, out->length))
		return 0;
	while (*text) {
		*out->lost += 1;
		text = strchrnul(text, '\n');
		text += *text == '\n';
	}
	return -out->sink.error;
}

int output_flush(struct output *out)
{
	return sink_flush(&out->sink);
}

__u64 output_count(void)
{
	return added;
}

bool output_drain(struct output *out, int signal_fd)
{
	if (sink_flush_all(&out->sink, signal_fd))
		return true;
	sink_abandon(&out->sink);
	return false;
}

void output_close(int signal_fd)
{
	output_drain(&standard_output, signal_fd);
	output_drain(&standard_error, signal_fd);
}
