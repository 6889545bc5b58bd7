// SPDX-License-Identifier: GPL-2.0-only
/* Matched packets as a pcapng file: from the kernel side's ring to a sink. */
#include "capture/capture.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/pkt_cls.h>
#include <stdio.h>
#include <stdlib.h>

#include "attach/counters.h"
#include "lib/duration.h"
#include "lib/errors.h"
#include "lib/frame_type.h"

bool capture_is_blocked(const struct capture *capture)
{
	const struct sink *sink = &capture->file.sink;

	return !sink->regular && sink_pending(sink);
}

int capture_fd(const struct capture *capture)
{
	return ring_buffer__epoll_fd(capture->ring);
}

struct capture_counts capture_count(const struct capture *capture, size_t i,
				    const struct drop_counters *sum)
{
	const struct capture_file *file = &capture->file;
	struct capture_counts counts = {};
	__u64 rest;

	if (capture->slots[i].number >= 0)
		counts.captured = file->written[capture->slots[i].number];
	/* If a packet was just being counted, @sum may have only a part of it. */
	rest = counters_matched(sum).packets - counts.captured;
	counts.lost = sum->lost + capture->slots[i].taken - counts.captured;
	if (counts.lost > rest)
		counts.lost = rest;
	counts.waiting = rest - counts.lost;
	return counts;
}

/* Losses since the last packet of that interface, for its drop count. */
static __u64 new_losses(struct capture *capture, size_t i)
{
	struct drop_counters sum;
	__u64 lost, fresh;

	if (counters_read(capture->counters_fd, i, &sum))
		return 0;
	lost = capture_count(capture, i, &sum).lost;
	fresh = lost - capture->slots[i].told_lost;
	capture->slots[i].told_lost = lost;
	return fresh;
}

/* All are attached to the same kind of hook, so an unknown one is, too. */
static enum hook hook_of(const struct capture *capture, size_t i)
{
	return capture->attachments[i < capture->room ? i : 0].hook;
}

static __u32 frame_type_of(const struct capture *capture, size_t i)
{
	return i < capture->room ? interface_frame_type(
					   &capture->attachments[i].interface) :
				   capture->unknown_type;
}

/* Adds the interface to the file; 0 or a negative errno. */
static int add_interface(struct capture *capture, size_t i)
{
	enum hook hook = hook_of(capture, i);
	bool known = i < capture->room;
	char name[64], description[64];
	struct pcapng_interface interface = {
		.name = name,
		.description = description,
		.linktype = PCAPNG_ETHERNET,
	};
	int error;

	if (frame_type_of(capture, i) == TYPE_IP)
		interface.linktype = PCAPNG_IP;
	snprintf(name, sizeof(name), "%s@%s",
		 known ? capture->attachments[i].interface.name : "(unknown)",
		 hook_is_xdp(hook)     ? "xdp" :
		 hook_is_ingress(hook) ? "tc-ingress" :
					 "tc-egress");
	snprintf(description, sizeof(description), "%s by %s",
		 capture->observe ? "observed" : "dropped",
		 known ? hook_text(hook) : "the program on another interface");
	error = file_add_interface(&capture->file, &interface);
	if (!error)
		capture->slots[i].number = capture->file.count - 1;
	return error;
}

static int write_packet(struct capture *capture, size_t i,
			const struct drop_record *record, const char *bytes)
{
	struct capture_file *file = &capture->file;
	enum hook hook = hook_of(capture, i);
	bool xdp = hook_is_xdp(hook);
	/* Flows may need more. */
	__u32 captured = record->captured < file->snaplen ? record->captured :
							    file->snaplen;
	struct pcapng_packet packet = {
		.time_ns = record->time_ns,
		.length = record->length,
		.captured = captured,
		.parts = { { bytes, captured } },
		.direction = hook_is_ingress(hook) ? PCAPNG_INBOUND :
						     PCAPNG_OUTBOUND,
		.queue = record->queue,
		.hook = xdp ? PCAPNG_XDP : PCAPNG_TC,
		.verdict = xdp ? XDP_DROP : TC_ACT_SHOT,
	};

	/* One that is not known, or was not there at the start, at its first packet. */
	if (capture->slots[i].number < 0 && add_interface(capture, i))
		return 0;
	packet.interface = capture->slots[i].number;
	if (capture->observe) {
		packet.verdict = xdp ? XDP_PASS : TC_ACT_UNSPEC;
		packet.comment = "passed: only observed";
	}
	if (capture->ask_losses) {
		packet.dropped = new_losses(capture, i);
		capture->ask_losses = false;
	}
	file_add_packet(file, &packet, record->tag_protocol, record->tag_tci);
	return file_has_room(file) ? 0 : -ENOBUFS;
}

