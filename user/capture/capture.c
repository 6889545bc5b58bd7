// SPDX-License-Identifier: GPL-2.0-only
/* Matched packets as a pcapng file: from the kernel side's ring to a sink. */
#include "capture/capture.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/pkt_cls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "attach/counters.h"
#include "capture/pcapng.h"
#include "lib/duration.h"
#include "lib/errors.h"

int capture_open(struct capture *capture, const char *path, bool replace)
{
	return sink_open(&capture->sink, path, replace);
}

bool capture_is_blocked(const struct capture *capture)
{
	return !capture->sink.regular && sink_pending(&capture->sink);
}

int capture_fd(const struct capture *capture)
{
	return ring_buffer__epoll_fd(capture->ring);
}

void capture_count(const struct capture *capture, size_t i,
		   const struct drop_counters *sum, __u64 *captured,
		   __u64 *lost)
{
	*captured = capture->written[i];
	*lost = sum->lost + capture->discarded[i];
}

/* Called for each block that was not written after all. */
static void count_lost(void *context, const void *block)
{
	struct capture *capture = context;
	int i = pcapng_packet_interface(block);

	if (i < 0)
		return;
	capture->written[i]--;
	capture->discarded[i]++;
}

/* Losses since the last packet of that interface, for its drop count. */
static __u64 new_losses(struct capture *capture, size_t i)
{
	struct drop_counters sum;
	__u64 fresh;

	if (counters_read(capture->counters_fd, i, &sum))
		return 0;
	fresh = sum.lost + capture->discarded[i] - capture->told_lost[i];
	capture->told_lost[i] += fresh;
	return fresh;
}

/* All are attached to the same kind of hook, so an unknown one is, too. */
static enum hook hook_of(const struct capture *capture, size_t i)
{
	return capture->attachments[i < capture->count ? i : 0].hook;
}

/*
 * Says what the packets of an interface will be: a block that is short enough to find
 * room beside any other.
 */
static void add_interface(struct capture *capture, size_t i)
{
	struct sink *sink = &capture->sink;
	enum hook hook = hook_of(capture, i);
	bool known = i < capture->count;
	char name[64], description[64];
	struct pcapng_interface interface = {
		.name = name,
		.description = description,
		.linktype = PCAPNG_ETHERNET,
		.snaplen = capture->snaplen,
	};
	__u32 type = capture->unknown_type;

	if (known)
		type = interface_frame_type(&capture->attachments[i].interface);
	if (type == TYPE_IP)
		interface.linktype = PCAPNG_IP;
	snprintf(name, sizeof(name), "%s@%s",
		 known ? capture->attachments[i].interface.name : "(unknown)",
		 hook_is_xdp(hook)     ? "xdp" :
		 hook_is_ingress(hook) ? "tc-ingress" :
					 "tc-egress");
	snprintf(description, sizeof(description), "%s by %s",
		 capture->observe ? "observed" : "dropped",
		 known ? hook_text(hook) : "the program on another interface");
	sink_add(sink, pcapng_interface(sink_block(sink), &interface));
}

static int write_packet(struct capture *capture, size_t i,
			const struct drop_record *record, const char *bytes)
{
	enum hook hook = hook_of(capture, i);
	bool xdp = hook_is_xdp(hook);
	struct pcapng_packet packet = {
		.interface = i,
		.time_ns = record->time_ns + capture->offset_ns,
		.length = record->length,
		.captured = record->captured,
		.parts = { { bytes, record->captured } },
		.direction = hook_is_ingress(hook) ? PCAPNG_INBOUND :
						     PCAPNG_OUTBOUND,
		.number = ++capture->number,
		.queue = record->queue,
		.hook = xdp ? PCAPNG_XDP : PCAPNG_TC,
		.verdict = xdp ? XDP_DROP : TC_ACT_SHOT,
	};
	__u16 tag[2];

	if (i == capture->count && !capture->unknown) {
		capture->unknown = true;
		add_interface(capture, i);
	}
	if (capture->observe) {
		packet.verdict = xdp ? XDP_PASS : TC_ACT_UNSPEC;
		packet.comment = "passed: only observed";
	}
	if (record->tag_protocol)
		pcapng_put_tag(&packet, record->tag_protocol, record->tag_tci,
			       capture->snaplen, tag);
	if (capture->ask_losses) {
		packet.dropped = new_losses(capture, i);
		capture->ask_losses = false;
	}
	sink_add(&capture->sink,
		 pcapng_packet(sink_block(&capture->sink), &packet));
	capture->written[i]++;
	return sink_has_room(&capture->sink) ? 0 : -ENOBUFS;
}

