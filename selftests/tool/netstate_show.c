// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <ftw.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tool/netstate.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* Linux 6.6's <linux/bpf.h> */
#define TCX_INGRESS 46 /* and TCX_EGRESS follows */
#define LINK_TYPE_TCX 11

/* <linux/if_link.h> of Linux 5.14 to 6.7 */
#define BR_MCAST_QUERIER_STATE 47
#define BR_FDB_N_LEARNED 48
#define BRPORT_MCAST_EHT_HOSTS_CNT 38
#define BRPORT_MCAST_N_GROUPS 41

#define TRIES 100 /* while others change something */
#define MOST_TCX 64 /* BPF_MPROG_MAX */

static const char *const sides[] = { "ingress", "egress" };

/* An attribute's name, what it stands in, and what is in it. */
static const struct known {
	const char *in;
	unsigned int number;
	const char *name; /* NULL: it changes by itself */
	enum { VALUE, NEST, KIND, OF_KIND, PROGRAM } how;
} known[] = {
	{ "link", IFLA_MTU, "mtu", VALUE },
	{ "link", IFLA_MASTER, "master", VALUE },
	{ "link", IFLA_OPERSTATE, "operstate", VALUE },
	{ "link", IFLA_XDP, "xdp", NEST },
	{ "link", IFLA_LINKINFO, "info", NEST },
	{ "link", IFLA_AF_SPEC, "family", NEST },
	{ "link", IFLA_PROP_LIST, "property", NEST },
	{ "link", IFLA_STATS },
	{ "link", IFLA_STATS64 },
	{ "link", IFLA_CARRIER_CHANGES },
	{ "link", IFLA_CARRIER_UP_COUNT },
	{ "link", IFLA_CARRIER_DOWN_COUNT },
	{ "xdp", IFLA_XDP_ATTACHED, "mode", VALUE }, /* XDP_ATTACHED_… */
	{ "xdp", IFLA_XDP_PROG_ID, "program", PROGRAM },
	{ "xdp", IFLA_XDP_DRV_PROG_ID, "native", PROGRAM },
	{ "xdp", IFLA_XDP_SKB_PROG_ID, "generic", PROGRAM },
	{ "info", IFLA_INFO_KIND, "kind", KIND },
	{ "info", IFLA_INFO_DATA, "data", OF_KIND },
	{ "info", IFLA_INFO_SLAVE_DATA, "port", NEST },
	{ "info", IFLA_INFO_XSTATS },
	{ "bridge", IFLA_BR_HELLO_TIMER },
	{ "bridge", IFLA_BR_TCN_TIMER },
	{ "bridge", IFLA_BR_TOPOLOGY_CHANGE_TIMER },
	{ "bridge", IFLA_BR_GC_TIMER },
	{ "bridge", BR_MCAST_QUERIER_STATE },
	{ "bridge", BR_FDB_N_LEARNED },
	{ "port", IFLA_BRPORT_MESSAGE_AGE_TIMER },
	{ "port", IFLA_BRPORT_FORWARD_DELAY_TIMER },
	{ "port", IFLA_BRPORT_HOLD_TIMER },
	{ "port", BRPORT_MCAST_EHT_HOSTS_CNT },
	{ "port", BRPORT_MCAST_N_GROUPS },
	{ "family", AF_INET, "inet", NEST },
	{ "family", AF_INET6, "inet6", NEST },
	{ "inet6", IFLA_INET6_FLAGS }, /* is a router looked for? */
	{ "inet6", IFLA_INET6_STATS },
	{ "inet6", IFLA_INET6_CACHEINFO },
	{ "inet6", IFLA_INET6_ICMP6STATS },
	{ "tc", TCA_KIND, "kind", KIND },
	{ "tc", TCA_OPTIONS, "options", OF_KIND },
	{ "tc", TCA_STATS },
	{ "tc", TCA_XSTATS },
	{ "tc", TCA_STATS2 },
	{ "bpf", TCA_BPF_ID, "program", PROGRAM },
	{ "bpf", TCA_BPF_NAME, "name", VALUE },
	{ "u32", TCA_U32_PCNT },
};

struct device {
	int index;
	char name[32];
	bool sides[2]; /* may have filters there */
};

static struct device devices[1024];
static __u32 programs[1024];
static size_t device_count, program_count;
static struct netlink *nl;
static unsigned long netns; /* the namespace, by inode */
static FILE *out;
static struct device *device; /* the one being read */
static int side; /* and its filters and programs there */

/* With the number 0: is anything known in it? */
static const struct known *find(const char *in, unsigned int number)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if ((!number || known[i].number == number) &&
		    !strcmp(known[i].in, in))
			return &known[i];
	return NULL;
}

