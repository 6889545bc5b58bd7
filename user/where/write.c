// SPDX-License-Identifier: GPL-2.0-only
/* Dropped packets to a pcapng file. */
#include "where/write.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <string.h>

#include "lib/errors.h"

static bool are_on_one(const struct row *left, const struct row *right)
{
	return left->key.netns == right->key.netns &&
	       left->key.ifindex == right->key.ifindex &&
	       !strcmp(left->interface, right->interface);
}

/* Finds the row's interface, or adds it; 0 or a negative errno. */
static int find_interface(struct capture_file *file, const struct rows *rows,
			  struct row *row)
{
	char description[128] = "dropped packets";
	/* All are Ethernet: tcpdump reads no file of several kinds. */
	struct pcapng_interface interface = {
		.name = *row->interface ? row->interface : "-",
		.description = description,
		.linktype = PCAPNG_ETHERNET,
	};
	int number = (int)file->count, error;
	size_t i;

	for (i = 0; i < rows->count && row->capture < 0; i++) {
		if (are_on_one(rows->list[i], row))
			row->capture = rows->list[i]->capture;
	}
	if (row->capture >= 0)
		return 0;
	if (rows->options->all_netns)
		snprintf(description, sizeof(description),
			 "dropped packets of network namespace %s", row->netns);
	error = file_add_interface(file, &interface);
	if (!error)
		row->capture = number;
	return error;
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

int write_packet(struct capture_file *file, const struct rows *rows,
		 struct row *row, const struct where_event *event)
{
	const size_t captured = smaller(event->captured, file->snaplen);
	char comment[160];
	struct pcapng_packet packet = {
		.time_ns = event->time_ns,
		.length = event->length,
		.captured = captured,
		.parts = { { event + 1, captured } },
		.direction = direction_of(row->hook),
		.comment = comment,
	};
	struct ethhdr header;
	int error;

	if (file->discard)
		return 0;
	error = find_interface(file, rows, row);
	if (error)
		return error;
	packet.interface = row->capture;
	if (!event->ethernet)
		put_header(&packet, event, file->snaplen, &header);
	snprintf(comment, sizeof(comment), "%s: %s%s%s%s",
		 drop_hook_name(row->hook), row->function,
		 *row->reason ? ", " : "", row->reason,
		 event->ethernet ? "" : "; no MAC header");
	file_add_packet(file, &packet, event->tag_protocol, event->tag_tci);
	return 0;
}

/* How many packets of an interface of the file were dropped. */
static __u64 count_dropped(const struct rows *rows, size_t interface)
{
	__u64 count = 0;
	size_t i;

	for (i = 0; i < rows->count; i++) {
		if (rows->list[i]->capture == (int)interface)
			count += rows->list[i]->all;
	}
	return count;
}

int write_finish(struct capture_file *file, const struct rows *rows,
		 int signal_fd)
{
	int error = 0;
	__u64 dropped;
	size_t i;

	/* Also those of which no packet was captured. */
	for (i = 0; i < rows->count && !error; i++) {
		if (!file_has_room(file))
			file_flush_all(file, signal_fd);
		if (rows->list[i]->all)
			error = find_interface(file, rows, rows->list[i]);
	}
	for (i = 0; i < file->count; i++) {
		dropped = count_dropped(rows, i);
		file_add_statistics(file, i, dropped, dropped, signal_fd);
	}
	if (error)
		fail_memory("the interfaces of the capture");
	return file_finish(file, signal_fd);
}
