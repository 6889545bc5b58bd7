/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The programs, compiled natively, with stand-ins for the helpers that they call and for
 * their maps. A test sets in @kernel what a test run in the real one cannot make: a pull
 * that fails, a full ring, the time, chance. SELECTS is as for the programs.
 *
 * A packet's linear part lies right before memory that may not be touched. Its address
 * has to fit into 32 bits, as in the contexts.
 */
#ifndef NATIVE_KERN_H
#define NATIVE_KERN_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-variable"
#include <bpf/bpf_helpers.h>
#pragma GCC diagnostic pop
#include "frames/frames.h"
#include "frames/guarded.h"

#define LOW_ADDRESS 0x10000000UL
#define LINKED 1 /* the ifindex that is in "slots" */
#define QUEUE 3

static struct frame frame; /* the whole packet */

static struct {
	const void *empty; /* a map without entries */
	bool fails; /* no bytes can be read or pulled */
	bool full; /* the ring */
	__u64 now_ns;
	__u32 chance;
	__u64 waiting; /* bytes in the ring */
	struct drop_slot slot;
	struct drop_counters counted[2];
	__u64 size, flags; /* of the last record in the ring */
	char traced[64]; /* the last line, not formatted */
	int pulls;
	bool wrong_pull; /* of more than there is */
	bool overread;
} kernel;

static struct {
	struct drop_scratch head;
	__u8 bytes[FRAME_MAX];
} buffer;

static struct {
	struct drop_record head;
	__u8 bytes[FRAME_MAX];
} record; /* the last one in the ring */

#if SELECTS
/* To be defined by the test: the entry of a map that only these objects have, and a lock. */
static void *select_entry(const void *map, const void *key);
static void stand_in_lock(struct bpf_spin_lock *lock);
#endif

static void *stand_in_lookup(void *map, const void *key);
static long stand_in_pull(struct __sk_buff *skb, __u32 size);
static long stand_in_load(void *to, const void *from, __u32 size);
static long stand_in_output(const void *from, __u64 size, __u64 flags);

/* Sections are the kernel side's alone. */
#undef SEC
#define SEC(name)
#define bpf_map_lookup_elem stand_in_lookup
#define bpf_ktime_get_ns() (kernel.now_ns)
#define bpf_get_prandom_u32() (kernel.chance)
#define bpf_get_smp_processor_id() 0
#define bpf_spin_lock(lock) stand_in_lock(lock)
#define bpf_spin_unlock(lock) ((void)(lock)->val--)
#define bpf_skb_pull_data stand_in_pull
#define bpf_probe_read_kernel(to, size, from) stand_in_load(to, from, size)
#define bpf_skb_load_bytes(skb, offset, to, size) \
	stand_in_load(to, frame.data + (offset), size)
#define bpf_xdp_load_bytes bpf_skb_load_bytes
#define bpf_xdp_get_buff_len(ctx) (frame.length)
#define bpf_ringbuf_query(ring, what) (kernel.waiting)
#define bpf_ringbuf_output(ring, from, size, flags) \
	stand_in_output(from, size, flags)
#define bpf_trace_printk(format, size, ...) \
	snprintf(kernel.traced, sizeof(kernel.traced), format, ##__VA_ARGS__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wunknown-pragmas"
#define LICENSE license_tc
#include "tc_drop_tcp_kern.c"
#undef LICENSE
#define LICENSE license_tcp
#include "xdp_drop_tcp_kern.c"
#undef LICENSE
#define LICENSE license_world
#include "xdp_drop_world_kern.c"
#undef LICENSE
#pragma GCC diagnostic pop

static void *stand_in_lookup(void *map, const void *key)
{
	__u32 index = *(const __u32 *)key;

	if (map == kernel.empty)
		return NULL;
	if (map == &counters)
		return index < 2 ? &kernel.counted[index] : NULL;
	if (map == &slots)
		return index == LINKED ? &kernel.slot : NULL;
	if (map == &scratch)
		return index ? NULL : &buffer;
#if SELECTS
	return select_entry(map, key);
#endif
	abort();
}

static void make_linear(__u32 *data, __u32 *data_end, __u32 size)
{
	memcpy(guard - size, frame.data, size);
	*data = (long)(guard - size);
	*data_end = (long)guard;
}

static long stand_in_pull(struct __sk_buff *skb, __u32 size)
{
	kernel.pulls++;
	if (size > skb->len)
		kernel.wrong_pull = true;
	else if (size <= skb->data_end - skb->data)
		return 0;
	if (kernel.wrong_pull || kernel.fails)
		return -ENOMEM;
	make_linear(&skb->data, &skb->data_end, size);
	return 0;
}

static long stand_in_load(void *to, const void *from, __u32 size)
{
	if (kernel.fails)
		return -EFAULT;
	memcpy(to, from, size);
	return 0;
}

static long stand_in_output(const void *from, __u64 size, __u64 flags)
{
	if (kernel.full)
		return -EAGAIN;
	memcpy(&record, from, size);
	kernel.size = size;
	kernel.flags = flags;
	return 0;
}

/* First of all. Returns 0, or -1 with errno. */
static inline int native_make(void)
{
	if (guard_make((void *)LOW_ADDRESS))
		return -1;
	errno = EADDRINUSE;
	return (unsigned long)guard >> 31 ? -1 : 0;
}

/* A constant of the programs, for the test to set. */
static inline void *writable(const volatile void *constant)
{
	unsigned long page = sysconf(_SC_PAGESIZE), at = (long)constant;

	if (mprotect((void *)(at & -page), 2 * page, PROT_READ | PROT_WRITE))
		abort();
	return (void *)at;
}

/* The programs on the frame; @linear bytes of it are in the linear part or the first buffer. */
static inline int run_tc(bool tagged, __u32 linear)
{
	struct __sk_buff skb = { .len = frame.length,
				 .ifindex = LINKED,
				 .queue_mapping = QUEUE,
				 .vlan_present = tagged,
				 .vlan_proto = bpf_htons(ETH_P_8021Q),
				 .vlan_tci = 10 };

	make_linear(&skb.data, &skb.data_end, linear);
	if (!sigsetjmp(overread, 0))
		return tc_drop_tcp(&skb);
	kernel.overread = true;
	return -1;
}

static inline int run_xdp(int (*program)(struct xdp_md *ctx), __u32 linear)
{
	struct xdp_md ctx = { .ingress_ifindex = LINKED,
			      .rx_queue_index = QUEUE };

	make_linear(&ctx.data, &ctx.data_end, linear);
	if (!sigsetjmp(overread, 0))
		return program(&ctx);
	kernel.overread = true;
	return -1;
}

#endif
