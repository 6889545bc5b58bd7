// SPDX-License-Identifier: GPL-2.0-only
/* The interfaces of this network namespace, by name or glob. */
#include <netinet/in.h> /* before linux/in6.h, not after it */

#include "lib/interfaces.h"

#include <errno.h>
#include <fnmatch.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/errors.h"
#include "lib/grow.h"
#include "lib/netlink.h"

static int add(struct interfaces *all, const struct interface *interface)
{
	return grow_list(&all->list, &all->count, interface,
			 sizeof(*interface));
}

/* The first @size bytes of an attribute; all zero if it is shorter. */
static void read_bytes(const struct rtattr *attribute, void *bytes, size_t size)
{
	memset(bytes, 0, size);
	if (attribute && RTA_PAYLOAD(attribute) >= size)
		memcpy(bytes, RTA_DATA(attribute), size);
}

/*
 * A GRE device without a fixed remote, or with a multicast group, has frames that the
 * sender makes with the outer header (header_ops); an external one has not
 * (ipgre_tunnel_init(), net/ipv4/ip_gre.c; ip6gre_tunnel_init(), net/ipv6/ip6_gre.c).
 */
static bool has_outer_header(const struct interface *interface,
			     const struct rtattr *data)
{
	const struct rtattr *remote = netlink_find_in(data, IFLA_GRE_REMOTE);
	struct in6_addr six;
	struct in_addr four;

	if (netlink_find_in(data, IFLA_GRE_COLLECT_METADATA))
		return false;
	read_bytes(remote, &six, sizeof(six));
	read_bytes(remote, &four, sizeof(four));
	if (interface->type == ARPHRD_IP6GRE)
		return IN6_IS_ADDR_UNSPECIFIED(&six);
	return interface->type == ARPHRD_IPGRE &&
	       (four.s_addr == INADDR_ANY || IN_MULTICAST(ntohl(four.s_addr)));
}

/* Devices that usually carry IP, configured to carry MPLS. */
static bool carries_mpls(const struct interface *interface,
			 const struct rtattr *data)
{
	__u16 type; /* as on the wire */

	if (!strcmp(interface->kind, "ipip") || !strcmp(interface->kind, "sit"))
		return netlink_u8(netlink_find_in(data, IFLA_IPTUN_PROTO)) ==
		       IPPROTO_MPLS;
	read_bytes(netlink_find_in(data, IFLA_BAREUDP_ETHERTYPE), &type,
		   sizeof(type));
	return !strcmp(interface->kind, "bareudp") && type != htons(ETH_P_IP) &&
	       type != htons(ETH_P_IPV6);
}

static __u32 link_u32(const struct nlmsghdr *message, __u16 type)
{
	return netlink_u32(
		netlink_find(message, sizeof(struct ifinfomsg), type));
}

static int read_link(const struct nlmsghdr *message, void *context)
{
	const struct ifinfomsg *info = NLMSG_DATA(message);
	const struct rtattr *name, *about, *data, *xdp;
	struct interface interface = {
		.index = info->ifi_index,
		.type = info->ifi_type,
		.master = (int)link_u32(message, IFLA_MASTER),
		.carrier_downs = link_u32(message, IFLA_CARRIER_DOWN_COUNT),
	};

	if (message->nlmsg_type != RTM_NEWLINK)
		return 0;
	name = netlink_find(message, sizeof(*info), IFLA_IFNAME);
	about = netlink_find(message, sizeof(*info), IFLA_LINKINFO);
	snprintf(interface.name, sizeof(interface.name), "%s",
		 netlink_string(name));
	snprintf(interface.kind, sizeof(interface.kind), "%s",
		 netlink_string(netlink_find_in(about, IFLA_INFO_KIND)));
	/* With a namespace's id the other end is not among our interfaces. */
	if (!netlink_find(message, sizeof(*info), IFLA_LINK_NETNSID))
		interface.lower = (int)link_u32(message, IFLA_LINK);
	if (interface.lower == interface.index)
		interface.lower = 0;
	data = netlink_find_in(about, IFLA_INFO_DATA);
	interface.outer = has_outer_header(&interface, data);
	interface.mpls = carries_mpls(&interface, data);
	xdp = netlink_find(message, sizeof(*info), IFLA_XDP);
	interface.xdp_native =
		netlink_u32(netlink_find_in(xdp, IFLA_XDP_DRV_PROG_ID));
	interface.xdp_generic =
		netlink_u32(netlink_find_in(xdp, IFLA_XDP_SKB_PROG_ID));
	interface.xdp_offload =
		netlink_u32(netlink_find_in(xdp, IFLA_XDP_HW_PROG_ID));
	return add(context, &interface);
}

