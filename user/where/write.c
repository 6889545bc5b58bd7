// SPDX-License-Identifier: GPL-2.0-only
/* Dropped packets as a pcapng file. */
#include "where/write.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "capture/pcapng.h"
#include "lib/duration.h"
#include "lib/errors.h"
#include "lib/grow.h"

/* Called for each block that was not written after all. */
static void count_lost(void *context, const void *block)
{
	struct write *write = context;
	int i = pcapng_packet_interface(block);

	if (i < 0)
		return;
	write->list[i].written--;
	write->captured--;
}

int write_begin(struct write *write)
{
	struct sink *sink = &write->sink;
	struct utsname system = {};
	char text[sizeof(system.sysname) + sizeof(system.release) + 2];
	int error;

	write->start_ns = clock_ns(CLOCK_REALTIME);
	uname(&system);
	snprintf(text, sizeof(text), "%s %s", system.sysname, system.release);
	sink->lost = count_lost;
	sink->context = write;
	error = sink_begin(sink);
	if (!error) {
		sink_add(sink, pcapng_section(sink_block(sink), text,
					      "drop-where " BPF_DROP_VERSION));
		error = sink_flush(sink);
	}
	if (error && error != -EPIPE)
		return fail(
			EXIT_SYSTEM,
			"%s: cannot be written: %s. Choose another file for --write.",
			sink->path, strerror(-error));
	return EXIT_DONE;
}

static bool is_at(const struct write_interface *interface,
		  const struct row *row)
{
	return interface->netns == row->key.netns &&
	       interface->ifindex == row->key.ifindex &&
	       !strcmp(interface->name, row->interface);
}

/* Says what its packets will be: a short block, for which there is always room. */
static void put_interface(struct write *write, const struct row *row)
{
	struct sink *sink = &write->sink;
	char description[128] = "dropped packets";
	struct pcapng_interface interface = {
		.name = *row->interface ? row->interface : "-",
		.description = description,
		.linktype = PCAPNG_ETHERNET,
		.snaplen = write->snaplen,
	};

	if (write->all_netns)
		snprintf(description, sizeof(description),
			 "dropped packets of network namespace %s", row->netns);
	sink_add(sink, pcapng_interface(sink_block(sink), &interface));
}

/* Finds the row's interface, or adds it; 0 or a negative errno. */
static int find_interface(struct write *write, struct row *row)
{
	struct write_interface *list;
	size_t i = 0;

	if (row->capture >= 0)
		return 0;
	while (i < write->count && !is_at(&write->list[i], row))
		i++;
	if (i == write->count) {
		list = grow_list(write->list, write->count, sizeof(*list));
		if (!list)
			return -ENOMEM;
		write->list = list;
		list[i] = (struct write_interface){
			.netns = row->key.netns,
			.ifindex = row->key.ifindex,
		};
		memcpy(list[i].name, row->interface, sizeof(list[i].name));
		put_interface(write, row);
		write->count++;
	}
	row->capture = (int)i;
	return 0;
}

static enum pcapng_direction direction_of(enum drop_hook hook)
{
	if (hook == IN_STACK)
		return PCAPNG_NOWHERE;
	return hook == IN_TC_EGRESS ? PCAPNG_OUTBOUND : PCAPNG_INBOUND;
}

static size_t smaller(size_t one, size_t other)
{
	return one < other ? one : other;
}

/* A packet that has none gets an empty header in front, as on the loopback. */
static void put_header(struct pcapng_packet *packet,
		       const struct where_event *event, __u32 snaplen,
		       struct ethhdr *header)
{
	*header = (struct ethhdr){ .h_proto = htons(event->protocol) };
	packet->length += sizeof(*header);
	packet->parts[0].data = header;
	packet->parts[0].size = smaller(sizeof(*header), snaplen);
	packet->parts[1].data = event + 1;
	packet->parts[1].size =
		smaller(event->captured, snaplen - packet->parts[0].size);
	packet->captured = packet->parts[0].size + packet->parts[1].size;
}

int write_packet(struct write *write, struct row *row,
		 const struct where_event *event)
{
	char comment[160];
	struct pcapng_packet packet = {
		.time_ns = event->time_ns + write->offset_ns,
		.length = event->length,
		.captured = event->captured,
		.parts = { { event + 1, event->captured } },
		.direction = direction_of(row->hook),
		.comment = comment,
	};
	struct ethhdr header;
	__u16 tag[2];
	int error;

	if (write->discard)
		return 0;
	error = find_interface(write, row);
	if (error)
		return error;
	packet.interface = row->capture;
	packet.number = ++write->number;
	if (event->tag_protocol)
		pcapng_put_tag(&packet, event->tag_protocol, event->tag_tci,
			       write->snaplen, tag);
	if (!event->ethernet)
		put_header(&packet, event, write->snaplen, &header);
	snprintf(comment, sizeof(comment), "%s: %s%s%s%s",
		 drop_hook_name(row->hook), row->function,
		 *row->reason ? ", " : "", row->reason,
		 event->ethernet ? "" : "; no MAC header");
	sink_add(&write->sink,
		 pcapng_packet(sink_block(&write->sink), &packet));
	write->list[row->capture].written++;
	write->captured++;
	return 0;
}

int write_flush(struct write *write)
{
	int error = write->discard ? 0 : sink_flush(&write->sink);

	write->discard |= !!error;
	return error;
}

bool write_has_room(const struct write *write)
{
	return write->discard || sink_has_room(&write->sink);
}

static void put_statistics(struct write *write, const struct rows *rows,
			   size_t i)
{
	struct pcapng_statistics statistics = {
		.interface = i,
		.time_ns = clock_ns(CLOCK_REALTIME),
		.start_ns = write->start_ns,
		.delivered = write->list[i].written,
	};
	size_t j;

	for (j = 0; j < rows->count; j++) {
		if (rows->list[j]->capture == (int)i)
			statistics.received += rows->list[j]->all;
	}
	statistics.accepted = statistics.received;
	statistics.lost = statistics.received - statistics.delivered;
	sink_add(&write->sink,
		 pcapng_statistics(sink_block(&write->sink), &statistics));
}

/* The reader is gone, or nothing can be written: what is left is lost. */
static void give_up(struct write *write)
{
	write->discard = true;
	sink_abandon(&write->sink);
}

int write_finish(struct write *write, const struct rows *rows, int signal_fd)
{
	struct sink *sink = &write->sink;
	int error = 0;
	size_t i;

	for (i = 0; i < rows->count && !error; i++) {
		if (rows->list[i]->wanted && rows->list[i]->all)
			error = find_interface(write, rows->list[i]);
	}
	for (i = 0; i <= write->count && !write->discard; i++) {
		if (i < write->count)
			put_statistics(write, rows, i);
		if ((i == write->count || !sink_has_room(sink)) &&
		    !sink_flush_all(sink, signal_fd))
			give_up(write);
	}
	if (sink->error)
		return -sink->error;
	return write->discard ? -ETIMEDOUT : error;
}

void write_close(struct write *write, bool failed)
{
	sink_close(&write->sink, failed);
	free(write->list);
	*write = (struct write){ .sink.fd = -1 };
}
