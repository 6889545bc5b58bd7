/* SPDX-License-Identifier: GPL-2.0-only */
/* Attaching XDP by a bpf_link, native or generic. */
#ifndef XDP_H
#define XDP_H

#include "attach/hook.h"
#include "attach/query.h"

/**
 * xdp_make_room() - see that no XDP program is there already
 * @present: what is attached to the interface
 * @at: gets the program taken off, so that a roll-back can put it on again
 * @force: take it off
 *
 * Return: EXIT_DONE, or the exit code of what it has told.
 */
int xdp_make_room(const struct query *present, struct attachment *at,
		  bool force);

/* Puts back what xdp_make_room() took off, if it can be. */
void xdp_put_back(struct attachment *at);

/* Attaches; sets @at->hook and @at->link_fd; returns an exit code. */
int xdp_attach(struct attachment *at, int program_fd, enum xdp_choice choice);

/* Takes a program off that no link holds; returns an exit code. */
int xdp_detach_netlink(const struct attached *attached);

#endif
