/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Matched packets for user space: a record and the packet's first bytes go into
 * a ring buffer. Packets that do not fit are counted as lost. Without
 * MODE_CAPTURE the verifier removes all of it.
 *
 * The record is built in a scratch buffer: bpf_ringbuf_reserve() takes only a
 * constant length, which would have to be the snaplen for every packet. The buffers
 * of all CPUs are one array, as values of per-CPU arrays are limited to 32 KiB. Both
 * hooks run with softirqs off. With PREEMPT_RT another packet may still come in between;
 * it finds its CPU's buffer in use and is counted as lost.
 */
#ifndef CAPTURE_KERN_H
#define CAPTURE_KERN_H

#include "snaplen_kern.h"
#include "verdict.h"

/*
 * User space is woken up each time this many more bytes wait in the ring;
 * otherwise it polls. A wake-up for each packet would cost 350 ns.
 */
#define CAPTURE_WAKE (64 << 10)

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096); /* the loader: enough, if it captures */
} captured SEC(".maps");

SCRATCH(struct drop_scratch);

/* Only packets that are dropped, or would be. */
static __always_inline int wants_capture(__u32 modes,
					 const struct verdict *verdict)
{
	return is_on(modes, MODE_CAPTURE) && (verdict->kind == STAT_DROPPED ||
					      verdict->kind == STAT_OBSERVED);
}

static __always_inline struct drop_scratch *capture_start(__u32 slot,
							  __u64 length)
{
	struct drop_scratch *buffer = scratch_get(&scratch);

	if (!buffer)
		return 0;
	buffer->record.time_ns = bpf_ktime_get_ns();
	buffer->record.length = length;
	buffer->record.tag_protocol = 0;
	buffer->record.tag_tci = 0;
	buffer->record.slot = slot;
	return buffer;
}

/* Puts the buffer into the ring. @error: the bytes could not be copied. */
static __always_inline void capture_end(struct drop_scratch *buffer,
					__u64 length, long error,
					struct drop_counters *counters)
{
	__u64 flags = BPF_RB_NO_WAKEUP, size, waiting, then;

	if (buffer && !error) {
		buffer->record.captured = length;
		size = sizeof(buffer->record) + length;
		waiting = bpf_ringbuf_query(&captured, BPF_RB_AVAIL_DATA);
		then = waiting + ((size + BPF_RINGBUF_HDR_SZ + 7) & ~7ULL);
		if (waiting / CAPTURE_WAKE != then / CAPTURE_WAKE)
			flags = BPF_RB_FORCE_WAKEUP;
		error = bpf_ringbuf_output(&captured, &buffer->record, size,
					   flags);
	}
	if (buffer)
		scratch_put(buffer);
	if (!counters)
		return;
	if (!buffer || error)
		counters->lost++;
	else
		counters->captured++;
}

/*
 * Not inlined: while nothing is captured, its registers are not taken from the rest.
 *
 * @whole: the packet's length, with all frags
 */
static __attribute__((noinline, unused)) void
capture_xdp(struct xdp_md *ctx, __u32 slot, struct drop_counters *counters,
	    __u64 whole)
{
	const void *data = (const void *)(long)ctx->data;
	struct drop_scratch *buffer = capture_start(slot, whole);
	__u64 length = 0;
	long error = 0;

	if (buffer) {
		buffer->record.ifindex = ctx->ingress_ifindex;
		buffer->record.queue = ctx->rx_queue_index;
		length = capture_length(whole, config.snaplen);
		if (is_on(config.modes, MODE_FRAGS))
			error = bpf_xdp_load_bytes(ctx, 0, buffer->bytes,
						   length);
		else
			error = bpf_probe_read_kernel(buffer->bytes, length,
						      data);
	}
	capture_end(buffer, length, error, counters);
}

static __attribute__((noinline, unused)) void
capture_skb(struct __sk_buff *skb, __u32 slot, struct drop_counters *counters)
{
	struct drop_scratch *buffer = capture_start(slot, skb->len);
	__u64 length = 0;
	long error = 0;

	if (buffer) {
		buffer->record.ifindex = skb->ifindex;
		buffer->record.queue = skb->queue_mapping;
		if (skb->vlan_present) {
			buffer->record.tag_protocol =
				bpf_ntohs(skb->vlan_proto);
			buffer->record.tag_tci = skb->vlan_tci;
		}
		length = capture_length(skb->len, config.snaplen);
		error = bpf_skb_load_bytes(skb, 0, buffer->bytes, length);
	}
	capture_end(buffer, length, error, counters);
}

#endif
