// SPDX-License-Identifier: GPL-2.0-only
/* Attaching at the TC hooks: a TCX link, or a filter on a clsact qdisc. */
#include "attach/tc.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "attach/clsact.h"
#include "attach/link.h"
#include "attach/owners.h"
#include "attach/replace.h"
#include "lib/duration.h"
#include "lib/errors.h"
#include "lib/netlink.h"
#include "lib/signals.h"

/* Linux 6.6's <linux/bpf.h>; first in the chain, so that no verdict ends it before us. */
#define TCX_BEFORE 8 /* BPF_F_BEFORE */

/* How often to look at a deadline. */
#define LOOK_MS 50

/* How often to create a qdisc that others keep removing. */
#define ADD_TRIES 5
/* And to remove one that others are using. */
#define REMOVE_TRIES 20

#define MANY_BY_CLSACT \
	"%zu interfaces: using clsact, as attaching and detaching TCX waits for an RCU grace period on each. --tcx uses TCX all the same."

/* Is nothing there but programs of ours? */
static bool is_unused(const struct query *present,
		      const struct interface *interface, const char *function)
{
	const struct attached *attached = NULL;
	bool ours = false;

	while ((attached = query_on(present, interface->index, attached))) {
		if (hook_is_xdp(attached->hook))
			continue;
		if (!attached_is_ours(attached, function))
			return false;
		ours |= hook_is_clsact(attached->hook);
	}
	return interface->qdisc == QDISC_NONE || ours;
}

static bool are_many(const struct query *present,
		     const struct interfaces *chosen, const char *function)
{
	size_t i;

	if (chosen->count <= TC_MOST_BY_TCX)
		return false;
	for (i = 0; i < chosen->count; i++) {
		if (!is_unused(present, &chosen->list[i], function))
			return false;
	}
	return true;
}

enum hook tc_choose(const struct query *present,
		    const struct interfaces *chosen, const char *function,
		    enum tc_choice choice, bool ingress)
{
	bool tcx = choice != TC_CLSACT && present->tcx;

	if (tcx && choice == TC_ANY && are_many(present, chosen, function)) {
		note(MANY_BY_CLSACT, chosen->count);
		tcx = false;
	}
	if (tcx)
		return ingress ? HOOK_TCX_INGRESS : HOOK_TCX_EGRESS;
	return ingress ? HOOK_CLSACT_INGRESS : HOOK_CLSACT_EGRESS;
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
	else if (program_is_bare(&state))
		*filter = TC_FILTER_BARE;
	else if (state.deadline_ns != first)
		*filter = TC_FILTER_HELD;
	else
		*filter = TC_FILTER_LEFT;
	return 0;
}

int tc_remove(const struct attached *attached)
{
	if (attached->by_link)
		return link_take_off(attached);
	return tc_detach_clsact(&attached->interface, attached->hook,
				attached->program.id);
}

/* A running process has it, or it is pinned. Returns an exit code. */
static int refuse(const struct attached *attached)
{
	return fail(
		EXIT_REFUSED,
		"%s: this program runs there already (%s): %s, %s. Nothing was changed. --detach removes what --pin left; --force replaces it.",
		attached->interface.name, hook_text(attached->hook),
		attached_describe(attached), attached_owner(attached));
}

/* Returns EXIT_DONE if it is to be removed, or the exit code of a refusal. */
static int may_remove(struct attached *attached, bool force, int signal_fd)
{
	enum tc_filter filter = TC_FILTER_HELD;
	int error = 0;

	if (hook_is_clsact(attached->hook))
		error = tc_filter_read(attached, signal_fd, &filter);
	if (error == -EINTR)
		return fail(
			EXIT_SYSTEM,
			"%s: a signal came before it was known whether the run that attached %s still runs.",
			attached->interface.name, attached_describe(attached));
	if (error && !program_is_foreign(error))
		return fail_at(AT_LIST, -error, attached->interface.name, NULL);
	attached->left = !error && filter == TC_FILTER_LEFT;
	return attached->left || force ? EXIT_DONE : refuse(attached);
}