/* What is known of a program or a link that was open; false if it was gone. */
static bool get_info(int fd, void *info, __u32 size)
{
	int error = fd < 0 || bpf_obj_get_info_by_fd(fd, info, &size);

	if (fd >= 0)
		close(fd);
	return !error;
}

static void show_program(__u32 id)
{
	struct bpf_prog_info info = {};
	size_t i;

	fprintf(out, " %u", id);
	if (get_info(bpf_prog_get_fd_by_id(id), &info, sizeof(info))) {
		fprintf(out, " %s tag ", info.name);
		for (i = 0; i < sizeof(info.tag); i++)
			fprintf(out, "%02x", info.tag[i]);
	}
	if (program_count < ARRAY_SIZE(programs))
		programs[program_count++] = id;
}

/* A string, a number, bytes; or, if these are many, their number and hash (FNV-1a). */
static void show_value(const struct rtattr *attribute)
{
	const unsigned char *data = RTA_DATA(attribute);
	size_t size = RTA_PAYLOAD(attribute), i;
	__u32 hash = 2166136261;

	for (i = 0; i + 1 < size && data[i] > ' ' && data[i] < 127;)
		i++;
	if (size > 1 && i + 1 == size && !data[i]) {
		fprintf(out, " %s", (const char *)data);
	} else if (size == sizeof(__u32)) {
		fprintf(out, " %u", netlink_u32(attribute));
	} else if (size == 1) {
		fprintf(out, " %u", *data);
	} else if (size <= 32) {
		fputs(size ? " 0x" : " -", out);
		for (i = 0; i < size; i++)
			fprintf(out, "%02x", data[i]);
	} else {
		for (i = 0; i < size; i++)
			hash = (hash ^ data[i]) * 16777619;
		fprintf(out, " %zu bytes, hash %08x", size, hash);
	}
}

/* Those of a kind that is not known here are shown as one value. */
static void show_attributes(const char *whose, const char *in,
			    const struct rtattr *attribute, int size)
{
	const char *kind = "";
	char inner[128];

	for (; RTA_OK(attribute, size); attribute = RTA_NEXT(attribute, size)) {
		unsigned int number = attribute->rta_type & NLA_TYPE_MASK;
		const struct known *what = find(in, number);
		int how = what ? what->how : VALUE;

		if (what && !what->name)
			continue;
		if (how == KIND)
			kind = netlink_string(attribute);
		if (how == NEST || (how == OF_KIND && find(kind, 0))) {
			const char *name = how == NEST ? what->name : kind;

			snprintf(inner, sizeof(inner), "%s %s", whose, name);
			show_attributes(inner, name, RTA_DATA(attribute),
					RTA_PAYLOAD(attribute));
			continue;
		}
		if (what)
			fprintf(out, "%s %s", whose, what->name);
		else
			fprintf(out, "%s %u", whose, number);
		if (how == PROGRAM)
			show_program(netlink_u32(attribute));
		else
			show_value(attribute);
		putc('\n', out);
	}
}

static void show_message(const char *whose, const char *in,
			 const struct nlmsghdr *message, size_t size)
{
	const char *first = (const char *)message + NLMSG_SPACE(size);

	show_attributes(whose, in, (const struct rtattr *)first,
			message->nlmsg_len - NLMSG_SPACE(size));
}

static int show_link(const struct nlmsghdr *message, void *context)
{
	const struct ifinfomsg *info = NLMSG_DATA(message);

	(void)context;
	if (device_count == ARRAY_SIZE(devices))
		return -EFBIG;
	device = &devices[device_count++];
	*device = (struct device){ .index = info->ifi_index };
	snprintf(device->name, sizeof(device->name), "%s",
		 netlink_string(
			 netlink_find(message, sizeof(*info), IFLA_IFNAME)));
	fprintf(out, "%s index %d type %u flags 0x%x\n", device->name,
		info->ifi_index, info->ifi_type, info->ifi_flags);
	show_message(device->name, "link", message, sizeof(*info));
	return 0;
}

static int show_qdisc(const struct nlmsghdr *message, void *context)
{
	const struct tcmsg *info = NLMSG_DATA(message);
	const char *kind =
		netlink_string(netlink_find(message, sizeof(*info), TCA_KIND));
	char whose[64];

	(void)context;
	device = devices;
	while (device->index != info->tcm_ifindex)
		if (++device == devices + device_count)
			return -EAGAIN;
	device->sides[1] |= !strcmp(kind, "clsact");
	device->sides[0] |= device->sides[1] || !strcmp(kind, "ingress");
	snprintf(whose, sizeof(whose), "%s qdisc %x:", device->name,
		 TC_H_MAJ(info->tcm_handle) >> 16);
	fprintf(out, "%s parent %x references %u\n", whose, info->tcm_parent,
		info->tcm_info);
	show_message(whose, "tc", message, sizeof(*info));
	return 0;
}

