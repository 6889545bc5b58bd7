/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a program put into its ring "captured", compared to the last byte with
 * the frame that it ran on. For verdict.c only.
 */
#ifndef RING_CHECK_H
#define RING_CHECK_H

#include "frames/frames.h"
#include "frames/loaded_program.h"

struct ring_check {
	__u64 since; /* CLOCK_MONOTONIC, ns */
	__u32 ifindex;
	__u32 slot;
	const struct frame *frame;
	__u32 length; /* bytes that are to be captured of it */
	bool lost; /* all are to be lost, for want of a buffer */
	__u64 records; /* how many there were */
	const char *wrong; /* with the first that was not right, or NULL */
};

static inline int ring_take(void *context, void *data, size_t size)
{
	const struct drop_record *record = data;
	struct ring_check *check = context;

	check->records++;
	if (check->wrong)
		return 0;
	if (size != sizeof(*record) + check->length)
		check->wrong = "size";
	else if (record->time_ns < check->since ||
		 record->time_ns > loaded_now_ns())
		check->wrong = "time";
	else if (record->ifindex != check->ifindex ||
		 record->slot != check->slot || record->queue)
		check->wrong = "interface, slot or queue";
	else if (record->length != check->frame->length ||
		 record->captured != check->length)
		check->wrong = "lengths in it";
	else if (record->tag_protocol || record->tag_tci)
		check->wrong = "tag that there is not";
	else if (memcmp(record + 1, check->frame->data, check->length))
		check->wrong = "bytes";
	return 0;
}

/* How many records the ring has room for. */
static inline __u64 ring_room(const struct loaded *loaded, __u32 length)
{
	const struct bpf_map *ring =
		bpf_object__find_map_by_name(loaded->object, "captured");
	__u32 size = BPF_RINGBUF_HDR_SZ + sizeof(struct drop_record) + length;

	return (bpf_map__max_entries(ring) - 1) / ((size + 7) & ~7U);
}

/**
 * ring_check() - empty a program's ring and look at all that was in it
 * @check: what each record should be
 * @matched: how many there should be, as far as there is room
 * @counters: the expected "captured" and "lost" are added here
 *
 * Return: true if all is right; else it is told on a diagnostic line.
 */
static inline bool ring_check(const struct loaded *loaded,
			      struct ring_check *check, __u64 matched,
			      struct drop_counters *counters)
{
	int fd = bpf_object__find_map_fd_by_name(loaded->object, "captured");
	struct ring_buffer *ring = ring_buffer__new(fd, ring_take, check, NULL);
	__u64 room = check->lost ? 0 : ring_room(loaded, check->length);

	if (room > matched)
		room = matched;
	counters->captured += room;
	counters->lost += matched - room;
	if (ring) {
		ring_buffer__consume(ring);
		ring_buffer__free(ring);
	}
	if (ring && !check->wrong && check->records == room)
		return true;
	printf("# the ring: %llu records instead of %llu%s%s\n", check->records,
	       room, check->wrong ? ", and the wrong " : "",
	       check->wrong ? check->wrong : "");
	return false;
}

#endif
