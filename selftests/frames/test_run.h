/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A test run of a program on a frame: how much of it is in the linear part, and how often it
 * is run. For verdict.c only.
 */
#ifndef TEST_RUN_H
#define TEST_RUN_H

#include "frames/frames.h"
#include "frames/verdict_cases.h"

#define TEST_RUN_MIN 14
#define TEST_RUN_AROUND 696 /* bytes of a page, around the frame */
#define TEST_RUN_MAX (4096 - TEST_RUN_AROUND)

static inline bool has_frags(const struct variant *variant)
{
	return variant->setup.flags & BPF_F_XDP_HAS_FRAGS;
}

/* The longest frame to try. */
static inline size_t longest(const struct variant *variant)
{
	return has_frags(variant) ? FRAME_MAX : TEST_RUN_MAX;
}

/* How many of the frame's bytes are in the linear part: the link layer's and
 * an IP header right behind it, without which kernels refuse a test run.
 */
static inline size_t linear_size(const struct frame *frame)
{
	size_t size = TEST_RUN_MIN;
	int type = frame->data[12] << 8 | frame->data[13];

	if (type == ETH_P_IP)
		size += sizeof(struct iphdr);
	if (type == ETH_P_IPV6)
		size += sizeof(struct ipv6hdr);
	return size;
}

static inline bool is_split(const struct variant *variant,
			    const struct frame *frame)
{
	return variant->split && linear_size(frame) < frame->length;
}

/* How many bytes of it a program with frags sees as it is. */
static inline size_t first_buffer(const struct variant *variant,
				  const struct frame *frame)
{
	size_t page = sysconf(_SC_PAGESIZE) - TEST_RUN_AROUND;

	if (is_split(variant, frame))
		return linear_size(frame);
	return frame->length < page ? frame->length : page;
}

static inline __u32 times(const struct variant *variant)
{
	return variant->repeat ? variant->repeat : 1;
}

static inline int test_run(const struct loaded *loaded,
			   const struct variant *variant,
			   const struct frame *frame, __u32 *verdict)
{
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame->data,
			    .data_size_in = frame->length,
			    .repeat = times(variant));
	struct __sk_buff skb = { .data_end = linear_size(frame) };
	struct xdp_md xdp = { .data_end = linear_size(frame) };

	if (is_split(variant, frame)) {
		opts.ctx_in = has_frags(variant) ? (void *)&xdp : &skb;
		opts.ctx_size_in = has_frags(variant) ? sizeof(xdp) :
							sizeof(skb);
	}
	if (bpf_prog_test_run_opts(loaded->fd, &opts))
		return -errno;
	*verdict = opts.retval;
	return 0;
}

#endif
