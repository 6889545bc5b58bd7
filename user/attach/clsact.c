// SPDX-License-Identifier: GPL-2.0-only
/* The clsact qdisc and the BPF filters on it, by rtnetlink. */
#include "attach/clsact.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <string.h>

static __u32 parent(bool ingress)
{
	return TC_H_MAKE(TC_H_CLSACT,
			 ingress ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS);
}

struct qdisc_walk {
	clsact_qdisc_reader reader;
	void *context;
};

static int read_qdisc(const struct nlmsghdr *message, void *context)
{
	const struct tcmsg *tc = NLMSG_DATA(message);
	const struct qdisc_walk *walk = context;
	const char *kind;

	if (message->nlmsg_type != RTM_NEWQDISC ||
	    tc->tcm_parent != TC_H_CLSACT)
		return 0;
	kind = netlink_string(netlink_find(message, sizeof(*tc), TCA_KIND));
	if (!strcmp(kind, "clsact"))
		return walk->reader(tc->tcm_ifindex, CLSACT_CLSACT,
				    walk->context);
	if (!strcmp(kind, "ingress"))
		return walk->reader(tc->tcm_ifindex, CLSACT_INGRESS,
				    walk->context);
	return 0;
}

int clsact_qdiscs(struct netlink *nl, clsact_qdisc_reader reader, void *context)
{
	struct qdisc_walk walk = { .reader = reader, .context = context };
	struct netlink_request request;

	netlink_start(&request, RTM_GETQDISC, NLM_F_DUMP, sizeof(struct tcmsg));
	return netlink_talk(nl, &request, read_qdisc, &walk);
}

struct filter_walk {
	clsact_reader reader; /* or NULL: only see whether there is any */
	void *context;
	int ifindex;
	bool ingress;
	bool any;
};

static int read_filter(const struct nlmsghdr *message, void *context)
{
	const struct tcmsg *tc = NLMSG_DATA(message);
	struct filter_walk *walk = context;
	const struct rtattr *options;
	struct clsact_filter filter = {
		.ifindex = walk->ifindex,
		.ingress = walk->ingress,
		.handle = tc->tcm_handle,
		.priority = TC_H_MAJ(tc->tcm_info) >> 16,
		.protocol = ntohs(TC_H_MIN(tc->tcm_info)),
	};

	/* A chain's own entry, which stands before its filters, has no handle. */
	if (message->nlmsg_type != RTM_NEWTFILTER || !tc->tcm_handle)
		return 0;
	walk->any = true;
	if (!walk->reader ||
	    strcmp(netlink_string(netlink_find(message, sizeof(*tc), TCA_KIND)),
		   "bpf"))
		return 0;
	options = netlink_find(message, sizeof(*tc), TCA_OPTIONS);
	filter.program_id = netlink_u32(netlink_find_in(options, TCA_BPF_ID));
	return walk->reader(&filter, walk->context);
}

static int walk_filters(struct netlink *nl, struct filter_walk *walk)
{
	struct netlink_request request;
	struct tcmsg *tc;

	tc = netlink_start(&request, RTM_GETTFILTER, NLM_F_DUMP, sizeof(*tc));
	tc->tcm_ifindex = walk->ifindex;
	tc->tcm_parent = parent(walk->ingress);
	return netlink_talk(nl, &request, read_filter, walk);
}

int clsact_filters(struct netlink *nl, int ifindex, bool ingress,
		   clsact_reader reader, void *context)
{
	struct filter_walk walk = {
		.reader = reader,
		.context = context,
		.ifindex = ifindex,
		.ingress = ingress,
	};

	return walk_filters(nl, &walk);
}

int clsact_in_use(struct netlink *nl, int ifindex, bool *any)
{
	struct filter_walk walk = { .ifindex = ifindex };
	int error;

	error = walk_filters(nl, &walk);
	if (!error) {
		walk.ingress = true;
		error = walk_filters(nl, &walk);
	}
	*any = walk.any;
	return error;
}

static int talk_qdisc(struct netlink *nl, int ifindex, __u16 type, __u16 flags)
{
	struct netlink_request request;
	struct tcmsg *tc;

	tc = netlink_start(&request, type, flags, sizeof(*tc));
	tc->tcm_ifindex = ifindex;
	tc->tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
	tc->tcm_parent = TC_H_CLSACT;
	netlink_put_string(&request, TCA_KIND, "clsact");
	return netlink_talk(nl, &request, NULL, NULL);
}

int clsact_create(struct netlink *nl, int ifindex)
{
	return talk_qdisc(nl, ifindex, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL);
}

int clsact_remove(struct netlink *nl, int ifindex)
{
	return talk_qdisc(nl, ifindex, RTM_DELQDISC, 0);
}

static void start_filter(struct netlink_request *request, __u16 type,
			 __u16 flags, const struct clsact_filter *filter)
{
	struct tcmsg *tc = netlink_start(request, type, flags, sizeof(*tc));

	tc->tcm_ifindex = filter->ifindex;
	tc->tcm_parent = parent(filter->ingress);
	tc->tcm_handle = filter->handle;
	tc->tcm_info =
		TC_H_MAKE(filter->priority << 16, htons(filter->protocol));
	netlink_put_string(request, TCA_KIND, "bpf");
}

int clsact_add(struct netlink *nl, const struct clsact_filter *filter,
	       int program_fd, const char *name)
{
	struct netlink_request request;
	struct rtattr *options;

	start_filter(&request, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL,
		     filter);
	options = netlink_nest(&request, TCA_OPTIONS);
	netlink_put_u32(&request, TCA_BPF_FD, program_fd);
	netlink_put_string(&request, TCA_BPF_NAME, name);
	/* Without it the program's verdict is taken for a class id. */
	netlink_put_u32(&request, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
	netlink_nest_end(&request, options);
	return netlink_talk(nl, &request, NULL, NULL);
}

int clsact_delete(struct netlink *nl, const struct clsact_filter *filter)
{
	struct netlink_request request;

	start_filter(&request, RTM_DELTFILTER, 0, filter);
	return netlink_talk(nl, &request, NULL, NULL);
}
