// SPDX-License-Identifier: GPL-2.0-only
/*
 * Blocks of a pcapng file (draft-ietf-opsawg-pcapng), in host byte order: readers tell
 * which one that is by BYTE_ORDER_MAGIC. Packets' bytes are as on the wire.
 */
#include "capture/pcapng.h"

#include <arpa/inet.h>
#include <string.h>

#include "lib/escape.h"
#include "lib/macros.h"

enum block {
	BLOCK_INTERFACE = 1,
	BLOCK_STATISTICS = 5,
	BLOCK_PACKET = 6,
	BLOCK_SECTION = 0x0a0d0d0a,
};

enum option {
	OPTION_END = 0,
	OPTION_COMMENT = 1,
	SECTION_OS = 3,
	SECTION_PROGRAM = 4,
	INTERFACE_NAME = 2,
	INTERFACE_DESCRIPTION = 3,
	INTERFACE_RESOLUTION = 9,
	PACKET_FLAGS = 2,
	PACKET_DROPPED = 4,
	PACKET_NUMBER = 5,
	PACKET_QUEUE = 6,
	PACKET_VERDICT = 7,
	STATISTICS_START = 2,
	STATISTICS_RECEIVED = 4,
	STATISTICS_LOST_BY_INTERFACE = 5,
	STATISTICS_ACCEPTED = 6,
	STATISTICS_LOST = 7,
	STATISTICS_DELIVERED = 8,
};

#define BYTE_ORDER_MAGIC 0x1a2b3c4d
#define UNKNOWN_LENGTH (~0ULL)
#define NANOSECONDS 9 /* ten to the power of minus nine */
#define TAG_OFFSET 12 /* of a VLAN tag in a frame: behind the two addresses */
#define TEXT_MAX 200 /* bytes of an option; what is longer is cut */

/* A block that is being written. */
struct writer {
	char *start;
	char *at;
};

static void put(struct writer *writer, const void *data, size_t size)
{
	if (!size)
		return; /* @data may be NULL, and memcpy() takes none */
	memcpy(writer->at, data, size);
	writer->at += size;
}

static void put_u16(struct writer *writer, __u16 value)
{
	put(writer, &value, sizeof(value));
}

static void put_u32(struct writer *writer, __u32 value)
{
	put(writer, &value, sizeof(value));
}

static void put_u64(struct writer *writer, __u64 value)
{
	put(writer, &value, sizeof(value));
}

/* Two words, each in host byte order, the high one first on any host. */
static void put_time(struct writer *writer, __u64 ns)
{
	put_u32(writer, ns >> 32);
	put_u32(writer, (__u32)ns);
}

static void pad(struct writer *writer)
{
	while ((writer->at - writer->start) % 4)
		*writer->at++ = 0;
}

static struct writer begin(void *out, enum block type)
{
	struct writer writer = { .start = out, .at = out };

	put_u32(&writer, type);
	put_u32(&writer, 0); /* the length, see end() */
	return writer;
}

static size_t end(struct writer *writer)
{
	__u32 size = writer->at - writer->start + sizeof(size);

	put_u32(writer, size);
	memcpy(writer->start + 4, &size, sizeof(size));
	return size;
}

static void put_option(struct writer *writer, enum option code,
		       const void *data, size_t size)
{
	put_u16(writer, code);
	put_u16(writer, size);
	put(writer, data, size);
	pad(writer);
}

static void put_text(struct writer *writer, enum option code, const char *text)
{
	char escaped[TEXT_MAX + 1];

	if (!text)
		return;
	escape_text(escaped, sizeof(escaped), text); /* UTF-8, says the draft */
	put_option(writer, code, escaped, strlen(escaped));
}

static void put_option_u32(struct writer *writer, enum option code, __u32 value)
{
	put_option(writer, code, &value, sizeof(value));
}

static void put_option_u64(struct writer *writer, enum option code, __u64 value)
{
	put_option(writer, code, &value, sizeof(value));
}

static size_t smaller(size_t one, size_t other)
{
	return one < other ? one : other;
}

