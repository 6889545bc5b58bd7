// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/veth.h>
#include <netinet/ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/wire.h"

struct ip {
	int family;
	int prefix;
	size_t size;
	unsigned char bytes[sizeof(struct in6_addr)];
};

static int parse_ip(const char *text, struct ip *ip)
{
	char address[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');

	ip->family = strchr(text, ':') ? AF_INET6 : AF_INET;
	ip->size = ip->family == AF_INET6 ? sizeof(struct in6_addr) :
					    sizeof(struct in_addr);
	ip->prefix = slash ? atoi(slash + 1) : (int)ip->size * 8;
	snprintf(address, sizeof(address), "%.*s", (int)strcspn(text, "/"),
		 text);
	return inet_pton(ip->family, address, ip->bytes) == 1 ? 0 : -EINVAL;
}

static int put_link_address(struct netlink_request *request, __u16 type,
			    const char *text)
{
	struct ether_addr address;

	if (!text)
		return 0;
	if (!ether_aton_r(text, &address))
		return -EINVAL;
	netlink_put(request, type, &address, sizeof(address));
	return 0;
}

static int put_end(struct netlink_request *request, const struct wire_end *end)
{
	netlink_put_string(request, IFLA_IFNAME, end->name);
	return put_link_address(request, IFLA_ADDRESS, end->address);
}

static int read_index(const struct nlmsghdr *message, void *context)
{
	*(int *)context = ((struct ifinfomsg *)NLMSG_DATA(message))->ifi_index;
	return 0;
}

int wire_index(struct netlink *nl, const char *name, int *index)
{
	struct netlink_request request;

	netlink_start(&request, RTM_GETLINK, 0, sizeof(struct ifinfomsg));
	netlink_put_string(&request, IFLA_IFNAME, name);
	return netlink_talk(nl, &request, read_index, index);
}

/* Starts a request for a new device, up to what is special about its @kind. */
static int start_new(struct netlink_request *request,
		     const struct wire_end *end, const char *kind,
		     struct rtattr *nests[2])
{
	int error;

	netlink_start(request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL,
		      sizeof(struct ifinfomsg));
	error = put_end(request, end);
	nests[0] = netlink_nest(request, IFLA_LINKINFO);
	netlink_put_string(request, IFLA_INFO_KIND, kind);
	nests[1] = netlink_nest(request, IFLA_INFO_DATA);
	return error;
}

static int talk_new(struct netlink *nl, struct netlink_request *request,
		    struct rtattr *nests[2])
{
	netlink_nest_end(request, nests[1]);
	netlink_nest_end(request, nests[0]);
	return netlink_talk(nl, request, NULL, NULL);
}

int wire_veth(struct netlink *nl, const struct wire_end *near,
	      const struct wire_end *far, int netns)
{
	struct netlink_request request;
	struct rtattr *nests[2], *peer;
	int error = start_new(&request, near, "veth", nests);

	peer = netlink_nest(&request, VETH_INFO_PEER);
	request.header.nlmsg_len += sizeof(struct ifinfomsg);
	if (!error)
		error = put_end(&request, far);
	netlink_put_u32(&request, IFLA_NET_NS_FD, netns);
	netlink_nest_end(&request, peer);
	return error ? error : talk_new(nl, &request, nests);
}

int wire_bridge(struct netlink *nl, const struct wire_end *end)
{
	struct netlink_request request;
	struct rtattr *nests[2];
	const __u8 off = 0;
	int error = start_new(&request, end, "bridge", nests);

	netlink_put(&request, IFLA_BR_MCAST_SNOOPING, &off, sizeof(off));
	return error ? error : talk_new(nl, &request, nests);
}

int wire_enslave(struct netlink *nl, const char *name, const char *bridge)
{
	struct netlink_request request;
	int index, error = wire_index(nl, bridge, &index);

	if (error)
		return error;
	netlink_start(&request, RTM_NEWLINK, 0, sizeof(struct ifinfomsg));
	netlink_put_string(&request, IFLA_IFNAME, name);
	netlink_put_u32(&request, IFLA_MASTER, index);
	return netlink_talk(nl, &request, NULL, NULL);
}

int wire_up(struct netlink *nl, const char *name)
{
	struct netlink_request request;
	struct ifinfomsg *link;

	link = netlink_start(&request, RTM_NEWLINK, 0, sizeof(*link));
	link->ifi_flags = IFF_UP;
	link->ifi_change = IFF_UP;
	netlink_put_string(&request, IFLA_IFNAME, name);
	return netlink_talk(nl, &request, NULL, NULL);
}

int wire_address(struct netlink *nl, const char *name, const char *address)
{
	struct netlink_request request;
	struct ifaddrmsg *info;
	struct ip ip;
	int index, error = parse_ip(address, &ip);

	if (!error)
		error = wire_index(nl, name, &index);
	if (error)
		return error;
	info = netlink_start(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL,
			     sizeof(*info));
	info->ifa_family = ip.family;
	info->ifa_prefixlen = ip.prefix;
	info->ifa_flags = ip.family == AF_INET6 ? IFA_F_NODAD : 0;
	info->ifa_index = index;
	netlink_put(&request, IFA_LOCAL, ip.bytes, ip.size);
	netlink_put(&request, IFA_ADDRESS, ip.bytes, ip.size);
	return netlink_talk(nl, &request, NULL, NULL);
}

int wire_neighbour(struct netlink *nl, const char *name, const char *address,
		   const char *link_address)
{
	struct netlink_request request;
	struct ndmsg *info;
	struct ip ip;
	int index, error = parse_ip(address, &ip);

	if (!error)
		error = wire_index(nl, name, &index);
	if (error)
		return error;
	info = netlink_start(&request, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL,
			     sizeof(*info));
	info->ndm_family = ip.family;
	info->ndm_ifindex = index;
	info->ndm_state = NUD_PERMANENT;
	netlink_put(&request, NDA_DST, ip.bytes, ip.size);
	error = put_link_address(&request, NDA_LLADDR, link_address);
	return error ? error : netlink_talk(nl, &request, NULL, NULL);
}

int wire_route(struct netlink *nl, const char *to, const char *gateway)
{
	struct netlink_request request;
	struct ip ip, via;
	struct rtmsg *info;
	int error = parse_ip(to, &ip);

	if (!error)
		error = parse_ip(gateway, &via);
	if (error)
		return error;
	info = netlink_start(&request, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL,
			     sizeof(*info));
	info->rtm_family = ip.family;
	info->rtm_dst_len = ip.prefix;
	info->rtm_table = RT_TABLE_MAIN;
	info->rtm_protocol = RTPROT_BOOT;
	info->rtm_type = RTN_UNICAST;
	netlink_put(&request, RTA_DST, ip.bytes, ip.size);
	netlink_put(&request, RTA_GATEWAY, via.bytes, via.size);
	return netlink_talk(nl, &request, NULL, NULL);
}
