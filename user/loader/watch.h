/* SPDX-License-Identifier: GPL-2.0-only */
/* The foreground: counters, the lease of clsact filters, signals, time-out. */
#ifndef WATCH_H
#define WATCH_H

#include <stddef.h>
#include <stdint.h>

#include "attach/counters.h"
#include "attach/hook.h"
#include "attach/slots.h"
#include "capture/capture.h"
#include "lib/netlink.h"
#include "loader/options.h"
#include "loader/table.h"

struct watch {
	const struct options *options;
	struct attachment *attachments;
	size_t count;
	int counters_fd;
	struct slots *slots;
	struct netlink *links; /* hears of changes of interfaces; fd -1: not */
	bool renumbered; /* what is in @slots may be wrong now */
	bool full_told; /* that there is no room for all of them */
	bool unknown_told; /* that there are packets of an unknown interface */
	__u32 program_id;
	volatile struct drop_state *state;
	__u64 started_ns; /* CLOCK_MONOTONIC */
	__u64 deadline_ns; /* of --timeout, or UINT64_MAX */
	struct display display;
	struct capture *capture; /* perhaps not on */
	struct drop_stats *last_matched; /* at the last line, by slot */
	__u64 last_ns; /* when the last line was */
	bool mute; /* the reader has gone, or nothing can be written */
	enum end why; /* what ended it for those that are attached still */
	const char *reader; /* what the reader that has gone was reading */
};

/* Sets the kernel side's deadline: a lease from now if @leased, else the time-out. */
void watch_renew(struct watch *watch, bool leased);

/**
 * watch_run() - show counters until a signal, the time-out or the end of output
 * @signal_fd: of signals_catch(); SIGUSR1 is no more among them afterwards
 *
 * Return: an exit code. What has vanished is marked as not attached; why it ended is
 * in watch->why.
 */
int watch_run(struct watch *watch, int signal_fd);

/* Nothing is attached any more: notes why and when for what still was. */
void watch_ended(struct watch *watch);

/* How long it was attached, as far as anything was. */
__u64 watch_lasted_ns(const struct watch *watch);

/* Shows one line for each interface; returns 0 or a negative errno. */
int watch_show(struct watch *watch, bool final);

#endif
