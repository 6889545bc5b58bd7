/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading the kernel side's counters. */
#ifndef COUNTERS_H
#define COUNTERS_H

#include <stdbool.h>

#include "drop_abi.h"

/**
 * counters_read() - sum an interface's counters over all CPUs
 * @map_fd: the map "counters"
 * @slot: its index
 *
 * Return: 0 or a negative errno.
 */
int counters_read(int map_fd, __u32 slot, struct drop_counters *sum);

/* Has no packet been counted? */
bool counters_are_none(const struct drop_counters *sum);

/* All that matched: dropped, and seen while observing. */
struct drop_stats counters_matched(const struct drop_counters *sum);

#endif
