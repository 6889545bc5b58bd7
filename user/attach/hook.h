/* SPDX-License-Identifier: GPL-2.0-only */
/* The hooks that a program can be attached to, and one that is attached. */
#ifndef HOOK_H
#define HOOK_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/interfaces.h"

/* Linux 6.6's enum bpf_attach_type; headers before it do not have them. */
#define ATTACH_TCX_INGRESS 46
#define ATTACH_TCX_EGRESS 47

enum hook {
	HOOK_XDP_NATIVE,
	HOOK_XDP_GENERIC,
	HOOK_XDP_OFFLOAD,
	HOOK_TCX_INGRESS,
	HOOK_TCX_EGRESS,
	HOOK_CLSACT_INGRESS,
	HOOK_CLSACT_EGRESS,
};

/* Why a program is not attached any more. */
enum end {
	END_NONE, /* it is attached */
	END_SIGNAL,
	END_TIMEOUT,
	END_READER_GONE,
	END_OUTPUT_FAILED,
	END_FAILED, /* poll() or another system call */
	END_INTERFACE_GONE,
	END_TAKEN_OFF, /* the program was detached by another process */
};

/* Which hook is requested. */
enum xdp_choice { XDP_ANY, XDP_SKB, XDP_NATIVE };
enum tc_choice { TC_ANY, TC_TCX, TC_CLSACT };

struct attached;

/* The order of attaching: what may fail comes before what cannot be restored as it was. */
enum turn {
	TURN_FREE, /* nothing is in our place */
	TURN_NETLINK, /* the program there has no link */
	TURN_LINK, /* its link runs our program until all is attached */
	TURN_LINK_GOES, /* its link must be detached first: it is in the other mode, say */
	TURN_COUNT,
};

/* The program in our place, as long as it may have to be restored. */
struct replaced {
	const struct attached *attached; /* NULL: nothing */
	enum turn turn;
	int program_fd; /* or -1, and so is the next one */
	int link_fd;
	char *pin; /* where a loader of ours pinned the link, or NULL */
	bool unpinned; /* the pin is removed */
	bool updated; /* the link has our program */
	bool off; /* it was taken off, or its filter replaced */
	char *owner; /* XDP: as it was at first */
	char *filter; /* clsact: its name, once it is off */
};

/* Whether packets pass that the program does not see; see loader/unseen.c. */
struct unseen {
	bool begun; /* what it had counted at first is known */
	bool ended; /* it has seen one, or it was told that it does not */
	int looks; /* in a row in which the interface had counted more */
	__u64 seen; /* packets that the program had counted at first */
	__u64 first; /* and the interface, */
	__u64 last; /* and at the last look */
};

/* One of our programs on one interface. */
struct attachment {
	struct interface interface; /* as it was chosen */
	int index; /* its number now: it may move to another namespace; 0: it is gone */
	bool elsewhere; /* it moved */
	bool left; /* it is no longer in the namespace where it was chosen */
	enum hook hook;
	int level; /* 0: it is above no other chosen interface */
	__u32 slot; /* index of its counters */
	int link_fd; /* -1: not attached by a link */
	bool frags; /* by the program for packets in several buffers; see struct xdp_programs */
	struct replaced replaced;
	bool attached;
	bool tried; /* clsact: a filter may be there, or a qdisc that was made for it */
	__u64 began_ns; /* CLOCK_MONOTONIC; less what it was attached before it came again */
	enum end why; /* it ended */
	__u64 ended_ns; /* when that was found out */
	bool pinned;
	bool doubted; /* clsact: something has happened there, so look if it is attached still */
	bool no_carrier; /* it was lost upon attaching, and is not back yet */
	struct unseen unseen;
};

/* For tables and JSON: "xdp-native", "tcx-egress", … */
const char *hook_name(enum hook hook);
/* For sentences: "native XDP", "TCX egress", … */
const char *hook_text(enum hook hook);
/* An XDP hook's mode: XDP_FLAGS_*_MODE. */
__u32 hook_xdp_mode(enum hook hook);
/* For JSON: "signal", "interface gone", … */
const char *end_name(enum end end);

static inline bool hook_is_xdp(enum hook hook)
{
	return hook <= HOOK_XDP_OFFLOAD;
}

static inline int hook_tcx_type(enum hook hook)
{
	return hook == HOOK_TCX_INGRESS ? ATTACH_TCX_INGRESS :
					  ATTACH_TCX_EGRESS;
}

static inline bool hook_is_clsact(enum hook hook)
{
	return hook >= HOOK_CLSACT_INGRESS;
}

static inline bool hook_is_ingress(enum hook hook)
{
	return hook != HOOK_TCX_EGRESS && hook != HOOK_CLSACT_EGRESS;
}

#endif
