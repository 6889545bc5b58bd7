/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading the kernel side's counters. */
#ifndef COUNTERS_H
#define COUNTERS_H

#include "drop_abi.h"

/**
 * counters_read() - sum an interface's counters over all CPUs
 * @map_fd: the map "counters"
 * @slot: its index
 *
 * Return: 0 or a negative errno.
 */
int counters_read(int map_fd, __u32 slot, struct drop_counters *sum);

/* All packets: each that the program saw is counted in one way. */
__u64 counters_packets(const struct drop_counters *sum);

/* All that matched: dropped, and seen while observing. */
struct drop_stats counters_matched(const struct drop_counters *sum);

#endif
