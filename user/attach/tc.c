// SPDX-License-Identifier: GPL-2.0-only
/* Attaching at the TC hooks: a TCX link, or a filter on a clsact qdisc. */
#include "attach/tc.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "attach/clsact.h"
#include "attach/link.h"
#include "attach/owners.h"
#include "lib/duration.h"
#include "lib/errors.h"
#include "lib/signals.h"

/* Linux 6.6's <linux/bpf.h>; first in the chain, so that no verdict ends it before us. */
#define TCX_BEFORE 8 /* BPF_F_BEFORE */

/* How often to look at a deadline. */
#define LOOK_MS 50

/* How often to make a qdisc that others keep removing. */
#define ADD_TRIES 5

/* How often to ask when the kernel has no memory for its answer. */
#define ASK_TRIES 5

static int tcx_type(enum hook hook)
{
	return hook == HOOK_TCX_INGRESS ? ATTACH_TCX_INGRESS :
					  ATTACH_TCX_EGRESS;
}

/* Before Linux 6.6 the attach type is unknown: EINVAL. */
static bool has_tcx(const struct interface *interface)
{
	__u32 count = 0;

	return !bpf_prog_query(interface->index, ATTACH_TCX_EGRESS, 0, NULL,
			       NULL, &count) ||
	       errno != EINVAL;
}

int tc_choose(const struct interface *interface, enum tc_choice choice,
	      bool ingress, enum hook *hook)
{
	bool tcx = choice != TC_CLSACT && has_tcx(interface);

	if (choice == TC_TCX && !tcx)
		return fail_at(AT_TCX, EINVAL, interface->name, NULL);
	if (tcx)
		*hook = ingress ? HOOK_TCX_INGRESS : HOOK_TCX_EGRESS;
	else
		*hook = ingress ? HOOK_CLSACT_INGRESS : HOOK_CLSACT_EGRESS;
	return EXIT_DONE;
}

int tc_filter_read(const struct attached *attached, int signal_fd,
		   enum tc_filter *filter)
{
	__u64 first, begin = clock_ns(CLOCK_MONOTONIC), now = begin;
	struct drop_state state;
	int error;

	error = program_state(attached->program.id, &state);
	first = state.deadline_ns;
	while (!error && !state.pinned && state.deadline_ns == first &&
	       now < first && now - begin < TC_HOOK_LEASE_NS) {
		if (signals_end_came(signal_fd, LOOK_MS))
			return -EINTR;
		error = program_state(attached->program.id, &state);
		now = clock_ns(CLOCK_MONOTONIC);
	}
	if (error)
		return error;
	if (state.pinned)
		*filter = TC_FILTER_PINNED;
	else if (state.deadline_ns != first)
		*filter = TC_FILTER_HELD;
	else
		*filter = TC_FILTER_LEFT;
	return 0;
}

int tc_remove(const struct attached *attached)
{
	struct drop_slot slot = {};
	int error;

	if (attached->by_link)
		return link_take_off(attached);
	error = program_slot(attached->program.id, attached->interface.index,
			     &slot);
	if (error && !program_is_foreign(error))
		return fail_at(AT_DETACH, -error, attached->interface.name,
			       NULL);
	return tc_detach_clsact(&attached->interface, attached->hook,
				attached->program.id, slot.owns_qdisc);
}

/* A running process has it, or it is pinned. Returns an exit code. */
static int refuse(const struct attached *attached)
{
	char what[128], owner[256];

	attached_describe(attached, what, sizeof(what));
	attached_owner(attached, owner, sizeof(owner));
	return fail(
		EXIT_REFUSED,
		"%s: this program runs there already (%s): %s, %s. Nothing was changed. --detach removes what --pin left; --force replaces it.",
		attached->interface.name, hook_text(attached->hook), what,
		owner);
}

/* Returns EXIT_DONE if it is to be removed, or the exit code of a refusal. */
static int may_remove(const struct attached *attached, bool force,
		      int signal_fd)
{
	enum tc_filter filter = TC_FILTER_HELD;
	char what[128];
	int error = 0;

	attached_describe(attached, what, sizeof(what));
	if (hook_is_clsact(attached->hook))
		error = tc_filter_read(attached, signal_fd, &filter);
	if (error == -EINTR)
		return fail(
			EXIT_SYSTEM,
			"%s: a signal came before it was known whether the run that attached %s still runs.",
			attached->interface.name, what);
	if (error && !program_is_foreign(error))
		return fail_at(AT_LIST, -error, attached->interface.name, NULL);
	if (!error && filter == TC_FILTER_LEFT) {
		note("%s: removing %s, left by a run that was killed.",
		     attached->interface.name, what);
		return EXIT_DONE;
	}
	if (!force)
		return refuse(attached);
	note("%s: replacing %s.", attached->interface.name, what);
	return EXIT_DONE;
}

