/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is attached where: XDP in all modes, TCX, BPF filters on clsact. All of it
 * comes from the kernel, also what 'tc filter show' (TCX) and 'ip link' (TC) do not
 * show.
 */
#ifndef QUERY_H
#define QUERY_H

#include "attach/hook.h"
#include "attach/program_info.h"

struct attached {
	struct interface interface;
	enum hook hook;
	struct program_info program;
	bool by_link; /* XDP, TCX: it is attached by a link */
	__u32 link_id; /* which; 0: that cannot be told, see @links */
	__u32 links; /* XDP: so many could be it, each in a namespace of its own */
	__u32 priority; /* clsact only, and so are the next two */
	__u32 handle;
	__u16 protocol; /* ETH_P_*, host order */
	bool left; /* a killed run's, by tc_check_room() */
};

struct query {
	struct attached *list; /* by ifindex, then in a packet's order */
	size_t count;
	bool tcx; /* this kernel has it */
};

/* Of which hooks? */
#define QUERY_XDP 0x1
#define QUERY_TC 0x2

/**
 * query_read() - list what is attached
 * @on: the interfaces to look at
 * @hooks: QUERY_XDP, QUERY_TC or both
 *
 * Return: EXIT_DONE; or the exit code of an error it has told: the list is empty then.
 */
int query_read(const struct interfaces *on, unsigned int hooks,
	       struct query *found);

/* The next entry on that interface after @last (NULL: the first), or NULL. */
const struct attached *query_on(const struct query *found, int ifindex,
				const struct attached *last);

/* Is it a TC program of this name, in the place of ours? */
bool attached_is_ours(const struct attached *attached, const char *function);

/* "program id 107 'xdp_drop_tcp' (tag …)", for sentences; valid until the next call. */
const char *attached_describe(const struct attached *attached);

#endif
