// SPDX-License-Identifier: GPL-2.0-only
/* Reading the kernel side's counters. */
#include "attach/counters.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>

int counters_read(int map_fd, __u32 slot, struct drop_counters *sum)
{
	int cpu, kind, cpus = libbpf_num_possible_cpus();
	struct drop_counters *values;

	*sum = (struct drop_counters){};
	if (cpus < 0)
		return cpus;
	values = calloc(cpus, sizeof(*values));
	if (!values)
		return -ENOMEM;
	if (bpf_map_lookup_elem(map_fd, &slot, values)) {
		int error = -errno;

		free(values);
		return error;
	}
	for (cpu = 0; cpu < cpus; cpu++) {
		for (kind = 0; kind < STAT_COUNT; kind++) {
			const struct drop_stats *stats =
				&values[cpu].stats[kind];

			sum->stats[kind].packets += stats->packets;
			sum->stats[kind].bytes += stats->bytes;
		}
		sum->captured += values[cpu].captured;
		sum->lost += values[cpu].lost;
	}
	free(values);
	return 0;
}

__u64 counters_packets(const struct drop_counters *sum)
{
	__u64 packets = 0;
	int kind;

	for (kind = 0; kind < STAT_COUNT; kind++)
		packets += sum->stats[kind].packets;
	return packets;
}

struct drop_stats counters_matched(const struct drop_counters *sum)
{
	const struct drop_stats *dropped = &sum->stats[STAT_DROPPED];
	const struct drop_stats *observed = &sum->stats[STAT_OBSERVED];

	return (struct drop_stats){
		.packets = dropped->packets + observed->packets,
		.bytes = dropped->bytes + observed->bytes,
	};
}
