// SPDX-License-Identifier: GPL-2.0-only
/* The interfaces of this network namespace, and names and globs to them. */
#include <net/if.h> /* before linux/if.h, not after it */

#include "lib/interfaces.h"

#include <errno.h>
#include <fnmatch.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drop_abi.h"
#include "lib/errors.h"
#include "lib/netlink.h"

/*
 * How often a dump that others disturbed is tried again. Where interfaces come
 * and go without end, the last one has to do: Linux 6.12, for one, tells all that
 * stay, as rtnl_dump_ifinfo() walks by ifindex.
 */
#define DUMP_TRIES 3

static int add(struct interfaces *all, const struct interface *interface)
{
	struct interface *list;

	list = reallocarray(all->list, all->count + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	all->list = list;
	list[all->count++] = *interface;
	return 0;
}

static void read_xdp(struct interface *interface, const struct rtattr *xdp)
{
	__u8 mode = netlink_u8(netlink_find_in(xdp, IFLA_XDP_ATTACHED));
	__u32 id = netlink_u32(netlink_find_in(xdp, IFLA_XDP_PROG_ID));
	const struct rtattr *native, *generic, *offload;

	native = netlink_find_in(xdp, IFLA_XDP_DRV_PROG_ID);
	generic = netlink_find_in(xdp, IFLA_XDP_SKB_PROG_ID);
	offload = netlink_find_in(xdp, IFLA_XDP_HW_PROG_ID);
	interface->xdp_native = netlink_u32(native);
	interface->xdp_generic = netlink_u32(generic);
	interface->xdp_offload = netlink_u32(offload);
	if (mode == XDP_ATTACHED_DRV && !native)
		interface->xdp_native = id;
	if (mode == XDP_ATTACHED_SKB && !generic)
		interface->xdp_generic = id;
	if (mode == XDP_ATTACHED_HW && !offload)
		interface->xdp_offload = id;
}

/* An address of @size bytes, as it stands in a message; all zero if it does not. */
static void read_address(const struct rtattr *attribute, __u8 *address,
			 size_t size)
{
	memset(address, 0, size);
	if (attribute && RTA_PAYLOAD(attribute) >= size)
		memcpy(address, RTA_DATA(attribute), size);
}

/*
 * A GRE device that sends to anywhere, or to a multicast group, has its frames made
 * with the outer header by the sender (header_ops); an external one has not
 * (ipgre_tunnel_init(), net/ipv4/ip_gre.c; ip6gre_tunnel_init(), net/ipv6/ip6_gre.c).
 */
static bool has_outer_header(const struct interface *interface,
			     const struct rtattr *data)
{
	static const struct in6_addr none;
	struct in6_addr six;
	__u8 four[4];

	if (netlink_find_in(data, IFLA_GRE_COLLECT_METADATA))
		return false;
	if (interface->type == ARPHRD_IP6GRE) {
		read_address(netlink_find_in(data, IFLA_GRE_REMOTE),
			     six.s6_addr, sizeof(six));
		return !memcmp(&six, &none, sizeof(six));
	}
	if (interface->type != ARPHRD_IPGRE)
		return false;
	read_address(netlink_find_in(data, IFLA_GRE_REMOTE), four,
		     sizeof(four));
	return !memcmp(four, &none, sizeof(four)) ||
	       IN_MULTICAST(four[0] << 24);
}

/* Devices that carry IP, and are told to carry MPLS instead. */
static bool carries_mpls(const struct interface *interface,
			 const struct rtattr *data)
{
	const struct rtattr *attribute;
	__u8 type[2];

	if (!strcmp(interface->kind, "ipip") || !strcmp(interface->kind, "sit"))
		return netlink_u8(netlink_find_in(data, IFLA_IPTUN_PROTO)) ==
		       IPPROTO_MPLS;
	if (strcmp(interface->kind, "bareudp"))
		return false;
	attribute = netlink_find_in(data, IFLA_BAREUDP_ETHERTYPE);
	read_address(attribute, type, sizeof(type));
	return (type[0] << 8 | type[1]) != ETH_P_IP &&
	       (type[0] << 8 | type[1]) != ETH_P_IPV6;
}

static int read_link(const struct nlmsghdr *message, void *context)
{
	const struct ifinfomsg *info = NLMSG_DATA(message);
	struct interface interface = {
		.index = info->ifi_index,
		.type = info->ifi_type,
	};
	const struct rtattr *attribute, *about;

	if (message->nlmsg_type != RTM_NEWLINK)
		return 0;
	attribute = netlink_find(message, sizeof(*info), IFLA_IFNAME);
	snprintf(interface.name, sizeof(interface.name), "%s",
		 netlink_string(attribute));
	attribute = netlink_find(message, sizeof(*info), IFLA_MTU);
	interface.mtu = netlink_u32(attribute);
	attribute = netlink_find(message, sizeof(*info), IFLA_MASTER);
	interface.master = (int)netlink_u32(attribute);
	/* With a namespace's id the other end is not among our interfaces. */
	if (!netlink_find(message, sizeof(*info), IFLA_LINK_NETNSID)) {
		attribute = netlink_find(message, sizeof(*info), IFLA_LINK);
		interface.lower = (int)netlink_u32(attribute);
	}
	if (interface.lower == interface.index)
		interface.lower = 0;
	about = netlink_find(message, sizeof(*info), IFLA_LINKINFO);
	attribute = netlink_find_in(about, IFLA_INFO_KIND);
	snprintf(interface.kind, sizeof(interface.kind), "%s",
		 netlink_string(attribute));
	attribute = netlink_find_in(about, IFLA_INFO_DATA);
	interface.outer = has_outer_header(&interface, attribute);
	interface.mpls = carries_mpls(&interface, attribute);
	attribute = netlink_find(message, sizeof(*info), IFLA_XDP);
	read_xdp(&interface, attribute);
	return add(context, &interface);
}

static int by_index(const void *left, const void *right)
{
	const struct interface *a = left, *b = right;

	return (a->index > b->index) - (a->index < b->index);
}

/* Sorts by ifindex; a disturbed dump may tell one twice. */
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

int interfaces_read(struct interfaces *all)
{
	struct netlink_request request;
	struct netlink nl;
	int error, tries = 0;

	*all = (struct interfaces){};
	error = netlink_open(&nl, 0);
	if (error)
		return fail_at(AT_NETLINK, -error, "netlink", NULL);
	do {
		interfaces_free(all);
		netlink_start(&request, RTM_GETLINK, NLM_F_DUMP,
			      sizeof(struct ifinfomsg));
		error = netlink_talk(&nl, &request, read_link, all);
	} while (error == -EAGAIN && ++tries < DUMP_TRIES);
	netlink_close(&nl);
	if (error && error != -EAGAIN) {
		interfaces_free(all);
		return fail_at(AT_NETLINK, -error, "netlink", nl.extack);
	}
	sort(all);
	return EXIT_DONE;
}

void interfaces_free(struct interfaces *all)
{
	free(all->list);
	*all = (struct interfaces){};
}

const struct interface *interfaces_find(const struct interfaces *all, int index)
{
	struct interface key = { .index = index };

	if (!all->count)
		return NULL;
	return bsearch(&key, all->list, all->count, sizeof(key), by_index);
}

static bool is_glob(const char *pattern)
{
	return strpbrk(pattern, "*?[");
}

/* Marks what one pattern means; false if it means nothing. */
static bool mark(const struct interfaces *all, const char *pattern, bool *marks)
{
	bool glob = is_glob(pattern), found = false;
	const struct interface *alias = NULL;
	size_t i;

	for (i = 0; i < all->count; i++) {
		if (strcmp(pattern, all->list[i].name) &&
		    (!glob || fnmatch(pattern, all->list[i].name, 0)))
			continue;
		marks[i] = true;
		found = true;
	}
	/* An alternative name: the kernel knows those too. */
	if (!found && !glob)
		alias = interfaces_find(all, (int)if_nametoindex(pattern));
	if (alias)
		marks[alias - all->list] = true;
	return found || alias;
}

static int choose(const struct interfaces *all, char *const *patterns,
		  size_t count, struct interfaces *chosen, bool *marks)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (mark(all, patterns[i], marks))
			continue;
		if (is_glob(patterns[i]))
			return fail(
				EXIT_USAGE,
				"no interface matches '%s'. See 'ip link'; is it in another network namespace?",
				patterns[i]);
		if (strlen(patterns[i]) >= IFNAMSIZ)
			return fail(
				EXIT_USAGE,
				"'%s' is no interface: a name has at most %d characters. See 'ip link'.",
				patterns[i], IFNAMSIZ - 1);
		return fail(
			EXIT_USAGE,
			"no interface '%s'. See 'ip link'; is it in another network namespace?",
			patterns[i]);
	}
	for (i = 0; i < all->count; i++) {
		if (marks[i] && add(chosen, &all->list[i]))
			return fail_memory("the list of interfaces");
	}
	return EXIT_DONE;
}

