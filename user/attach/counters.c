// SPDX-License-Identifier: GPL-2.0-only
/* Reading the kernel side's counters. */
#include "attach/counters.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>

int counters_read(int map_fd, __u32 slot, struct drop_counters *sum)
{
	int cpu, account, cpus = libbpf_num_possible_cpus();
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
		for (account = 0; account < ACCOUNT_COUNT; account++) {
			const struct drop_tally *tally =
				&values[cpu].account[account];

			sum->account[account].packets += tally->packets;
			sum->account[account].bytes += tally->bytes;
		}
		sum->captured += values[cpu].captured;
		sum->lost += values[cpu].lost;
	}
	free(values);
	return 0;
}

bool counters_are_none(const struct drop_counters *sum)
{
	int account;

	for (account = 0; account < ACCOUNT_COUNT; account++) {
		if (sum->account[account].packets)
			return false;
	}
	return true;
}

struct drop_tally counters_matched(const struct drop_counters *sum)
{
	const struct drop_tally *dropped = &sum->account[ACCOUNT_DROPPED];
	const struct drop_tally *observed = &sum->account[ACCOUNT_OBSERVED];

	return (struct drop_tally){
		.packets = dropped->packets + observed->packets,
		.bytes = dropped->bytes + observed->bytes,
	};
}
