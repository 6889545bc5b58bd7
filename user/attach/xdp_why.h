/* SPDX-License-Identifier: GPL-2.0-only */
/* Why XDP is refused, in the kernel's own words: bpf_link_create() has none. */
#ifndef XDP_WHY_H
#define XDP_WHY_H

#include "attach/hook.h"

/**
 * xdp_ask_why() - ask the kernel again by netlink, which has an extended ack
 * @at: what bpf_link_create() refused, at @at->hook
 * @error: its answer, a negative errno
 *
 * dev_xdp_attach() and the driver refuse it there for the same reason.
 *
 * Return: @error, or -ENODEV if the interface is gone; netlink_extack() has the sentence.
 */
int xdp_ask_why(const struct attachment *at, int program_fd, int error);

/* Tells that, with what xdp_ask_why() returned; returns an exit code. */
int xdp_fail(const struct attachment *at, int error);

#endif