/* Called for each record of the ring, which is taken whatever this returns. */
static int take(void *context, void *data, size_t size)
{
	struct capture *capture = context;
	const struct drop_record *record = data;
	size_t i;

	if (size < sizeof(*record) ||
	    size - sizeof(*record) < record->captured ||
	    record->slot > capture->count)
		return 0;
	i = record->slot;
	if (capture->sink.error || capture->discard) {
		capture->discarded[i]++;
		return 0;
	}
	return write_packet(capture, i, record, data + sizeof(*record));
}

/* Takes records until the sink is full or the ring empty; true: it is empty. */
static bool drain(struct capture *capture)
{
	if (!capture->discard && !capture->sink.error &&
	    !sink_has_room(&capture->sink))
		return false;
	capture->offset_ns = clock_offset_ns();
	capture->ask_losses = true;
	return ring_buffer__consume(capture->ring) != -ENOBUFS;
}

int capture_step(struct capture *capture)
{
	bool empty;
	int error;

	do {
		empty = drain(capture);
		error = sink_flush(&capture->sink);
	} while (!empty && (error || sink_has_room(&capture->sink)));
	return error;
}

static int begin_interfaces(struct capture *capture)
{
	struct sink *sink = &capture->sink;
	size_t i;
	int error = 0;

	for (i = 0; i < capture->count && !error; i++) {
		if (!sink_has_room(sink))
			error = sink_flush(sink);
		add_interface(capture, i);
	}
	return error ? error : sink_flush(sink);
}

int capture_begin(struct capture *capture, int ring_fd, int counters_fd,
		  const char *program)
{
	struct sink *sink = &capture->sink;
	struct utsname system = {};
	char text[sizeof(system.sysname) + sizeof(system.release) + 2];
	int error;

	capture->counters_fd = counters_fd;
	capture->start_ns = clock_ns(CLOCK_REALTIME);
	capture->written = calloc(capture->count + 1, sizeof(__u64));
	capture->discarded = calloc(capture->count + 1, sizeof(__u64));
	capture->told_lost = calloc(capture->count + 1, sizeof(__u64));
	if (!capture->written || !capture->discarded || !capture->told_lost)
		return fail_memory("the counters of the capture");
	capture->ring = ring_buffer__new(ring_fd, take, capture, NULL);
	if (!capture->ring)
		return fail_at(AT_RING, errno, sink->path, NULL);
	uname(&system);
	snprintf(text, sizeof(text), "%s %s", system.sysname, system.release);
	sink->lost = count_lost;
	sink->context = capture;
	error = sink_begin(sink);
	if (!error) {
		sink_add(sink, pcapng_section(sink_block(sink), text, program));
		error = begin_interfaces(capture);
	}
	if (error && error != -EPIPE)
		return fail(
			EXIT_SYSTEM,
			"%s: cannot be written: %s. Choose another file for --write.",
			sink->path, strerror(-error));
	return EXIT_DONE;
}

static void write_statistics(struct capture *capture, size_t i)
{
	struct sink *sink = &capture->sink;
	struct pcapng_statistics statistics = {
		.interface = i,
		.time_ns = clock_ns(CLOCK_REALTIME),
		.start_ns = capture->start_ns,
	};
	struct drop_counters sum;
	int kind;

	if (counters_read(capture->counters_fd, i, &sum))
		return;
	for (kind = 0; kind < STAT_COUNT; kind++)
		statistics.received += sum.stats[kind].packets;
	statistics.accepted = counters_matched(&sum).packets;
	capture_count(capture, i, &sum, &statistics.delivered,
		      &statistics.lost);
	sink_add(sink, pcapng_statistics(sink_block(sink), &statistics));
}

/* The reader has stopped, or nothing can be written: the rest is lost. */
static void abandon(struct capture *capture)
{
	capture->discard = true;
	sink_abandon(&capture->sink);
}

int capture_finish(struct capture *capture, int signal_fd)
{
	size_t i;

	while (!drain(capture)) {
		if (!sink_flush_all(&capture->sink, signal_fd))
			abandon(capture);
	}
	if (!capture->discard && !sink_flush_all(&capture->sink, signal_fd))
		abandon(capture);
	for (i = 0; i < capture->count + capture->unknown && !capture->discard;
	     i++) {
		write_statistics(capture, i);
		if (!sink_has_room(&capture->sink) &&
		    !sink_flush_all(&capture->sink, signal_fd))
			abandon(capture);
	}
	if (!capture->discard && !sink_flush_all(&capture->sink, signal_fd))
		abandon(capture);
	if (capture->sink.error)
		return -capture->sink.error;
	return capture->discard ? -ETIMEDOUT : 0;
}

void capture_close(struct capture *capture, bool failed)
{
	ring_buffer__free(capture->ring);
	free(capture->written);
	free(capture->discarded);
	free(capture->told_lost);
	sink_close(&capture->sink, failed);
	*capture = (struct capture){ .sink.fd = -1 };
}
