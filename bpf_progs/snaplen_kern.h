/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SNAPLEN_KERN_H
#define SNAPLEN_KERN_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/*
 * The map "scratch", where a record is put together with a packet's bytes: one @buffer for
 * each possible CPU; the loader sets their number. Its first member is "__u64 users".
 * Without BTF types: the loader also sets the value's size, and the kernel refuses types of
 * another size.
 */
#define SCRATCH(buffer)                             \
	struct {                                    \
		__uint(type, BPF_MAP_TYPE_ARRAY);   \
		__uint(max_entries, 1);             \
		__uint(key_size, sizeof(__u32));    \
		__uint(value_size, sizeof(buffer)); \
	} scratch SEC(".maps")

static __always_inline void scratch_put(void *buffer)
{
	__sync_fetch_and_add((__u64 *)buffer, -1);
}

/*
 * This CPU's buffer in the map @scratch, to be given back by scratch_put(). NULL if another
 * run of the program on this CPU uses it, which this run interrupted or (PREEMPT_RT) preempted.
 * Before Linux 5.12 atomic operations return no value, so the count is read afterwards: only a
 * run that reads 1 has the buffer. Two runs may both read 2, and then neither has it.
 */
static __always_inline void *scratch_get(void *scratch)
{
	__u32 cpu = bpf_get_smp_processor_id();
	volatile __u64 *users = bpf_map_lookup_elem(scratch, &cpu);

	if (!users)
		return 0;
	__sync_fetch_and_add(users, 1);
	if (*users == 1)
		return (void *)users;
	scratch_put((void *)users);
	return 0;
}

/*
 * How many of @length bytes to copy. The index of the last byte is limited, not the
 * length: from "not 0" the verifier of Linux 6.1 and before does not learn that it is
 * 1 or more, as helpers require. 64 bits and a variable of its own: otherwise the
 * compiler compares one register and passes another one to the helper.
 */
static __always_inline __u64 capture_length(__u64 length, __u32 snaplen)
{
	__u64 last = length - 1;

	barrier_var(last);
	if (last >= snaplen)
		last = snaplen - 1;
	return last + 1;
}

#endif