int tc_make_room(const struct query *present, const char *function,
		 const struct interface *interface, enum hook hook, bool force,
		 int signal_fd)
{
	const struct attached *attached = NULL;
	int code;

	while ((attached = query_on(present, interface->index, attached))) {
		/* A second one in the same direction would count each packet twice. */
		if (!attached_is_ours(attached, function) ||
		    hook_is_ingress(attached->hook) != hook_is_ingress(hook))
			continue;
		code = may_remove(attached, force, signal_fd);
		if (!code)
			code = tc_remove(attached);
		if (code)
			return code;
	}
	return EXIT_DONE;
}

static int attach_tcx(struct attachment *at, int program_fd)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = TCX_BEFORE);
	int fd = bpf_link_create(program_fd, at->interface.index,
				 tcx_type(at->hook), &opts);

	if (fd < 0)
		return fail_at(AT_TCX, errno, at->interface.name, NULL);
	at->link_fd = fd;
	return EXIT_DONE;
}

struct find_qdisc {
	int ifindex;
	enum clsact_kind kind;
};

static int find_qdisc(int ifindex, enum clsact_kind kind, void *context)
{
	struct find_qdisc *find = context;

	if (ifindex == find->ifindex)
		find->kind = kind;
	return 0;
}

/* Does a filter of ours on the other side own the qdisc? Then we share it. */
static int find_owner(const struct clsact_filter *filter, void *context)
{
	struct attachment *at = context;
	struct drop_slot slot = {};
	int error;

	if (filter->priority != CLSACT_PRIORITY ||
	    filter->handle != CLSACT_HANDLE)
		return 0;
	error = program_slot(filter->program_id, filter->ifindex, &slot);
	at->owns_qdisc |= slot.owns_qdisc;
	return program_is_foreign(error) ? 0 : error;
}

/* Sees that there is a clsact, and whether we are to remove it in the end. */
static int need_qdisc(struct netlink *nl, struct attachment *at)
{
	struct find_qdisc find = { .ifindex = at->interface.index };
	int error = clsact_create(nl, at->interface.index);
	bool lost = error == -ENOBUFS; /* the kernel's answer */

	at->owns_qdisc = !error;
	if (!error)
		return EXIT_DONE;
	if (error == -EEXIST || lost)
		error = clsact_qdiscs(nl, find_qdisc, &find);
	at->owns_qdisc = !error && lost && !at->had_qdisc &&
			 find.kind == CLSACT_CLSACT;
	if (!error && find.kind == CLSACT_CLSACT)
		error = clsact_filters(nl, at->interface.index,
				       !hook_is_ingress(at->hook), find_owner,
				       at);
	if (error)
		return fail_at(AT_CLSACT_QDISC, -error, at->interface.name,
			       nl->extack);
	/* There the kernel attaches a filter for egress to ingress, without an error. */
	if (find.kind == CLSACT_INGRESS && !hook_is_ingress(at->hook))
		return fail(
			EXIT_REFUSED,
			"%s: it has an ingress qdisc, which has no egress side and stands where clsact would. Use --tcx, or remove that qdisc: tc qdisc del dev %s ingress.",
			at->interface.name, at->interface.name);
	return EXIT_DONE;
}

static struct clsact_filter our_place(const struct interface *interface,
				      enum hook hook)
{
	return (struct clsact_filter){
		.ifindex = interface->index,
		.ingress = hook_is_ingress(hook),
		.priority = CLSACT_PRIORITY,
		.handle = CLSACT_HANDLE,
		.protocol = ETH_P_ALL,
	};
}

/* The qdisc, and that the kernel side knows its owner. */
static int prepare_qdisc(struct netlink *nl, struct attachment *at,
			 struct slots *slots)
{
	int code = need_qdisc(nl, at), error;