/* Called for each record of the ring, which is consumed whatever this returns. */
static int take(void *context, void *data, size_t size)
{
	struct capture *capture = context;
	const struct drop_record *record = data;
	int code = 0;
	size_t i;

	if (size < sizeof(*record) ||
	    size - sizeof(*record) < record->captured ||
	    record->slot > capture->room)
		return 0;
	i = record->slot;
	if (capture->flows)
		flows_add(capture->flows, frame_type_of(capture, i), record,
			  data + sizeof(*record));
	if (!capture->file.discard)
		code = write_packet(capture, i, record, data + sizeof(*record));
	capture->slots[i].taken++;
	return code;
}

/* Takes records until the file is full or the ring empty; true: it is empty. */
static bool drain(struct capture *capture)
{
	if (!file_has_room(&capture->file))
		return false;
	capture->file.offset_ns = clock_offset_ns();
	capture->ask_losses = true;
	return ring_buffer__consume(capture->ring) != -ENOBUFS;
}

int capture_step(struct capture *capture)
{
	int error = 0;
	bool empty;

	do {
		empty = drain(capture);
		if (!error)
			error = file_flush(&capture->file);
	} while (!empty && file_has_room(&capture->file));
	return error;
}

int capture_begin(struct capture *capture, int ring_fd, int counters_fd,
		  const char *program, const char *detail)
{
	size_t i;
	int code;

	capture->counters_fd = counters_fd;
	capture->slots = calloc(capture->room + 1, sizeof(*capture->slots));
	if (!capture->slots)
		return fail_memory("the counters of the capture");
	capture->ring = ring_buffer__new(ring_fd, take, capture, NULL);
	if (!capture->ring)
		return fail_at(AT_RING, errno,
			       file_is_open(&capture->file) ?
				       capture->file.sink.path :
				       "--top",
			       NULL);
	for (i = 0; i <= capture->room; i++)
		capture->slots[i].number = -1;
	code = file_begin(&capture->file, program, detail);
	for (i = 0; i < capture->count && !code; i++) {
		if (add_interface(capture, i))
			code = fail_memory("the interfaces of the capture");
	}
	return code;
}

static void write_statistics(struct capture *capture, size_t i, int signal_fd)
{
	struct drop_counters sum;
	__u64 received = 0;
	int kind;

	if (capture->slots[i].number < 0 ||
	    counters_read(capture->counters_fd, i, &sum))
		return;
	for (kind = 0; kind < STAT_COUNT; kind++)
		received += sum.stats[kind].packets;
	file_add_statistics(&capture->file, capture->slots[i].number, received,
			    counters_matched(&sum).packets, signal_fd);
}

int capture_finish(struct capture *capture, int signal_fd)
{
	struct capture_file *file = &capture->file;
	size_t i;

	while (!drain(capture))
		file_flush_all(file, signal_fd);
	for (i = 0; i <= capture->room; i++)
		write_statistics(capture, i, signal_fd);
	return file_finish(file, signal_fd);
}

void capture_close(struct capture *capture, bool failed)
{
	ring_buffer__free(capture->ring);
	free(capture->slots);
	free(capture->flows);
	file_close(&capture->file, failed);
	*capture = (struct capture){ .file.sink.fd = -1 };
}
