// SPDX-License-Identifier: GPL-2.0-only
/* What is attached where: XDP in all modes, TCX, BPF filters on clsact. */
#include "attach/query.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attach/clsact.h"
#include "lib/errors.h"
#include "lib/grow.h"
#include "lib/macros.h"
#include "lib/netlink.h"
#include "lib/privileges.h"
#include "lib/sorted.h"

/* A TCX chain may hold up to 64 programs (BPF_MPROG_MAX, Linux 6.6). */
#define MOST_TCX 64

/* A link that others make or release is soon there, or gone. */
#define LINK_TRIES 100
#define LINK_PAUSE_MS 10

/* The part of Linux 6.6's union bpf_attr that BPF_PROG_QUERY fills for TCX. */
struct tcx_query {
	__u32 ifindex;
	__u32 attach_type;
	__u32 flags;
	__u32 attach_flags;
	__aligned_u64 program_ids;
	__u32 count;
	__u32 unused;
	__aligned_u64 program_flags;
	__aligned_u64 link_ids; /* 0: attached without one */
	__aligned_u64 link_flags;
	__u64 revision;
};

/*
 * Is the XDP program attached by a link? A request to take off what is not there
 * answers that, before anything else, with EBUSY (dev_xdp_attach(), net/core/dev.c,
 * since Linux 5.9); and it takes nothing off: that no program is there is what it
 * expects. Returns 1, 0 or a negative errno.
 */
static int is_by_link(const struct attached *attached)
{
	struct netlink_request request;
	struct ifinfomsg *info;
	struct rtattr *xdp;
	int error;

	info = netlink_start(&request, RTM_SETLINK, 0, sizeof(*info));
	info->ifi_index = attached->interface.index;
	xdp = netlink_nest(&request, IFLA_XDP | NLA_F_NESTED);
	netlink_put_u32(&request, IFLA_XDP_FD, -1);
	netlink_put_u32(&request, IFLA_XDP_EXPECTED_FD, -1);
	netlink_put_u32(&request, IFLA_XDP_FLAGS,
			hook_xdp_mode(attached->hook) | XDP_FLAGS_REPLACE);
	netlink_nest_end(&request, xdp);
	error = netlink_ask(&request, NULL, NULL);
	switch (error) {
	case -EBUSY:
		return 1;
	case 0: /* it has gone: there was nothing to take off */
	case -EEXIST: /* by netlink */
	case -ENODEV: /* the interface has gone */
		return 0;
	default:
		return error;
	}
}

static int by_interface(const void *attached, const void *ifindex)
{
	return ((const struct attached *)attached)->interface.index -
	       *(const int *)ifindex;
}

/* Where those on that interface begin, or would. */
static size_t find_first(const struct query *found, int ifindex)
{
	return sorted_first(found->list, found->count, sizeof(*found->list),
			    &ifindex, by_interface);
}

/* Which XDP programs are these a link's? Counts those that could be it. */
static void match_link(struct query *found, const struct bpf_link_info *link)
{
	const int ifindex = (int)link->xdp.ifindex;
	size_t i = find_first(found, ifindex);

	for (; i < found->count && found->list[i].interface.index == ifindex;
	     i++) {
		struct attached *attached = &found->list[i];

		if (!attached->by_link || !hook_is_xdp(attached->hook) ||
		    attached->program.id != link->prog_id)
			continue;
		/* A link has the interface's number, but not its namespace. */
		attached->links++;
		attached->link_id = attached->links == 1 ? link->id : 0;
	}
}

static bool is_xdp_link(const struct attached *attached)
{
	return attached->by_link && hook_is_xdp(attached->hook);
}

static bool has_xdp_links(const struct query *found)
{
	size_t i;

	for (i = 0; i < found->count; i++) {
		if (is_xdp_link(&found->list[i]))
			return true;
	}
	return false;
}

