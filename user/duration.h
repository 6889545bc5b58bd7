/* SPDX-License-Identifier: GPL-2.0-only */
/* Durations on the command line. */
#ifndef DURATION_H
#define DURATION_H

#include <linux/types.h>

#define SECOND_NS 1000000000ULL
/* A year: longer is a slip of the finger, and far from overflowing 64 bits. */
#define LONGEST_S (366ULL * 24 * 3600)

/* "500ms", "10s", "5m", "2h" to nanoseconds; 0 if it is none. */
__u64 parse_duration(const char *text);

#endif
