// SPDX-License-Identifier: GPL-2.0-only
/* What is attached where: XDP in all modes, TCX, BPF filters on clsact. */
#include "attach/query.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attach/clsact.h"
#include "lib/errors.h"
#include "lib/privileges.h"

/* A TCX chain may hold up to 64 programs (BPF_MPROG_MAX, Linux 6.6). */
#define MOST_TCX 64

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

struct survey {
	const struct interfaces *on;
	struct query *found;
	struct netlink nl;
	const struct interface *interface; /* whose filters are being read */
};

/*
 * Is the XDP program attached by a link? A request to take off what is not there
 * answers that, before anything else, with EBUSY (dev_xdp_attach(), net/core/dev.c,
 * since Linux 5.9); and it takes nothing off: that no program is there is what it
 * expects. Returns 1, 0 or a negative errno.
 */
static int is_by_link(struct netlink *nl, const struct attached *attached)
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
	error = netlink_talk(nl, &request, NULL, NULL);
	switch (error) {
	case -EBUSY:
		return 1;
	case -EEXIST: /* by netlink */
	case -ENODEV: /* the interface has gone */
		return 0;
	default:
		return error;
	}
}

/* Which XDP programs are these a link's? Counts those that could be it. */
static void match_link(struct query *found, const struct bpf_link_info *link)
{
	size_t i;

	for (i = 0; i < found->count; i++) {
		struct attached *attached = &found->list[i];

		if (!attached->by_link || !hook_is_xdp(attached->hook) ||
		    attached->program.id != link->prog_id ||
		    attached->interface.index != (int)link->xdp.ifindex)
			continue;
		/* A link has the interface's number, but not its namespace. */
		attached->links++;
		attached->link_id = attached->links == 1 ? link->id : 0;
	}
}

static bool has_xdp_links(const struct query *found)
{
	size_t i;

	for (i = 0; i < found->count; i++) {
		if (found->list[i].by_link && hook_is_xdp(found->list[i].hook))
			return true;
	}
	return false;
}

/*
 * After is_by_link(): so the link that holds a program is among these, and if
 * only one could be it, it is.
 */
static int find_xdp_links(struct query *found)
{
	__u32 id = 0;

	if (!has_xdp_links(found))
		return 0;
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
	if (errno == ENOENT || (errno == EPERM && !privileges_see_others()))
		return 0;
	return -errno;
}

static int identify(struct attached *attached, __u32 program_id)
{
	int error;

	attached->program.id = program_id;
	if (!program_id)
		return 0; /* a classic BPF filter */
	error = program_info_of_id(program_id, &attached->program);
	return error == -EPERM && !privileges_see_others() ? 0 : error;
}