static int by_index(const void *left, const void *right)
{
	const struct interface *a = left, *b = right;

	return (a->index > b->index) - (a->index < b->index);
}

static struct interface *find(const struct interfaces *all, int index)
{
	struct interface key = { .index = index };

	if (!all->count)
		return NULL;
	return bsearch(&key, all->list, all->count, sizeof(key), by_index);
}

/* Sorts by ifindex; an interrupted dump may have one twice. */
static void sort(struct interfaces *all)
{
	size_t i, kept = 0;

	if (!all->count)
		return;
	qsort(all->list, all->count, sizeof(*all->list), by_index);
	for (i = 1; i < all->count; i++) {
		if (all->list[i].index != all->list[kept].index)
			all->list[++kept] = all->list[i];
	}
	all->count = kept + 1;
}

/* The qdisc in clsact's place: "clsact", or "ingress". */
static int read_qdisc(const struct nlmsghdr *message, void *context)
{
	const struct tcmsg *tc = NLMSG_DATA(message);
	struct interface *interface;
	const char *kind;

	if (message->nlmsg_type != RTM_NEWQDISC ||
	    tc->tcm_parent != TC_H_CLSACT)
		return 0;
	interface = find(context, tc->tcm_ifindex);
	if (!interface)
		return 0;
	kind = netlink_string(netlink_find(message, sizeof(*tc), TCA_KIND));
	if (!strcmp(kind, "clsact"))
		interface->qdisc = QDISC_CLSACT;
	else if (!strcmp(kind, "ingress"))
		interface->qdisc = QDISC_INGRESS;
	return 0;
}

static int read_links(struct interfaces *all)
{
	struct netlink_request request;
	int error, tries = 0;

	do {
		interfaces_free(all);
		netlink_start(&request, RTM_GETLINK, NLM_F_DUMP,
			      sizeof(struct ifinfomsg));
		error = netlink_ask(&request, read_link, all);
	} while (netlink_again(error, &tries));
	sort(all);
	/*
	 * Where interfaces come and go without end, the last one has to do: Linux
	 * 6.12, for one, tells all that stay, as rtnl_dump_ifinfo() walks by ifindex.
	 */
	return error == -EAGAIN ? 0 : error;
}

int interfaces_read(struct interfaces *all)
{
	struct netlink_request request;
	int error;

	*all = (struct interfaces){};
	error = read_links(all);
	if (!error) {
		netlink_start(&request, RTM_GETQDISC, NLM_F_DUMP,
			      sizeof(struct tcmsg));
		error = netlink_ask(&request, read_qdisc, all);
	}
	/* EOPNOTSUPP: a kernel without qdiscs. */
	if (!error || error == -EOPNOTSUPP)
		return EXIT_DONE;
	interfaces_free(all);
	return fail_at(AT_NETLINK, -error, "netlink", netlink_extack(error));
}

void interfaces_free(struct interfaces *all)
{
	free(all->list);
	*all = (struct interfaces){};
}

const struct interface *interfaces_find(const struct interfaces *all, int index)
{
	return find(all, index);
}

static int read_index(const struct nlmsghdr *message, void *context)
{
	const struct ifinfomsg *info = NLMSG_DATA(message);
	int *index = context;

	if (message->nlmsg_type == RTM_NEWLINK)
		*index = info->ifi_index;
	return 0;
}

/* The interface of an alternative name, which may be longer than a name, or NULL. */
static struct interface *find_alternative(const struct interfaces *all,
					  const char *name)
{
	struct netlink_request request;
	int index = 0;

	if (!*name || strlen(name) >= ALTIFNAMSIZ)
		return NULL;
	netlink_start(&request, RTM_GETLINK, 0, sizeof(struct ifinfomsg));
	netlink_put_string(&request, IFLA_ALT_IFNAME, name);
	if (netlink_ask(&request, read_index, &index))
		return NULL;
	return find(all, index);
}

