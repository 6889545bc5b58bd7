/* SPDX-License-Identifier: GPL-2.0-only */
/* Durations on the command line, and clocks. */
#ifndef DURATION_H
#define DURATION_H

#include <linux/types.h>
#include <time.h>

#define SECOND_NS 1000000000ULL
/* A year: longer is a typing error, and this is far from overflowing 64 bits. */
#define LONGEST_S (366ULL * 24 * 3600)

/* "500ms", "10s", "5m", "2h" to nanoseconds; 0 if it is none. */
__u64 parse_duration(const char *text);

/* The time of a clock, CLOCK_MONOTONIC or another, in nanoseconds. */
__u64 clock_ns(clockid_t id);

/* From CLOCK_MONOTONIC to the time since 1970. */
__u64 clock_offset_ns(void);

#define TIME_TEXT_SIZE 32

/* "2024-02-29T12:00:00.123Z": a time since 1970, with so many digits of the second. */
void time_text(__u64 ns, int digits, char text[TIME_TEXT_SIZE]);

#endif