/* Adds a copy, unless its program is gone meanwhile. */
static int add(struct survey *survey, struct attached *attached,
	       __u32 program_id)
{
	struct query *found = survey->found;
	struct attached *list;
	int error;

	error = identify(attached, program_id);
	if (error)
		return error == -ENOENT ? 0 : error;
	list = reallocarray(found->list, found->count + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	found->list = list;
	list[found->count++] = *attached;
	return 0;
}

static int add_mode(struct survey *survey, const struct interface *interface,
		    enum hook hook, __u32 program_id)
{
	struct attached attached = { .interface = *interface, .hook = hook };
	int by_link;

	if (!program_id)
		return 0;
	by_link = is_by_link(&survey->nl, &attached);
	if (by_link < 0)
		return by_link;
	attached.by_link = by_link;
	return add(survey, &attached, program_id);
}

static int add_xdp(struct survey *survey, const struct interface *interface)
{
	int error;

	error = add_mode(survey, interface, HOOK_XDP_OFFLOAD,
			 interface->xdp_offload);
	if (!error)
		error = add_mode(survey, interface, HOOK_XDP_NATIVE,
				 interface->xdp_native);
	if (!error)
		error = add_mode(survey, interface, HOOK_XDP_GENERIC,
				 interface->xdp_generic);
	return error;
}

static int add_tcx(struct survey *survey, const struct interface *interface,
		   enum hook hook)
{
	__u32 i, ids[MOST_TCX] = {}, links[MOST_TCX] = {};
	struct tcx_query query = {
		.ifindex = interface->index,
		.attach_type = hook == HOOK_TCX_INGRESS ? ATTACH_TCX_INGRESS :
							  ATTACH_TCX_EGRESS,
		.program_ids = (uintptr_t)ids,
		.count = MOST_TCX,
		.link_ids = (uintptr_t)links,
	};
	int error = 0;

	/* EINVAL: a kernel without TCX; ENODEV: the interface has gone. */
	if (syscall(__NR_bpf, BPF_PROG_QUERY, &query, sizeof(query)))
		return errno == EINVAL || errno == ENODEV || errno == ENOENT ?
			       0 :
			       -errno;
	for (i = 0; i < query.count && i < MOST_TCX && !error; i++) {
		struct attached attached = {
			.interface = *interface,
			.hook = hook,
			.by_link = links[i],
			.link_id = links[i],
			.links = !!links[i],
		};

		error = add(survey, &attached, ids[i]);
	}
	return error;
}

static int add_filter(const struct clsact_filter *filter, void *context)
{
	struct survey *survey = context;
	struct attached attached = {
		.interface = *survey->interface,
		.hook = filter->ingress ? HOOK_CLSACT_INGRESS :
					  HOOK_CLSACT_EGRESS,
		.priority = filter->priority,
		.handle = filter->handle,
		.protocol = filter->protocol,
	};

	return add(survey, &attached, filter->program_id);
}

static int add_clsact(struct survey *survey, const struct interface *interface,
		      bool ingress)
{
	int error;

	survey->interface = interface;
	error = clsact_filters(&survey->nl, interface->index, ingress,
			       add_filter, survey);
	/* EINVAL: no such side (an ingress qdisc); or all of it has gone. */
	return error == -EINVAL || error == -ENODEV || error == -ENOENT ? 0 :
									  error;
}

struct with_qdisc {
	const struct interfaces *on;
	enum clsact_kind *kinds;
};

static int mark_qdisc(int ifindex, enum clsact_kind kind, void *context)
{
	struct with_qdisc *with = context;
	const struct interface *interface = interfaces_find(with->on, ifindex);

	if (interface)
		with->kinds[interface - with->on->list] = kind;
	return 0;
}

static int read_one(struct survey *survey, size_t i, enum clsact_kind kind)
{
	const struct interface *interface = &survey->on->list[i];
	int error;

	survey->found->qdiscs[i] = kind != CLSACT_NONE;
	error = add_xdp(survey, interface);
	if (!error)
		error = add_tcx(survey, interface, HOOK_TCX_INGRESS);
	if (!error && kind != CLSACT_NONE)
		error = add_clsact(survey, interface, true);
	if (!error)
		error = add_tcx(survey, interface, HOOK_TCX_EGRESS);
	if (!error && kind == CLSACT_CLSACT)
		error = add_clsact(survey, interface, false);
	return error;
}

static int read_all(struct survey *survey)
{
	const struct interfaces *on = survey->on;
	struct with_qdisc with = { .on = on };
	int error = -ENOMEM;
	size_t i;

	with.kinds = calloc(on->count + 1, sizeof(*with.kinds));
	survey->found->qdiscs = calloc(on->count + 1, sizeof(bool));
	if (with.kinds && survey->found->qdiscs)
		error = clsact_qdiscs(&survey->nl, mark_qdisc, &with);
	for (i = 0; i < on->count && !error; i++)
		error = read_one(survey, i, with.kinds[i]);
	free(with.kinds);
	return error;
}

int query_read(const struct interfaces *on, struct query *found)
{
	struct survey survey = { .on = on, .found = found };
	int error;

	*found = (struct query){};
	error = netlink_open(&survey.nl, 0);
	if (!error)
		error = read_all(&survey);
	if (!error)
		error = find_xdp_links(found);
	netlink_close(&survey.nl);
	if (error)
		return fail_at(AT_LIST, -error, "the kernel", survey.nl.extack);
	return EXIT_DONE;
}

void query_free(struct query *found)
{
	free(found->list);
	free(found->qdiscs);
	*found = (struct query){};
}

const struct attached *query_on(const struct query *found, int ifindex,
				const struct attached *last)
{
	size_t i = last ? last - found->list + 1 : 0;

	for (; i < found->count; i++) {
		if (found->list[i].interface.index == ifindex)
			return &found->list[i];
	}
	return NULL;
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

void attached_describe(const struct attached *attached, char *text, size_t size)
{
	const struct program_info *program = &attached->program;

	if (*program->tag)
		snprintf(text, size, "program id %u '%s' (tag %s)", program->id,
			 program->name, program->tag);
	else
		snprintf(text, size, "program id %u", program->id);
}
