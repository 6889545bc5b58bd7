/* SPDX-License-Identifier: GPL-2.0-only */
/* For proofs on a big-endian machine: before the one of this machine. */
#undef __BYTE_ORDER__
#define __BYTE_ORDER__ __ORDER_BIG_ENDIAN__
#include <linux/byteorder/big_endian.h>
