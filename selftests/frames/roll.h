/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers by chance, or as a fuzzer chooses them, for frames and rules. */
#ifndef ROLL_H
#define ROLL_H

#include <linux/types.h>
#include <stddef.h>

#define SEED 20240229

static __u64 roll_state = SEED; /* never 0 */

/* A fuzzer's bytes: they come first, as long as they last. */
static const __u8 *roll_bytes;
static size_t roll_left;

/* Small, fast and the same everywhere. */
static inline __u32 roll(__u32 below)
{
	if (roll_left >= 2) {
		roll_left -= 2;
		roll_bytes += 2;
		return (roll_bytes[-2] | roll_bytes[-1] << 8) % below;
	}
	roll_state ^= roll_state << 13;
	roll_state ^= roll_state >> 7;
	roll_state ^= roll_state << 17;
	return (__u32)(roll_state >> 32) % below;
}

#endif
