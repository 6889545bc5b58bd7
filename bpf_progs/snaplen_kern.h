/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SNAPLEN_KERN_H
#define SNAPLEN_KERN_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/*
 * The map "scratch", where a record is put together with a packet's bytes: one @buffer for
 * each possible CPU; the loader sets their number. Without BTF types: the loader also sets
 * the value's size, and the kernel refuses types of another size.
 */
#define SCRATCH(buffer)                             \
	struct {                                    \
		__uint(type, BPF_MAP_TYPE_ARRAY);   \
		__uint(max_entries, 1);             \
		__uint(key_size, sizeof(__u32));    \
		__uint(value_size, sizeof(buffer)); \
	} scratch SEC(".maps")

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
