/* SPDX-License-Identifier: GPL-2.0-only */
/* Attaching at the TC hooks: a TCX link, or a filter on a clsact qdisc. */
#ifndef TC_H
#define TC_H

#include <bpf/libbpf.h>

#include "attach/hook.h"
#include "attach/query.h"

/*
 * A filter on clsact has no link: it outlives a killed loader. So the kernel
 * side drops only until a deadline, which the loader renews while it runs.
 */
#define TC_HOOK_LEASE_NS 3000000000ULL
#define TC_HOOK_RENEW_NS 500000000ULL

/*
 * Attaching by TCX, and detaching, waits for an RCU grace period and holds the RTNL lock
 * meanwhile (tcx_entry_sync(), <net/tcx.h>): some 20 ms an interface. clsact waits for
 * expedited ones, some 0.1 ms, so it is used for more interfaces than this.
 */
#define TC_MOST_BY_TCX 16

/**
 * tc_choose() - TCX or clsact?
 * @present: what is attached to the @chosen interfaces
 * @function: the program that is to be attached
 *
 * TC_ANY: TCX where the kernel has it; for many interfaces clsact, and says so, unless
 * others use TC there: by TCX ours is the first of all programs.
 */
enum hook tc_choose(const struct query *present,
		    const struct interfaces *chosen, const char *function,
		    enum tc_choice choice, bool ingress);

/* The process that attached a filter of ours. */
enum tc_filter {
	TC_FILTER_HELD, /* it runs, and renews the deadline */
	TC_FILTER_PINNED, /* it has exited, as by --pin */
	TC_FILTER_LEFT, /* it was killed */
	TC_FILTER_BARE, /* it was not one of our loaders */
};

/**
 * tc_filter_read() - tell them apart
 * @attached: a filter on clsact that attached_is_ours()
 * @signal_fd: a signal there ends the waiting; -1: no such
 *
 * Waits until the deadline is renewed or has passed, for a lease at most.
 *
 * Return: 0 or a negative errno; -EINTR: a signal; see program_is_foreign() for
 * another version's filter, or a foreign one in our place.
 */
int tc_filter_read(const struct attached *attached, int signal_fd,
		   enum tc_filter *filter);

/**
 * tc_check_room() - check whether something of ours is there already
 * @present: what is attached to the interface; leftovers of a killed run are marked
 * @at: gets what ours is to replace; nothing is changed yet
 * @force: a running process may own it
 * @signal_fd: see tc_filter_read()
 *
 * Return: EXIT_DONE, or the exit code of what it has told.
 */
int tc_check_room(struct query *present, const char *function,
		  struct attachment *at, bool force, int signal_fd);

/*
 * Attaches to @at->hook; sets link_fd; returns an exit code. After a failure, too, a filter
 * may be there: the kernel's answer can get lost.
 */
int tc_attach(struct attachment *at, int program_fd, const char *name);

/* All is attached: removes our programs that were there, and says so. Returns an exit code. */
int tc_finish(const struct query *present, const char *function,
	      const struct attachment *at);

/* Restores what ours replaced. */
void tc_put_back(struct attachment *at, int program_fd);

/* Removes a program that attached_is_ours(), however attached; returns an exit code. */
int tc_remove(const struct attached *attached);

/* Removes our filter, and does tc_remove_qdisc(); returns an exit code. */
int tc_detach_clsact(const struct interface *interface, enum hook hook,
		     __u32 program_id);

/*
 * Removes the clsact if a run of ours made it and no filter is on it: 1, else 0 or a
 * negative errno.
 */
int tc_remove_qdisc(int ifindex);

/* Is our filter on that interface? True also if the kernel would not say. */
bool tc_clsact_present(const struct interface *interface, enum hook hook,
		       __u32 program_id);

#endif