/* The next program of ours in that direction, after @last (NULL: the first), or NULL. */
static const struct attached *next_ours(const struct query *present,
					const char *function,
					const struct attachment *at,
					const struct attached *last)
{
	while ((last = query_on(present, at->interface.index, last))) {
		if (attached_is_ours(last, function) &&
		    hook_is_ingress(last->hook) == hook_is_ingress(at->hook))
			break;
	}
	return last;
}

/* A filter can be replaced, and a pinned link; else both are attached side by side. */
static int take_place(struct attachment *at, const struct attached *attached)
{
	int code;

	if (attached->hook != at->hook)
		return EXIT_DONE;
	code = replaced_open(at, attached);
	if (!code && attached->by_link && !at->replaced.pin)
		replaced_close(at);
	return code;
}

int tc_check_room(struct query *present, const char *function,
		  struct attachment *at, bool force, int signal_fd)
{
	const struct attached *attached = NULL;
	int code = EXIT_DONE;

	while (!code &&
	       (attached = next_ours(present, function, at, attached))) {
		code = may_remove(&present->list[attached - present->list],
				  force, signal_fd);
		if (!code)
			code = take_place(at, attached);
	}
	return code;
}

static void tell_going(const struct attached *attached)
{
	const char *name = attached->interface.name;
	const char *what = attached_describe(attached);

	if (attached->left)
		note("%s: removing %s, which drops nothing any more: %s.", name,
		     what, attached_owner(attached));
	else
		note("%s: replacing %s.", name, what);
}

/* A second one in the same direction would count each packet twice. */
int tc_finish(const struct query *present, const char *function,
	      const struct attachment *at)
{
	const struct attached *attached = NULL;
	int code = EXIT_DONE;

	while (!code &&
	       (attached = next_ours(present, function, at, attached))) {
		tell_going(attached);
		if (attached != at->replaced.attached)
			code = tc_remove(attached);
	}
	return code;
}

static int attach_tcx(struct attachment *at, int program_fd)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = TCX_BEFORE);
	int fd, error = -ENOLINK;

	if (at->replaced.attached)
		error = replaced_update(at, program_fd);
	/* Nothing was pinned, or that has been detached meanwhile. */
	if (error == -ENOLINK) {
		fd = bpf_link_create(program_fd, at->interface.index,
				     hook_tcx_type(at->hook), &opts);
		error = fd < 0 ? -errno : 0;
		at->link_fd = fd;
	}
	return error ? fail_at(AT_TCX, -error, at->interface.name, NULL) :
		       EXIT_DONE;
}

/* Which qdisc is in clsact's place now? An exit code. */
static int ask_qdisc(int ifindex, enum qdisc *qdisc)
{
	const struct interface *interface;
	struct interfaces all;
	int code = interfaces_read(&all);

	interface = interfaces_find(&all, ifindex);
	*qdisc = interface ? interface->qdisc : QDISC_NONE;
	interfaces_free(&all);
	return code;
}

/* Makes a clsact, if there is none. */
static int need_qdisc(const struct attachment *at)
{
	const char *name = at->interface.name;
	int code, error = clsact_create(at->interface.index);
	enum qdisc qdisc;

	if (!error)
		return EXIT_DONE;
	/* ENOBUFS: the kernel's answer is lost. */
	if (error != -EEXIST && error != -ENOBUFS)
		return fail_at(AT_CLSACT_QDISC, -error, name,
			       netlink_extack(error));
	code = ask_qdisc(at->interface.index, &qdisc);
	if (code)
		return code;
	/* There the kernel attaches a filter for egress to ingress, without an error. */
	if (qdisc == QDISC_INGRESS && !hook_is_ingress(at->hook))
		return fail(
			EXIT_REFUSED,
			"%s: it has an ingress qdisc, which has no egress side and takes the place of clsact. Use --tcx, or remove that qdisc: tc qdisc del dev %s ingress.",
			name, name);
	return EXIT_DONE;
}