	if (code || !at->owns_qdisc)
		return code;
	error = slots_write_one(slots, at);
	return error ? fail_at(AT_MAP, -error, at->interface.name, NULL) :
		       EXIT_DONE;
}

static int attach_clsact(struct attachment *at, struct slots *slots,
			 int program_fd, const char *name)
{
	struct clsact_filter filter = our_place(&at->interface, at->hook);
	struct netlink nl;
	int code, error, tries = 0;

	error = netlink_open(&nl, 0);
	if (error)
		return fail_at(AT_NETLINK, -error, "netlink", NULL);
	do {
		code = prepare_qdisc(&nl, at, slots);
		error = code ? 0 : clsact_add(&nl, &filter, program_fd, name);
		/* EINVAL: its owner may have removed the empty qdisc meanwhile. */
	} while (error == -EINVAL && !at->owns_qdisc && ++tries < ADD_TRIES);
	if (error)
		code = fail_at(AT_CLSACT_FILTER, -error, at->interface.name,
			       nl.extack);
	netlink_close(&nl);
	return code;
}

int tc_attach(struct attachment *at, struct slots *slots, int program_fd,
	      const char *name)
{
	if (hook_is_clsact(at->hook))
		return attach_clsact(at, slots, program_fd, name);
	return attach_tcx(at, program_fd);
}

struct find_filter {
	__u32 program_id;
	bool found;
};

static int find_filter(const struct clsact_filter *filter, void *context)
{
	struct find_filter *find = context;

	if (filter->program_id == find->program_id &&
	    filter->priority == CLSACT_PRIORITY &&
	    filter->handle == CLSACT_HANDLE)
		find->found = true;
	return 0;
}

/*
 * Is our filter there? 1, 0 or a negative errno. A lost answer is asked for again: a
 * filter is not to stay for want of memory at one moment.
 */
static int is_there(struct netlink *nl, const struct clsact_filter *place,
		    __u32 program_id)
{
	struct find_filter find = { .program_id = program_id };
	int error, tries = 0;

	do
		error = clsact_filters(nl, place->ifindex, place->ingress,
				       find_filter, &find);
	while (error == -ENOBUFS && ++tries < ASK_TRIES);
	return error ? error : find.found;
}

bool tc_clsact_present(const struct interface *interface, enum hook hook,
		       __u32 program_id)
{
	struct clsact_filter place = our_place(interface, hook);
	struct netlink nl;
	int there;

	if (netlink_open(&nl, 0))
		return true;
	there = is_there(&nl, &place, program_id);
	netlink_close(&nl);
	/* EINVAL: the qdisc is gone; ENODEV: the interface. */
	return there != 0 && there != -ENODEV && there != -EINVAL;
}

static int remove_if_empty(struct netlink *nl, int ifindex)
{
	bool in_use = true;
	int error, tries = 0;

	do
		error = clsact_in_use(nl, ifindex, &in_use);
	while (error == -ENOBUFS && ++tries < ASK_TRIES);
	if (!error && !in_use)
		error = clsact_remove(nl, ifindex);
	return error == -ENOBUFS ? 0 : error;
}

static int detach_clsact(struct netlink *nl, const struct clsact_filter *place,
			 __u32 program_id, bool owns_qdisc)
{
	int error;

	/* The kernel has no "delete only if it is still that program". */
	error = is_there(nl, place, program_id);
	if (error > 0) {
		int failed = clsact_delete(nl, place);

		/* The answer may be an error, or lost: what counts is whether it is gone. */
		error = is_there(nl, place, program_id);
		if (error > 0)
			error = failed ? failed : -EBUSY;
	}
	if (error)
		return error;
	return owns_qdisc ? remove_if_empty(nl, place->ifindex) : 0;
}

int tc_detach_clsact(const struct interface *interface, enum hook hook,
		     __u32 program_id, bool owns_qdisc)
{
	struct clsact_filter place = our_place(interface, hook);
	struct netlink nl;
	int error;

	error = netlink_open(&nl, 0);
	if (error)
		return fail_at(AT_NETLINK, -error, "netlink", NULL);
	error = detach_clsact(&nl, &place, program_id, owns_qdisc);
	netlink_close(&nl);
	/* With the interface, or its qdisc, our filter has gone too. */
	if (error && error != -ENODEV && error != -ENOENT && error != -EINVAL)
		return fail_at(AT_DETACH, -error, interface->name, nl.extack);
	return EXIT_DONE;
}
