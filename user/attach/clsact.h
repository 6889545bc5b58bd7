/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The clsact qdisc and the filters on it, by rtnetlink. All of these return 0 or a
 * negative errno, if nothing else is said; netlink_extack() may say more.
 */
#ifndef CLSACT_H
#define CLSACT_H

#include <linux/types.h>
#include <stdbool.h>

/* The place of our filters, one in each direction: first, and recognisable. */
#define CLSACT_PRIORITY 1
#define CLSACT_HANDLE 0xbdf

/* A filter, as the kernel lists it. */
struct clsact_filter {
	bool bpf; /* else of another kind */
	__u32 program_id; /* 0: classic BPF */
	__u32 priority;
	__u32 handle;
	__u16 protocol; /* ETH_P_*, host order */
	const char *name; /* as whoever attached it named it, or "" */
};

/* CLS_BPF_NAME_LEN, net/sched/cls_bpf.c */
#define CLSACT_NAME_SIZE 256

/* Called for each; returns 0 or a negative errno, which ends it. */
typedef int (*clsact_reader)(const struct clsact_filter *filter, void *context);

int clsact_filters(int ifindex, bool ingress, clsact_reader reader,
		   void *context);

/* Has the interface a filter of any kind, in either direction? 1, 0 or an errno. */
int clsact_in_use(int ifindex);

/* With our mark. -EEXIST if it, or an ingress qdisc, is there already. */
int clsact_create(int ifindex);

/*
 * Has it our mark? Then a run of ours made it, which may have ended; and nobody has
 * replaced it since: 'tc qdisc replace' removes the mark. What has happened in the last
 * 0.1 s, or longer where it takes long to ask, may not be known. 1, 0 or an errno.
 */
int clsact_is_ours(int ifindex);

int clsact_remove(int ifindex);

/*
 * Attaches @program_fd as a direct-action filter at our place; with @replace, in place of
 * the one that is there, without a gap.
 */
int clsact_add(int ifindex, bool ingress, int program_fd, const char *name,
	       bool replace);
int clsact_delete(int ifindex, bool ingress);

/*
 * The id of the BPF program at our place, and @name of its filter, unless that is NULL;
 * 0: none, nor perhaps a qdisc or interface.
 */
int clsact_program(int ifindex, bool ingress, char name[CLSACT_NAME_SIZE]);

#endif