/* So that it can be put back by its name. An exit code. */
static int note_filter(struct attachment *at)
{
	char name[CLSACT_NAME_SIZE] = "";
	int id = clsact_program(at->index, hook_is_ingress(at->hook), name);

	if (id < 0)
		return fail_at(AT_CLSACT_FILTER, -id, at->interface.name, NULL);
	at->replaced.filter = strdup(name);
	return at->replaced.filter ? EXIT_DONE : fail_memory("a filter's name");
}

static int attach_clsact(struct attachment *at, int program_fd,
			 const char *name)
{
	int code = EXIT_DONE, error, tries = 0;

	if (at->replaced.attached)
		code = note_filter(at);
	do {
		if (!code)
			code = need_qdisc(at);
		if (code)
			return code;
		at->replaced.off = at->replaced.attached;
		error = clsact_add(at->interface.index,
				   hook_is_ingress(at->hook), program_fd, name,
				   at->replaced.attached);
		/* EINVAL: another run may have removed the empty qdisc meanwhile. */
	} while (error == -EINVAL && ++tries < ADD_TRIES);
	return error ? fail_at(AT_CLSACT_FILTER, -error, at->interface.name,
			       netlink_extack(error)) :
		       EXIT_DONE;
}

int tc_attach(struct attachment *at, int program_fd, const char *name)
{
	if (hook_is_clsact(at->hook))
		return attach_clsact(at, program_fd, name);
	return attach_tcx(at, program_fd);
}

void tc_put_back(struct attachment *at, int program_fd)
{
	struct replaced *replaced = &at->replaced;
	int id, error = 0, ifindex = at->interface.index;
	bool ingress = hook_is_ingress(at->hook);

	if (replaced->updated) {
		error = replaced_restore(replaced, program_fd);
	} else if (replaced->off) {
		/* Even if attaching ours failed: the kernel's answer can get lost. */
		id = clsact_program(ifindex, ingress, NULL);
		if (id != (int)replaced->attached->program.id)
			error = clsact_add(ifindex, ingress,
					   replaced->program_fd,
					   replaced->filter, true);
	}
	if (error)
		note("%s: %s could not be restored: %s.", at->interface.name,
		     attached_describe(replaced->attached), strerror(-error));
}

bool tc_clsact_present(const struct interface *interface, enum hook hook,
		       __u32 program_id)
{
	int id = clsact_program(interface->index, hook_is_ingress(hook), NULL);

	return id < 0 || id == (int)program_id;
}

/* The interface, or the qdisc, and with it any filter. */
static bool is_gone(int error)
{
	return error == -ENODEV || error == -ENOENT || error == -EINVAL;
}

int tc_remove_qdisc(int ifindex)
{
	int error, tries = 0;

	do {
		error = clsact_is_ours(ifindex);
		if (error <= 0)
			return error;
		error = clsact_in_use(ifindex);
		if (error)
			break;
		error = clsact_remove(ifindex);
		/* EBUSY: others ask for one of its filters, or change one, just now. */
	} while (error == -EBUSY && ++tries < REMOVE_TRIES && !usleep(10000));
	/* The kernel may have no memory to answer whether it is in use: it stays. */
	if (error == -ENOBUFS || error > 0 || is_gone(error))
		return 0;
	return error ? error : 1;
}

/* The kernel has no "delete only if it is still that program". */
static int delete_filter(int ifindex, bool ingress, int program_id)
{
	int failed, id = clsact_program(ifindex, ingress, NULL);

	if (id != program_id)
		return id < 0 ? id : 0;
	failed = clsact_delete(ifindex, ingress);
	if (!failed)
		return 0;
	/* The answer to it may be lost: check whether it is gone. */
	id = clsact_program(ifindex, ingress, NULL);
	if (id != program_id)
		return id < 0 ? id : 0;
	return failed;
}

int tc_detach_clsact(const struct interface *interface, enum hook hook,
		     __u32 program_id)
{
	int error = delete_filter(interface->index, hook_is_ingress(hook),
				  (int)program_id);

	if (!error)
		error = tc_remove_qdisc(interface->index);
	if (error < 0 && !is_gone(error))
		return fail_at(AT_DETACH, -error, interface->name,
			       netlink_extack(error));
	return EXIT_DONE;
}
