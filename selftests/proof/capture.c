// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many bytes of a packet are captured: all, or the snaplen.
 *
 * prove: 1 any
 */
#include "proof/proof.h"
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "drop_abi.h"
#include "snaplen_kern.h"

int main(void)
{
	__u64 length, got;
	__u32 snaplen;

	ASSUME(length >= 1 && snaplen >= 1 && snaplen <= DROP_SNAPLEN_MAX);
	got = capture_length(length, snaplen);
	ASSERT(got == (length < snaplen ? length : snaplen),
	       "the smaller of both");
	return 0;
}
