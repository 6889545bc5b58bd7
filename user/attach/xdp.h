/* SPDX-License-Identifier: GPL-2.0-only */
/* Attaching XDP by a bpf_link, native or generic. */
#ifndef XDP_H
#define XDP_H

#include "attach/hook.h"
#include "attach/query.h"

/**
 * xdp_check_room() - check whether an XDP program is there already
 * @present: what is attached to the interface
 * @at: gets what ours is to replace; nothing is changed yet
 * @force: it may
 *
 * Return: EXIT_DONE, or the exit code of what it has told.
 */
int xdp_check_room(const struct query *present, struct attachment *at,
		   enum xdp_choice choice, bool force);

/*
 * Our program, loaded for packets in one buffer; and what loads it for packets in several
 * (BPF_F_XDP_HAS_FRAGS). That one costs more for each packet, so it is loaded and attached
 * only where native XDP refuses the other one for the MTU.
 */
struct xdp_programs {
	int fd;
	int (*load_frags)(void *context); /* a descriptor, or -1 */
	void *context;
};

/*
 * Attaches; sets @at->hook, @at->frags, and @at->link_fd unless another's link runs our program
 * until xdp_settle(). Returns an exit code; if @at's turn comes again, nothing is done yet.
 */
int xdp_attach(struct attachment *at, const struct xdp_programs *programs,
	       enum xdp_choice choice);

/* All is attached: detaches another's link, attaches by one of ours. An exit code. */
int xdp_settle(struct attachment *at, int program_fd);

/* Says what was taken off for good, and detaches the one in the other mode. An exit code. */
int xdp_finish(const struct query *present, const struct attachment *at);

/* Restores what was there, as far as possible, after ours was detached. */
void xdp_put_back(struct attachment *at, int program_fd);

/* Detaches a program without a link; returns an exit code. */
int xdp_detach_netlink(const struct attached *attached);

#endif
