/* SPDX-License-Identifier: GPL-2.0-only */
/* Frames changed by chance. For match_native.c and fuzz/ only. */
#ifndef MUTATE_H
#define MUTATE_H

#include <string.h>
#include "frames/frames.h"
#include "frames/roll.h"

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
		switch (roll(8)) {
		case 0: /* any byte */
			victim->data[at] = roll(256);
			break;
		case 1: /* any bit */
			victim->data[at] ^= 1 << roll(8);
			break;
		case 2: /* the end */
			victim->length = at;
			break;
		case 3: /* take some bytes away */
			victim->length -= size;
			memmove(victim->data + at, victim->data + at + size,
				victim->length - at);
			break;
		case 4: /* write some bytes twice */
			if (victim->length + size > FRAME_MAX)
				break;
			memmove(victim->data + at + size, victim->data + at,
				victim->length - at);
			victim->length += size;
			break;
		default:
			victim->data[at] = telling[roll(sizeof(telling))];
		}
	}
}

#endif
