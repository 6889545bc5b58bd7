// SPDX-License-Identifier: GPL-2.0-only
/*
 * That the byte order of the other proofs is what they say: of numbers in memory, of bit
 * fields, and of the conversions that the programs use.
 *
 * prove: 1 both
 */
#include "proof/proof.h"
#include <linux/ip.h>
#include <bpf/bpf_endian.h>

#ifdef BIG
#define JOINED(first, second, bits) ((first) << (bits) | (second))
#else
#define JOINED(first, second, bits) ((second) << (bits) | (first))
#endif

int main(void)
{
	__u8 bytes[4], header[20] = { 0x45 };
	const struct iphdr *ip = (const struct iphdr *)header;
	__u32 first = JOINED(bytes[0], bytes[1], 8),
	      second = JOINED(bytes[2], bytes[3], 8);
	__u16 half = *(__u16 *)bytes;
	__u32 word = *(__u32 *)bytes;

	ASSERT(half == first, "16 bits");
	ASSERT(word == JOINED(first, second, 16), "32 bits");
	ASSERT(ip->version == 4 && ip->ihl == 5, "bit fields");
	ASSERT(bpf_ntohs(half) == (bytes[0] << 8 | bytes[1]), "bpf_ntohs()");
	ASSERT(bpf_ntohl(word) == ((__u32)bytes[0] << 24 | bytes[1] << 16 |
				   bytes[2] << 8 | bytes[3]),
	       "bpf_ntohl()");
	ASSERT(bpf_htons(half) == bpf_ntohs(half), "and back");
	return 0;
}
