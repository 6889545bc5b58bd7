/* SPDX-License-Identifier: GPL-2.0-only */
/* Frames changed by chance. For match_native.c and fuzz/ only. */
#ifndef MUTATE_H
#define MUTATE_H

#include <stdbool.h>
#include <string.h>
#include "frames/frames.h"
#include "frames/roll.h"

/* Moves what is there away. False if the frame would be too long. */
static bool make_room(struct frame *frame, size_t at, size_t size)
{
	if (frame->length + size > FRAME_MAX)
		return false;
	memmove(frame->data + at + size, frame->data + at, frame->length - at);
	frame->length += size;
	return true;
}

static void put_one_more_tag(struct frame *frame)
{
	if (frame->length < 14 || !make_room(frame, 12, 4))
		return;
	frame->data[12] = roll(2) ? 0x81 : 0x88;
	frame->data[13] = frame->data[12] == 0x81 ? 0x00 : 0xa8;
}

/* Behind IPv6's header, in front of what is there. */
static void put_one_more_header(struct frame *frame)
{
	static const __u8 kinds[] = { 0, 43, 44, 51, 60, 135, 139, 140 };
	struct oracle oracle = oracle_head(frame->data, frame->length,
					   frame->data[0] >> 4 == 6, 0);
	__u8 *next = frame->data + oracle.network + 6, *header = next + 34;
	__u8 kind = kinds[roll(sizeof(kinds))], length = roll(3);
	size_t size = kind == 44 ? 8 :
		      kind == 51 ? length * 4 + 8 :
				   length * 8 + 8;

	if (oracle.family != 6 || !make_room(frame, header - frame->data, size))
		return;
	memset(header, 0, size);
	header[0] = *next;
	header[1] = length;
	*next = kind;
	if (kind == 44 && !roll(4))
		header[2 + roll(2)] = roll(256);
}

static void mutate(struct frame *victim)
{
	/* Bytes that mean something somewhere. */
	static const __u8 telling[] = {
		0,    1,    2,	  4,	5,    6,    7,	  8,	17,
		43,   44,   50,	  51,	58,   59,   60,	  135,	139,
		140,  253,  254,  0x40, 0x44, 0x45, 0x4f, 0x50, 0x5f,
		0x60, 0x81, 0x86, 0x88, 0xa8, 0xdd, 0xff,
	};
	size_t at, size, reach;
	int changes;

	for (changes = 1 + roll(4); changes && victim->length; changes--) {
		reach = victim->length < 128 ? victim->length : 128;
		at = roll(reach);
		size = 1 + roll(reach - at);
		switch (roll(10)) {
		case 0: /* any byte */
			victim->data[at] = roll(256);
			break;
		case 1: /* any bit */
			victim->data[at] ^= 1 << roll(8);
			break;
		case 2: /* the end */
			victim->length = roll(4) ? at : roll(victim->length);
			break;
		case 3: /* take some bytes away */
			victim->length -= size;
			memmove(victim->data + at, victim->data + at + size,
				victim->length - at);
			break;
		case 4: /* write some bytes twice */
			make_room(victim, at, size);
			break;
		case 5:
			put_one_more_tag(victim);
			break;
		case 6:
			put_one_more_header(victim);
			break;
		default:
			victim->data[at] = telling[roll(sizeof(telling))];
		}
	}
}

#endif
