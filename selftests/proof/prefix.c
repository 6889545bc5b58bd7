// SPDX-License-Identifier: GPL-2.0-only
/*
 * A prefix's arithmetic, for every prefix and address: the mask that it is compiled to, the
 * comparison in the kernel, and the loader's own agree with one bit by bit.
 *
 * prove: 17 any
 */
#include "proof/proof.h"
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#define SELECTS 1
#include "select_kern.h"
#include "lib/address.h"
#include "select/rules.h"

/* The first @bits of all bytes; of a byte's, the first are those that count most. */
static bool same_bits(const __u8 *one, const __u8 *other, int bits)
{
	int at, values;

	for (at = 0; at < 16 && bits > 0; at++, bits -= 8) {
		values = bits >= 8 ? 1 : 1 << (8 - bits);
		if (one[at] / values != other[at] / values)
			return false;
	}
	return true;
}

int main(void)
{
	struct select_prefix prefix;
	__u8 address[16], family;
	struct rule rule;
	__u64 words[2] = {};
	bool expected;
	int i;

	ASSUME(family == 4 || family == 6);
	ASSUME(rule.length <= (family == 4 ? 32 : 128));
	for (i = 0; i < 16; i++) {
		ASSUME(!(rule.address[i] & ~rule_mask(&rule, i)));
		((__u8 *)prefix.mask)[i] = rule_mask(&rule, i);
		((__u8 *)prefix.value)[i] = rule.address[i];
		((__u8 *)words)[i] = address[i];
	}
	if (family == 4)
		words[0] = *(__u32 *)address;
	expected = same_bits(address, rule.address, rule.length);
	ASSERT(is_in(&prefix, family, words) == expected, "in the kernel");
	ASSERT(address_fits(rule.address, address, rule.length) == expected,
	       "in the loader");
	return 0;
}