void pcapng_put_tag(struct pcapng_packet *packet, __u16 protocol, __u16 tci,
		    __u32 snaplen, __u16 tag[2])
{
	const struct pcapng_part first = packet->parts[0];
	struct pcapng_part *part = packet->parts;
	size_t room = snaplen;

	packet->length += 2 * sizeof(tag[0]);
	if (first.size < TAG_OFFSET)
		return;
	tag[0] = htons(protocol);
	tag[1] = htons(tci);
	packet->parts[3] = packet->parts[1];
	packet->parts[2].data = (const char *)first.data + TAG_OFFSET;
	packet->parts[2].size = first.size - TAG_OFFSET;
	packet->parts[1].data = tag;
	packet->parts[1].size = 2 * sizeof(tag[0]);
	packet->parts[0].size = TAG_OFFSET;
	for (; part < packet->parts + ARRAY_SIZE(packet->parts); part++) {
		part->size = smaller(part->size, room);
		room -= part->size;
	}
	packet->captured = snaplen - room;
}

size_t pcapng_section(void *out, const struct pcapng_section *section)
{
	struct writer writer = begin(out, BLOCK_SECTION);

	put_u32(&writer, BYTE_ORDER_MAGIC);
	put_u16(&writer, 1); /* version 1.0 */
	put_u16(&writer, 0);
	put_u64(&writer, UNKNOWN_LENGTH);
	put_text(&writer, SECTION_OS, section->system);
	put_text(&writer, SECTION_PROGRAM, section->program);
	put_text(&writer, OPTION_COMMENT, section->command);
	put_text(&writer, OPTION_COMMENT, section->detail);
	put_option(&writer, OPTION_END, NULL, 0);
	return end(&writer);
}

size_t pcapng_interface(void *out, const struct pcapng_interface *interface)
{
	struct writer writer = begin(out, BLOCK_INTERFACE);
	__u8 resolution = NANOSECONDS;

	put_u16(&writer, interface->linktype);
	put_u16(&writer, 0);
	put_u32(&writer, interface->snaplen);
	put_text(&writer, INTERFACE_NAME, interface->name);
	put_text(&writer, INTERFACE_DESCRIPTION, interface->description);
	put_option(&writer, INTERFACE_RESOLUTION, &resolution, 1);
	put_option(&writer, OPTION_END, NULL, 0);
	return end(&writer);
}

static void put_verdict(struct writer *writer,
			const struct pcapng_packet *packet)
{
	char verdict[1 + sizeof(packet->verdict)];

	put_option_u32(writer, PACKET_QUEUE, packet->queue);
	verdict[0] = (char)packet->hook;
	memcpy(verdict + 1, &packet->verdict, sizeof(packet->verdict));
	put_option(writer, PACKET_VERDICT, verdict, sizeof(verdict));
}

size_t pcapng_packet(void *out, const struct pcapng_packet *packet)
{
	struct writer writer = begin(out, BLOCK_PACKET);
	size_t i;

	put_u32(&writer, packet->interface);
	put_time(&writer, packet->time_ns);
	put_u32(&writer, packet->captured);
	put_u32(&writer, packet->length);
	for (i = 0; i < ARRAY_SIZE(packet->parts); i++)
		put(&writer, packet->parts[i].data, packet->parts[i].size);
	pad(&writer);
	/* Its bits 0 and 1 are the direction. */
	put_option_u32(&writer, PACKET_FLAGS, packet->direction);
	if (packet->dropped)
		put_option_u64(&writer, PACKET_DROPPED, packet->dropped);
	put_option_u64(&writer, PACKET_NUMBER, packet->number);
	if (packet->hook)
		put_verdict(&writer, packet);
	put_text(&writer, OPTION_COMMENT, packet->comment);
	put_option(&writer, OPTION_END, NULL, 0);
	return end(&writer);
}

int pcapng_packet_interface(const void *block)
{
	__u32 head[3]; /* type, length, interface */

	memcpy(head, block, sizeof(head));
	return head[0] == BLOCK_PACKET ? (int)head[2] : -1;
}

size_t pcapng_statistics(void *out, const struct pcapng_statistics *statistics)
{
	struct writer writer = begin(out, BLOCK_STATISTICS);
	/* As put_time() has it. */
	__u32 start[2] = { statistics->start_ns >> 32,
			   (__u32)statistics->start_ns };

	put_u32(&writer, statistics->interface);
	put_time(&writer, statistics->time_ns);
	put_option(&writer, STATISTICS_START, start, sizeof(start));
	put_option_u64(&writer, STATISTICS_RECEIVED, statistics->received);
	put_option_u64(&writer, STATISTICS_LOST_BY_INTERFACE, 0);
	put_option_u64(&writer, STATISTICS_ACCEPTED, statistics->accepted);
	put_option_u64(&writer, STATISTICS_LOST, statistics->lost);
	put_option_u64(&writer, STATISTICS_DELIVERED, statistics->delivered);
	put_option(&writer, OPTION_END, NULL, 0);
	return end(&writer);
}
