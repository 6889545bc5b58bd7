/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SNAPLEN_KERN_H
#define SNAPLEN_KERN_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/*
 * The map "scratch", in which a record is put together with a packet's bytes: a @buffer for
 * each possible CPU, as many as the loader sets. Without types: the kernel refuses those of a
 * value whose size the loader sets, too.
 */
#define SCRATCH(buffer)                             \
	struct {                                    \
		__uint(type, BPF_MAP_TYPE_ARRAY);   \
		__uint(max_entries, 1);             \
		__uint(key_size, sizeof(__u32));    \
		__uint(value_size, sizeof(buffer)); \
	} scratch SEC(".maps")

/*
 * How much of so many bytes to copy. It is the last byte's place that is limited:
 * from "not 0" the verifier of Linux 6.1 and before does not learn that it is 1
 * or more, which helpers want. 64 bits, and a value of its own: else the compiler
 * compares one register and hands another to the helper.
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