/* Returns -EAGAIN while another process makes one: it has no number yet. */
static int read_xdp_links(struct query *found)
{
	__u32 id = 0;

	while (!bpf_link_get_next_id(id, &id)) {
		struct bpf_link_info info = {};
		__u32 size = sizeof(info);
		int fd = bpf_link_get_fd_by_id(id), error = 0;

		if (fd < 0 && errno == ENOENT)
			continue; /* gone meanwhile */
		if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
			error = -errno;
		if (fd >= 0)
			close(fd);
		if (error)
			return error;
		if (info.type == BPF_LINK_TYPE_XDP)
			match_link(found, &info);
	}
	return errno == ENOENT ? 0 : -errno;
}

/*
 * A link that is being released has no number any more, but its program still runs
 * (bpf_link_free(), kernel/bpf/syscall.c). Is there such a program? Those that have gone
 * by now are forgotten.
 */
static bool is_released(struct query *found)
{
	size_t i, kept = 0;
	bool any = false;

	for (i = 0; i < found->count; i++) {
		struct attached *attached = &found->list[i];
		bool lacks = is_xdp_link(attached) && !attached->links;

		if (lacks && !is_by_link(attached))
			continue;
		any |= lacks;
		found->list[kept++] = *attached;
	}
	found->count = kept;
	return any;
}

static void forget_matches(struct query *found)
{
	size_t i;

	for (i = 0; i < found->count; i++) {
		if (!is_xdp_link(&found->list[i]))
			continue;
		found->list[i].links = 0;
		found->list[i].link_id = 0;
	}
}

/*
 * After is_by_link(): so the link that holds a program is among these, and if
 * only one could be it, it is.
 */
static int find_xdp_links(struct query *found)
{
	int error, tries = 0;

	if (!has_xdp_links(found))
		return 0;
	error = read_xdp_links(found);
	while ((error == -EAGAIN || (!error && is_released(found))) &&
	       tries++ < LINK_TRIES) {
		poll(NULL, 0, LINK_PAUSE_MS);
		forget_matches(found);
		error = read_xdp_links(found);
	}
	return error == -EPERM && !privileges_see_others() ? 0 : error;
}

/* Adds a copy, unless its program is gone meanwhile. */
static int add(struct query *found, const struct attached *attached)
{
	struct attached copy = *attached;
	int error = 0;

	/* A classic BPF filter has none. */
	if (copy.program.id)
		error = program_info_of_id(copy.program.id, &copy.program);
	if (error == -EPERM && !privileges_see_others())
		error = 0;
	if (error)
		return error == -ENOENT ? 0 : error;
	return grow_list(&found->list, &found->count, &copy, sizeof(copy));
}

static int add_xdp(struct query *found, const struct interface *interface)
{
	const struct {
		enum hook hook;
		__u32 program_id;
	} modes[] = {
		{ HOOK_XDP_OFFLOAD, interface->xdp_offload },
		{ HOOK_XDP_NATIVE, interface->xdp_native },
		{ HOOK_XDP_GENERIC, interface->xdp_generic },
	};
	int by_link, error = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(modes) && !error; i++) {
		struct attached attached = {
			.interface = *interface,
			.hook = modes[i].hook,
			.program.id = modes[i].program_id,
		};

		if (!modes[i].program_id)
			continue;
		by_link = is_by_link(&attached);
		attached.by_link = by_link > 0;
		error = by_link < 0 ? by_link : add(found, &attached);
	}
	return error;
}

static int add_tcx(struct query *found, const struct interface *interface,
		   enum hook hook)
{
	__u32 i, ids[MOST_TCX] = {}, links[MOST_TCX] = {};
	struct tcx_query query = {
		.ifindex = interface->index,
		.attach_type = hook_tcx_type(hook),
		.program_ids = (uintptr_t)ids,
		.count = MOST_TCX,
		.link_ids = (uintptr_t)links,
	};
	int error = 0;

