/* SPDX-License-Identifier: GPL-2.0-only */
/* Attaching XDP by a bpf_link, native or generic. */
#ifndef XDP_H
#define XDP_H

#include "attach/hook.h"
#include "attach/query.h"

/**
 * xdp_check_room() - see whether an XDP program is there already
 * @present: what is attached to the interface
 * @at: gets what ours is to take the place of; nothing is changed yet
 * @force: it may
 *
 * Return: EXIT_DONE, or the exit code of what it has told.
 */
int xdp_check_room(const struct query *present, struct attachment *at,
		   enum xdp_choice choice, bool force);

/*
 * Attaches; sets @at->hook, and @at->link_fd unless another's link runs our program until
 * xdp_settle(). Returns an exit code; if @at's turn comes again, nothing is done yet.
 */
int xdp_attach(struct attachment *at, int program_fd, enum xdp_choice choice);

/* All is attached: takes another's link off, attaches by one of ours. An exit code. */
int xdp_settle(struct attachment *at, int program_fd);

/* Tells what was taken off for good, and takes off what stood beside. An exit code. */
int xdp_finish(const struct query *present, const struct attachment *at);

/* Puts back what was there, after ours was detached, as far as it can be. */
void xdp_put_back(struct attachment *at, int program_fd);

/* Takes a program off that no link holds; returns an exit code. */
int xdp_detach_netlink(const struct attached *attached);

#endif
