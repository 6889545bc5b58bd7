/* SPDX-License-Identifier: GPL-2.0-only */
/* The bytes of addresses. */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <linux/types.h>
#include <stdbool.h>
#include <string.h>

/* Are the first @bits of two addresses' bytes the same? */
static inline bool address_fits(const void *one, const void *other, int bits)
{
	const __u8 *a = one, *b = other;
	int rest = bits % 8;

	return !memcmp(a, b, bits / 8) &&
	       (!rest || !((a[bits / 8] ^ b[bits / 8]) >> (8 - rest)));
}

#endif
