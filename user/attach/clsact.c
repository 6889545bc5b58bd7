// SPDX-License-Identifier: GPL-2.0-only
/* The clsact qdisc and the filters on it, by rtnetlink. */
#include "attach/clsact.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/duration.h"
#include "lib/grow.h"
#include "lib/macros.h"
#include "lib/netlink.h"

/*
 * Our mark: a size table, which the kernel keeps with any qdisc and shows (qdisc_create(),
 * tc_fill_qdisc(), net/sched/sch_api.c). Without entries and overhead it changes no
 * packet's size, and clsact queues none.
 */
static const struct tc_sizespec mark = { .mpu = CLSACT_HANDLE,
					 .mtu = 0x62647270 };

static struct tcmsg *start(struct netlink_request *request, __u16 type,
			   __u16 flags, int ifindex, bool ingress)
{
	struct tcmsg *tc = netlink_start(request, type, flags, sizeof(*tc));

	tc->tcm_ifindex = ifindex;
	tc->tcm_parent = TC_H_MAKE(TC_H_CLSACT, ingress ? TC_H_MIN_INGRESS :
							  TC_H_MIN_EGRESS);
	return tc;
}

/* A request about the filter at our place. */
static void start_ours(struct netlink_request *request, __u16 type, __u16 flags,
		       int ifindex, bool ingress)
{
	struct tcmsg *tc = start(request, type, flags, ifindex, ingress);

	tc->tcm_handle = CLSACT_HANDLE;
	tc->tcm_info = TC_H_MAKE(CLSACT_PRIORITY << 16, htons(ETH_P_ALL));
	netlink_put_string(request, TCA_KIND, "bpf");
}

struct walk {
	clsact_reader reader;
	void *context;
};

static int read_filter(const struct nlmsghdr *message, void *context)
{
	const struct tcmsg *tc = NLMSG_DATA(message);
	const struct rtattr *kind, *options;
	struct walk *walk = context;
	struct clsact_filter filter = {
		.handle = tc->tcm_handle,
		.priority = TC_H_MAJ(tc->tcm_info) >> 16,
		.protocol = ntohs(TC_H_MIN(tc->tcm_info)),
		.name = "",
	};

	/* A chain's own entry, which comes before its filters, has no handle. */
	if (message->nlmsg_type != RTM_NEWTFILTER || !tc->tcm_handle)
		return 0;
	kind = netlink_find(message, sizeof(*tc), TCA_KIND);
	options = netlink_find(message, sizeof(*tc), TCA_OPTIONS);
	filter.bpf = !strcmp(netlink_string(kind), "bpf");
	if (filter.bpf) {
		filter.program_id =
			netlink_u32(netlink_find_in(options, TCA_BPF_ID));
		filter.name =
			netlink_string(netlink_find_in(options, TCA_BPF_NAME));
	}
	return walk->reader(&filter, walk->context);
}

int clsact_filters(int ifindex, bool ingress, clsact_reader reader,
		   void *context)
{
	struct walk walk = { .reader = reader, .context = context };
	struct netlink_request request;

	start(&request, RTM_GETTFILTER, NLM_F_DUMP, ifindex, ingress);
	return netlink_ask(&request, read_filter, &walk);
}

static int note_any(const struct clsact_filter *filter __maybe_unused,
		    void *context)
{
	*(int *)context = true;
	return 0;
}

int clsact_in_use(int ifindex)
{
	int any = false, error, tries = 0;

	do {
		error = clsact_filters(ifindex, false, note_any, &any);
		if (!error)
			error = clsact_filters(ifindex, true, note_any, &any);
	} while (netlink_again(error, &tries));
	return error ? error : any;
}

static void start_qdisc(struct netlink_request *request, __u16 type,
			__u16 flags, int ifindex)
{
	struct tcmsg *tc = start(request, type, flags, ifindex, false);

	tc->tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
	tc->tcm_parent = TC_H_CLSACT;
	netlink_put_string(request, TCA_KIND, "clsact");
}

/*
 * So long, a list of the qdiscs with our mark counts as current, and ten times as long as it
 * took to read it, which is longer with 10,000 interfaces.
 */
#define MARKED_NS (SECOND_NS / 10)

/* Their interfaces, by ifindex. The kernel tells no less than all qdiscs. */
static struct {
	int *list;
	size_t count;
	__u64 until_ns; /* CLOCK_MONOTONIC */
} marked;

static int by_index(const void *left, const void *right)
{
	return *(const int *)left - *(const int *)right;
}