int interfaces_choose(const struct interfaces *all, char *const *patterns,
		      size_t count, struct interfaces *chosen)
{
	bool *marks = calloc(all->count + 1, sizeof(*marks));
	int code;

	*chosen = (struct interfaces){};
	if (!marks)
		return fail_memory("the list of interfaces");
	code = choose(all, patterns, count, chosen, marks);
	free(marks);
	if (code)
		interfaces_free(chosen);
	return code;
}

__u32 interface_frame_type(const struct interface *interface)
{
	switch (interface->type) {
	case ARPHRD_NONE: /* tun, WireGuard */
	case ARPHRD_RAWIP:
	case ARPHRD_PPP:
	case ARPHRD_TUNNEL:
	case ARPHRD_TUNNEL6:
	case ARPHRD_SIT:
	case ARPHRD_IPGRE:
	case ARPHRD_IP6GRE:
		return TYPE_IP;
	default:
		return TYPE_ETHERNET;
	}
}

bool interface_is_strange(const struct interface *interface,
			  char why[INTERFACE_WHY_SIZE])
{
	const char *what = "";

	if (interface->outer)
		what = "its frames start with an outer header, as it has no fixed remote address";
	else if (interface->mpls)
		what = "its frames carry MPLS";
	snprintf(why, INTERFACE_WHY_SIZE, "%s", what);
	if (!*what && interface_frame_type(interface) == TYPE_ETHERNET &&
	    interface->type != ARPHRD_ETHER &&
	    interface->type != ARPHRD_LOOPBACK)
		snprintf(
			why, INTERFACE_WHY_SIZE,
			"its frames (ARPHRD type %u) are neither Ethernet nor plain IP",
			interface->type);
	return *why;
}
