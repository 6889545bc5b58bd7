// SPDX-License-Identifier: GPL-2.0-only
/* What is attached where: XDP in all modes, TCX, BPF filters on clsact. */
#include "inventory.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clsact.h"
#include "errors.h"
#include "grow.h"

/* A TCX chain may hold up to 64 programs (BPF_MPROG_MAX, Linux 6.6). */
#define MOST_TCX 64

/* Linux 6.6's enum bpf_link_type. */
#define LINK_TYPE_TCX 11

/* The links that XDP and TCX programs hang on. */
struct link {
	__u32 id;
	__u32 program_id;
	__u32 ifindex;
	bool xdp;
};

struct links {
	struct link *list;
	size_t count;
};

struct survey {
	const struct interfaces *on;
	struct inventory *found;
	struct links links;
	struct netlink nl;
	const struct interface *interface; /* whose filters are being read */
};

static int read_links(struct links *links)
{
	__u32 id = 0;

	while (!bpf_link_get_next_id(id, &id)) {
		struct bpf_link_info info = {};
		__u32 size = sizeof(info);
		int fd = bpf_link_get_fd_by_id(id);
		struct link *list;

		if (fd < 0)
			continue; /* gone meanwhile */
		if (bpf_obj_get_info_by_fd(fd, &info, &size))
			info.type = BPF_LINK_TYPE_UNSPEC;
		close(fd);
		if (info.type != BPF_LINK_TYPE_XDP &&
		    (int)info.type != LINK_TYPE_TCX)
			continue;
		list = grow_list(links->list, links->count, sizeof(*list));
		if (!list)
			return -ENOMEM;
		links->list = list;
		list[links->count++] = (struct link){
			.id = info.id,
			.program_id = info.prog_id,
			.ifindex = info.xdp.ifindex, /* TCX: the same place */
			.xdp = info.type == BPF_LINK_TYPE_XDP,
		};
	}
	/* EPERM: without CAP_SYS_ADMIN there are no ids to be seen. */
	return errno == ENOENT || errno == EPERM ? 0 : -errno;
}

static __u32 find_link(const struct links *links, __u32 program_id, int ifindex,
		       bool xdp)
{
	size_t i;

	for (i = 0; i < links->count; i++) {
		if (links->list[i].program_id == program_id &&
		    links->list[i].ifindex == (__u32)ifindex &&
		    links->list[i].xdp == xdp)
			return links->list[i].id;
	}
	return 0;
}

static int add(struct survey *survey, const struct interface *interface,
	       enum hook hook, __u32 program_id,
	       const struct clsact_filter *filter)
{
	struct inventory *found = survey->found;
	struct attached *list;

	list = grow_list(found->list, found->count, sizeof(*list));
	if (!list)
		return -ENOMEM;
	found->list = list;
	list += found->count++;
	*list = (struct attached){ .interface = *interface, .hook = hook };
	loaded_identify(program_id, &list->program);
	if (filter) {
		list->priority = filter->priority;
		list->handle = filter->handle;
		list->protocol = filter->protocol;
	} else {
		list->link_id = find_link(&survey->links, program_id,
					  interface->index, hook_is_xdp(hook));
	}
	return 0;
}

static int add_xdp(struct survey *survey, const struct interface *interface)
{
	int error = 0;

	if (interface->xdp_offload)
		error = add(survey, interface, HOOK_XDP_OFFLOAD,
			    interface->xdp_offload, NULL);
	if (!error && interface->xdp_native)
		error = add(survey, interface, HOOK_XDP_NATIVE,
			    interface->xdp_native, NULL);
	if (!error && interface->xdp_generic)
		error = add(survey, interface, HOOK_XDP_GENERIC,
			    interface->xdp_generic, NULL);
	return error;
}

static int add_tcx(struct survey *survey, const struct interface *interface,
		   enum hook hook)
{
	__u32 i, ids[MOST_TCX], count = MOST_TCX;
	int error = 0;

	/* EINVAL: a kernel without TCX; ENODEV: the interface has gone. */
	if (bpf_prog_query(interface->index,
			   hook == HOOK_TCX_INGRESS ? ATTACH_TCX_INGRESS :
						      ATTACH_TCX_EGRESS,
			   0, NULL, ids, &count))
		return errno == EINVAL || errno == ENODEV || errno == ENOENT ?
			       0 :
			       -errno;
	for (i = 0; i < count && !error; i++)
		error = add(survey, interface, hook, ids[i], NULL);
	return error;
}

static int add_filter(const struct clsact_filter *filter, void *context)
{
	struct survey *survey = context;

	return add(survey, survey->interface,
		   filter->ingress ? HOOK_CLSACT_INGRESS : HOOK_CLSACT_EGRESS,
		   filter->program_id, filter);
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

static int read_all(struct survey *survey)
{
	const struct interfaces *on = survey->on;
	struct with_qdisc with = { .on = on };
	int error;
	size_t i;

	with.kinds = calloc(on->count + 1, sizeof(*with.kinds));
	if (!with.kinds)
		return -ENOMEM;
	error = clsact_qdiscs(&survey->nl, mark_qdisc, &with);
	for (i = 0; i < on->count && !error; i++) {
		const struct interface *interface = &on->list[i];
		bool clsact = with.kinds[i] == CLSACT_CLSACT;

		error = add_xdp(survey, interface);
		if (!error)
			error = add_tcx(survey, interface, HOOK_TCX_INGRESS);
		if (!error && with.kinds[i] != CLSACT_NONE)
			error = add_clsact(survey, interface, true);
		if (!error)
			error = add_tcx(survey, interface, HOOK_TCX_EGRESS);
		if (!error && clsact)
			error = add_clsact(survey, interface, false);
	}
	free(with.kinds);
	return error;
}

int inventory_read(const struct interfaces *on, struct inventory *found)
{
	struct survey survey = { .on = on, .found = found };
	int error;

	*found = (struct inventory){};
	error = netlink_open(&survey.nl, 0);
	if (!error)
		error = read_links(&survey.links);
	if (!error)
		error = read_all(&survey);
	netlink_close(&survey.nl);
	free(survey.links.list);
	if (error)
		return fail_at(AT_LIST, -error, "the kernel", survey.nl.words);
	return EXIT_DONE;
}

void inventory_free(struct inventory *found)
{
	free(found->list);
	*found = (struct inventory){};
}

const struct attached *inventory_on(const struct inventory *found, int ifindex,
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
	return attached->link_id && !hook_is_xdp(attached->hook);
}

void attached_describe(const struct attached *attached, char *text, size_t size)
{
	const struct identity *program = &attached->program;

	if (*program->tag)
		snprintf(text, size, "program id %u '%s' (tag %s)", program->id,
			 program->name, program->tag);
	else
		snprintf(text, size, "program id %u", program->id);
}
