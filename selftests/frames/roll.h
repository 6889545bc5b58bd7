/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers by chance, for frames and rules. */
#ifndef ROLL_H
#define ROLL_H

#include <linux/types.h>

#define SEED 20240229

/* Small, fast and the same everywhere. */
static inline __u32 roll(__u32 below)
{
	static __u64 state = SEED;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (__u32)(state >> 32) % below;
}

#endif