static int read_mark(const struct nlmsghdr *message,
		     void *context __maybe_unused)
{
	const struct tcmsg *tc = NLMSG_DATA(message);
	const struct rtattr *base;

	if (message->nlmsg_type != RTM_NEWQDISC ||
	    tc->tcm_parent != TC_H_CLSACT)
		return 0;
	base = netlink_find_in(netlink_find(message, sizeof(*tc), TCA_STAB),
			       TCA_STAB_BASE);
	if (!base || RTA_PAYLOAD(base) < sizeof(mark) ||
	    memcmp(RTA_DATA(base), &mark, sizeof(mark)))
		return 0;
	return grow_list(&marked.list, &marked.count, &tc->tcm_ifindex,
			 sizeof(tc->tcm_ifindex));
}

/* Of all qdiscs: a query for one notifies all listeners (tc_get_qdisc()). */
static int read_marks(void)
{
	struct netlink_request request;
	const __u64 begin = clock_ns(CLOCK_MONOTONIC);
	int error, tries = 0;
	__u64 took;

	do {
		marked.count = 0;
		netlink_start(&request, RTM_GETQDISC, NLM_F_DUMP,
			      sizeof(struct tcmsg));
		error = netlink_ask(&request, read_mark, NULL);
	} while (netlink_again(error, &tries));
	took = clock_ns(CLOCK_MONOTONIC) - begin;
	marked.until_ns = error ? 0 : begin + MARKED_NS + 10 * took;
	if (!error && marked.count)
		qsort(marked.list, marked.count, sizeof(*marked.list),
		      by_index);
	return error;
}

int clsact_is_ours(int ifindex)
{
	int error = 0;

	if (clock_ns(CLOCK_MONOTONIC) >= marked.until_ns)
		error = read_marks();
	if (error || !marked.count)
		return error;
	return !!bsearch(&ifindex, marked.list, marked.count,
			 sizeof(*marked.list), by_index);
}

int clsact_create(int ifindex)
{
	struct netlink_request request;
	struct rtattr *stab;

	marked.until_ns = 0;
	start_qdisc(&request, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, ifindex);
	stab = netlink_nest(&request, TCA_STAB | NLA_F_NESTED);
	netlink_put(&request, TCA_STAB_BASE, &mark, sizeof(mark));
	netlink_nest_end(&request, stab);
	return netlink_ask(&request, NULL, NULL);
}

int clsact_remove(int ifindex)
{
	struct netlink_request request;

	start_qdisc(&request, RTM_DELQDISC, 0, ifindex);
	return netlink_ask(&request, NULL, NULL);
}

int clsact_add(int ifindex, bool ingress, int program_fd, const char *name,
	       bool replace)
{
	struct netlink_request request;
	struct rtattr *options;

	start_ours(&request, RTM_NEWTFILTER,
		   NLM_F_CREATE | (replace ? NLM_F_REPLACE : NLM_F_EXCL),
		   ifindex, ingress);
	options = netlink_nest(&request, TCA_OPTIONS);
	netlink_put_u32(&request, TCA_BPF_FD, program_fd);
	netlink_put_string(&request, TCA_BPF_NAME, name);
	/* Without it the program's verdict is taken for a class id. */
	netlink_put_u32(&request, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
	netlink_nest_end(&request, options);
	return netlink_ask(&request, NULL, NULL);
}

int clsact_delete(int ifindex, bool ingress)
{
	struct netlink_request request;

	start_ours(&request, RTM_DELTFILTER, 0, ifindex, ingress);
	return netlink_ask(&request, NULL, NULL);
}

struct ours {
	__u32 id;
	char *name; /* or NULL */
};

static int note_program(const struct clsact_filter *filter, void *context)
{
	struct ours *ours = context;

	if (filter->priority != CLSACT_PRIORITY ||
	    filter->handle != CLSACT_HANDLE)
		return 0;
	ours->id = filter->program_id;
	if (ours->name)
		snprintf(ours->name, CLSACT_NAME_SIZE, "%s", filter->name);
	return 0;
}

/*
 * Of all filters: a query for one holds the qdisc, so that nobody can remove it meanwhile
 * (tc_get_tfilter(), net/sched/cls_api.c; qdisc_graft(), sch_api.c, since Linux 6.5).
 */
int clsact_program(int ifindex, bool ingress, char name[CLSACT_NAME_SIZE])
{
	struct ours ours = { .name = name };
	int error, tries = 0;

	do
		error = clsact_filters(ifindex, ingress, note_program, &ours);
	while (netlink_again(error, &tries));
	/* EINVAL: the qdisc is gone; ENODEV: the interface. */
	return error && error != -EINVAL && error != -ENODEV ? error :
							       (int)ours.id;
}
