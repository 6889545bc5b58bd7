/* SPDX-License-Identifier: GPL-2.0-only */
/* What this kernel's BTF tells of the tracepoint kfree_skb and of drop reasons. */
#ifndef REASONS_H
#define REASONS_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

struct btf;

struct reasons {
	struct btf *btf; /* the kernel's own */
	bool known; /* the tracepoint has a reason: Linux 5.17 and later */
	bool of_tc; /* there are reasons for TC's drops */
};

/* Returns EXIT_DONE or the exit code of an error it has told. Close it in any case. */
int reasons_open(struct reasons *reasons);
void reasons_close(struct reasons *reasons);

/**
 * reasons_name() - the kernel's name of a reason: "NO_SOCKET"
 * @text: "0x20001" if it has no name there: a subsystem's own, from 1 << 16 on
 */
void reasons_name(const struct reasons *reasons, __u32 reason, char *text,
		  size_t size);

#endif