static int show_filter(const struct nlmsghdr *message, void *context)
{
	const struct tcmsg *info = NLMSG_DATA(message);
	char whose[96];

	(void)context;
	snprintf(whose, sizeof(whose), "%s %s filter %u/0x%x", device->name,
		 sides[side], TC_H_MAJ(info->tcm_info) >> 16, info->tcm_handle);
	fprintf(out, "%s protocol %x\n", whose,
		ntohs(TC_H_MIN(info->tcm_info)));
	show_message(whose, "tc", message, sizeof(*info));
	return 0;
}

static int show_links(void)
{
	struct netlink_request request;

	netlink_start(&request, RTM_GETLINK, NLM_F_DUMP,
		      sizeof(struct ifinfomsg));
	netlink_put_u32(&request, IFLA_EXT_MASK,
			RTEXT_FILTER_VF | RTEXT_FILTER_SKIP_STATS);
	return netlink_talk(nl, &request, show_link, NULL);
}

/* Qdiscs of all devices, or filters on this side of the one. */
static int show_tc(__u16 type, netlink_reader reader)
{
	struct netlink_request request;
	struct tcmsg *info;

	info = netlink_start(&request, type, NLM_F_DUMP, sizeof(*info));
	if (type == RTM_GETTFILTER) {
		info->tcm_ifindex = device->index;
		info->tcm_parent = TC_H_MAKE(
			TC_H_CLSACT, side ? TC_H_MIN_EGRESS : TC_H_MIN_INGRESS);
	}
	return netlink_talk(nl, &request, reader, NULL);
}

static int show_tcx(void)
{
	__u32 ids[MOST_TCX] = {}, links[MOST_TCX] = {}, i;
	/* Of union bpf_attr, as Linux 6.6 has it: older libbpf asks for no links. */
	struct {
		__u32 ifindex, type, query_flags, attach_flags;
		__aligned_u64 ids;
		__u32 count, reserved;
		__aligned_u64 attach_flags_each, links;
	} query = {
		.ifindex = device->index,
		.type = TCX_INGRESS + side,
		.ids = (unsigned long)ids,
		.count = MOST_TCX,
		.links = (unsigned long)links,
	};

	/* EINVAL: a kernel without TCX */
	if (syscall(__NR_bpf, BPF_PROG_QUERY, &query, sizeof(query)))
		return errno == EINVAL || errno == ENOENT ? 0 :
		       errno == ENODEV			  ? -EAGAIN :
							    -errno;
	for (i = 0; i < query.count; i++) {
		fprintf(out, "%s %s tcx %u link %u program", device->name,
			sides[side], i, links[i]);
		show_program(ids[i]);
		putc('\n', out);
	}
	return 0;
}

/* Those of all namespaces are to be had; ours are those with our programs. */
static void show_bpf_links(void)
{
	__u32 id = 0;
	size_t i;

	while (!bpf_link_get_next_id(id, &id)) {
		struct bpf_link_info info = {};

		if (!get_info(bpf_link_get_fd_by_id(id), &info, sizeof(info)))
			continue;
		for (i = 0; i < program_count && programs[i] != info.prog_id;)
			i++;
		if (i == program_count)
			continue;
		fprintf(out, "link %u type %u program %u", info.id, info.type,
			info.prog_id);
		/* TCX: the same place */
		if (info.type == BPF_LINK_TYPE_XDP ||
		    info.type == LINK_TYPE_TCX)
			fprintf(out, " ifindex %u", info.xdp.ifindex);
		putc('\n', out);
	}
}

/* Pins have names that begin with their namespace's inode. */
static int show_pin(const char *path, const struct stat *status, int type,
		    struct FTW *at)
{
	unsigned long inode;

	if (sscanf(path + at->base, "%lu-", &inode) == 1 && inode == netns)
		fprintf(out, "pin %s mode %o type %d\n", path, status->st_mode,
			type);
	return 0;
}

static int show_all(void)
{
	int error;

	device_count = 0;
	program_count = 0;
	error = show_links();
	if (!error)
		error = show_tc(RTM_GETQDISC, show_qdisc);
	for (device = devices; device < devices + device_count; device++)
		for (side = 0; side < 2 && !error; side++) {
			if (device->sides[side])
				error = show_tc(RTM_GETTFILTER, show_filter);
			if (!error)
				error = show_tcx();
		}
	show_bpf_links();
	nftw("/sys/fs/bpf", show_pin, 8, FTW_PHYS);
	return error;
}

int netstate_show(struct netlink *socket, unsigned long inode, char **text)
{
	int error = -EAGAIN, tries;
	size_t size;

	nl = socket;
	netns = inode;
	*text = NULL;
	for (tries = 0; error == -EAGAIN && tries < TRIES; tries++) {
		free(*text);
		out = open_memstream(text, &size);
		error = show_all();
		fclose(out);
	}
	return -error;
}
