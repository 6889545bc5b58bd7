// SPDX-License-Identifier: GPL-2.0-only
/* --trace: from the kernel's event for bpf_printk to standard error. */
#include "loader/trace.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lib/errors.h"
#include "lib/output.h"

#define EVENT "events/bpf_trace/bpf_trace_printk/"

static int listen_to_event(struct trace *trace)
{
	char filter[48], *format;
	int error;

	format = tracefs_read(&trace->tracefs, EVENT "format");
	if (!format)
		return -errno;
	trace->id = format_id(format);
	format_field(format, "common_type", &trace->type);
	format_field(format, "bpf_string", &trace->text);
	free(format);
	if (!trace->text.size)
		return -EPROTO;
	/* What others print would take room from ours. No digit may begin it. */
	snprintf(filter, sizeof(filter), "bpf_string ~ \"by %x *\"",
		 trace->mark);
	error = tracefs_write(&trace->tracefs, EVENT "filter", filter);
	if (!error)
		error = tracefs_write(&trace->tracefs, EVENT "enable", "1");
	return error;
}

int trace_open(struct trace *trace)
{
	int code, error;

	trace->on = true;
	trace->tracefs =
		(struct tracefs){ .root = -1, .instance = -1, .guard = -1 };
	while (!trace->mark) {
		if (getrandom(&trace->mark, sizeof(trace->mark), 0) < 0)
			return fail(EXIT_SYSTEM,
				    "cannot mark the trace: %s. Try again.",
				    strerror(errno));
	}
	code = tracefs_open(&trace->tracefs);
	if (!code)
		code = ring_open(&trace->ring, &trace->tracefs);
	if (code)
		return code;
	error = listen_to_event(trace);
	if (error)
		return fail(
			error == -ENOENT ? EXIT_LACKING : EXIT_SYSTEM,
			"cannot trace 'bpf_trace:bpf_trace_printk': %s. --trace needs Linux 5.10 or newer with CONFIG_BPF_EVENTS; see /sys/kernel/tracing/events.",
			strerror(-error));
	return EXIT_DONE;
}

/* "by MARK on IFINDEX: what it tells", see bpf_progs/trace.h. */
static void take(const struct record *record, const char *data, void *context)
{
	struct trace *trace = context;
	char words[64], unknown[24];
	const char *name = unknown;
	size_t slot;
	__u32 mark, ifindex;
	double seconds;
	FILE *text;

	if ((int)field_value(&trace->type, data, record->size) != trace->id ||
	    sscanf(field_string(&trace->text, data, record->size),
		   "by %x on %u: %63[^\n]", &mark, &ifindex, words) != 3 ||
	    mark != trace->mark)
		return;
	slot = slots_find(trace->slots, ifindex);
	if (slot < trace->slots->count)
		name = trace->slots->attachments[slot].interface.name;
	else
		snprintf(unknown, sizeof(unknown), "(unknown, %u)", ifindex);
	seconds = (double)(__s64)(record->ns - trace->started_ns) / 1e9;
	text = output_text(&standard_error);
	if (!text)
		return;
	fprintf(text, "%12.6f  cpu %-3u %s: %s\n", seconds, record->cpu, name,
		words);
	trace->told++;
	output_add(&standard_error, &trace->lost, false);
}

static int read_lines(struct trace *trace, __u64 until_ns)
{
	int before = trace->error;
	int error = ring_read(&trace->ring, until_ns, take, trace);

	if (!error)
		error = output_flush(&standard_error);
	if (error)
		trace->error = -error;
	return before ? 0 : error;
}

int trace_step(struct trace *trace, __u64 now_ns)
{
	return read_lines(trace, now_ns);
}

int trace_finish(struct trace *trace, __u64 packets, int signal_fd)
{
	/* Else the reading might go on and on. */
	tracefs_write(&trace->tracefs, "tracing_on", "0");
	read_lines(trace, UINT64_MAX);
	if (trace->error)
		return -trace->error;
	output_drain(&standard_error, signal_fd);
	if (packets > trace->told - trace->lost)
		note("%llu of %llu trace lines were lost: no room, or nobody read them.",
		     packets - (trace->told - trace->lost), packets);
	return 0;
}

void trace_close(struct trace *trace)
{
	if (!trace->on)
		return;
	ring_close(&trace->ring);
	tracefs_close(&trace->tracefs);
	trace->on = false;
}