/* "va@if2" and "eth0.5@eth0", as 'ip link' shows va and eth0.5. */
static struct interface *find_shown(const struct interfaces *all,
				    const char *pattern)
{
	const char *at = strrchr(pattern, '@');
	size_t i, length = at ? at - pattern : 0;

	for (i = 0; i < all->count && length; i++) {
		if (strlen(all->list[i].name) == length &&
		    !memcmp(all->list[i].name, pattern, length))
			return &all->list[i];
	}
	return NULL;
}

bool interface_is_above(const struct interface *upper,
			const struct interface *lower)
{
	return lower->master == upper->index ||
	       (upper->lower == lower->index && lower->lower != upper->index);
}

/* Notes that @upper, if it is one of them, is above @lower; false if that was known. */
static bool raise_above(const struct interfaces *all, int *levels,
			const struct interface *upper,
			const struct interface *lower)
{
	const int level = levels[lower - all->list];

	if (!upper || level == INTERFACE_LEVELS ||
	    levels[upper - all->list] > level)
		return false;
	levels[upper - all->list] = level + 1;
	return true;
}

int *interface_levels(const struct interfaces *all)
{
	int *levels = calloc(all->count + 1, sizeof(*levels));
	bool raised = levels;
	size_t i;

	while (raised) {
		raised = false;
		for (i = 0; i < all->count; i++) {
			const struct interface *each = &all->list[i];
			const struct interface *lower = find(all, each->lower);

			raised |= raise_above(all, levels,
					      find(all, each->master), each);
			if (lower && interface_is_above(each, lower))
				raised |= raise_above(all, levels, each, lower);
		}
	}
	return levels;
}

/* Marks the interfaces of one pattern, if @marks is not NULL; false if there are none. */
static bool mark(const struct interfaces *all, const char *pattern, bool *marks)
{
	const struct interface *other;
	bool found = false;
	size_t i;

	for (i = 0; i < all->count; i++) {
		if (strcmp(pattern, all->list[i].name) &&
		    fnmatch(pattern, all->list[i].name, 0))
			continue;
		if (marks)
			marks[i] = true;
		found = true;
	}
	other = found ? NULL : find_alternative(all, pattern);
	if (!found && !other)
		other = find_shown(all, pattern);
	if (other && marks)
		marks[other - all->list] = true;
	return found || other;
}

bool interfaces_match(const struct interfaces *all, const char *pattern)
{
	return mark(all, pattern, NULL);
}

static int no_such(const char *pattern)
{
	bool glob = strpbrk(pattern, "*?[");

	if (!glob && strlen(pattern) >= IFNAMSIZ)
		return fail(
			EXIT_USAGE,
			"'%s' is not an interface: a name has at most %d characters, and it is not an alternative name. See 'ip link'.",
			pattern, IFNAMSIZ - 1);
	return fail(
		EXIT_USAGE,
		"no interface %s'%s'. See 'ip link'; is it in another network namespace?",
		glob ? "matches " : "", pattern);
}

int interfaces_choose(const struct interfaces *all, char *const *patterns,
		      size_t count, bool each, struct interfaces *chosen)
{
	bool *marks = calloc(all->count + 1, sizeof(*marks));
	int code = EXIT_DONE;
	size_t i;

	*chosen = (struct interfaces){};
	if (!marks)
		return fail_memory("the list of interfaces");
	for (i = 0; i < count && !code; i++) {
		if (!mark(all, patterns[i], marks) && each)
			code = no_such(patterns[i]);
	}
	for (i = 0; i < all->count && !code; i++) {
		if (marks[i] && add(chosen, &all->list[i]))
			code = fail_memory("the list of interfaces");
	}
	free(marks);
	if (code)
		interfaces_free(chosen);
	return code;
}

__u32 netns_own(void)
{
	struct stat status;

	return stat(NETNS_OWN, &status) ? 0 : status.st_ino;
}