	if (syscall(__NR_bpf, BPF_PROG_QUERY, &query, sizeof(query)))
		error = errno;
	/* EINVAL: before Linux 6.6 the attach type is unknown. */
	found->tcx |= error != EINVAL;
	/* ENODEV: the interface has gone. */
	if (error)
		return error == EINVAL || error == ENODEV || error == ENOENT ?
			       0 :
			       -error;
	for (i = 0; i < query.count && i < MOST_TCX && !error; i++) {
		struct attached attached = {
			.interface = *interface,
			.hook = hook,
			.program.id = ids[i],
			.by_link = links[i],
			.link_id = links[i],
			.links = !!links[i],
		};

		error = add(found, &attached);
	}
	return error;
}

/* Whose filters are being read. */
struct side {
	struct query *found;
	const struct interface *interface;
	enum hook hook;
};

static int add_filter(const struct clsact_filter *filter, void *context)
{
	const struct side *side = context;
	struct attached attached = {
		.interface = *side->interface,
		.hook = side->hook,
		.program.id = filter->program_id,
		.priority = filter->priority,
		.handle = filter->handle,
		.protocol = filter->protocol,
	};

	return filter->bpf ? add(side->found, &attached) : 0;
}

static int add_clsact(struct query *found, const struct interface *interface,
		      enum hook hook)
{
	struct side side = { found, interface, hook };
	int error = clsact_filters(interface->index, hook_is_ingress(hook),
				   add_filter, &side);

	/* EINVAL: no such side (an ingress qdisc); or all of it has gone. */
	return error == -EINVAL || error == -ENODEV || error == -ENOENT ? 0 :
									  error;
}

static int read_tc(struct query *found, const struct interface *interface)
{
	int error = add_tcx(found, interface, HOOK_TCX_INGRESS);

	if (!error && interface->qdisc != QDISC_NONE)
		error = add_clsact(found, interface, HOOK_CLSACT_INGRESS);
	if (!error)
		error = add_tcx(found, interface, HOOK_TCX_EGRESS);
	if (!error && interface->qdisc == QDISC_CLSACT)
		error = add_clsact(found, interface, HOOK_CLSACT_EGRESS);
	return error;
}

int query_read(const struct interfaces *on, unsigned int hooks,
	       struct query *found)
{
	const struct interface none = {};
	int error = 0;
	size_t i;

	*found = (struct query){};
	/* No interface has the number 0: it only says whether there is TCX. */
	if (!on->count && hooks & QUERY_TC)
		error = add_tcx(found, &none, HOOK_TCX_INGRESS);
	for (i = 0; i < on->count && !error; i++) {
		if (hooks & QUERY_XDP)
			error = add_xdp(found, &on->list[i]);
		if (!error && hooks & QUERY_TC)
			error = read_tc(found, &on->list[i]);
	}
	if (!error)
		error = find_xdp_links(found);
	if (!error)
		return EXIT_DONE;
	free(found->list);
	*found = (struct query){};
	return fail_at(AT_LIST, -error, "the kernel", netlink_extack(error));
}

const struct attached *query_on(const struct query *found, int ifindex,
				const struct attached *last)
{
	size_t i;

	if (last)
		i = last - found->list + 1;
	else
		i = find_first(found, ifindex);
	return i < found->count && found->list[i].interface.index == ifindex ?
		       &found->list[i] :
		       NULL;
}

bool attached_is_ours(const struct attached *attached, const char *function)
{
	if (strcmp(attached->program.name, function))
		return false;
	if (hook_is_clsact(attached->hook))
		return attached->priority == CLSACT_PRIORITY &&
		       attached->handle == CLSACT_HANDLE;
	return attached->by_link && !hook_is_xdp(attached->hook);
}

const char *attached_describe(const struct attached *attached)
{
	const struct program_info *program = &attached->program;
	static char text[128];

	if (*program->tag)
		snprintf(text, sizeof(text), "program id %u '%s' (tag %s)",
			 program->id, program->name, program->tag);
	else
		snprintf(text, sizeof(text), "program id %u", program->id);
	return text;
}
