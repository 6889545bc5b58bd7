// SPDX-License-Identifier: GPL-2.0-only
/* A session's ends on the wire, by the kernel's connection tracking. */
#include "guard/conntrack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <stdio.h>
#include <string.h>

#include "lib/netlink.h"

/* The connections of this network namespace. */
#define COUNT "/proc/sys/net/netfilter/nf_conntrack_count"

/* Attributes of addresses, by whether they are of IPv6. */
static const __u16 sources[] = { CTA_IP_V4_SRC, CTA_IP_V6_SRC };
static const __u16 destinations[] = { CTA_IP_V4_DST, CTA_IP_V6_DST };

static __u16 port_in(const struct rtattr *ports, __u16 type)
{
	const struct rtattr *port = netlink_find_in(ports, type);
	__be16 value = 0;

	if (port && RTA_PAYLOAD(port) >= sizeof(value))
		memcpy(&value, RTA_DATA(port), sizeof(value));
	return ntohs(value);
}

static void address_in(struct in6_addr *ip, const struct rtattr *addresses,
		       const __u16 types[2])
{
	const struct rtattr *address = netlink_find_in(addresses, types[0]);

	if (!address)
		address = netlink_find_in(addresses, types[1]);
	*ip = in6addr_any;
	if (address)
		address_from_bytes(ip, RTA_DATA(address), RTA_PAYLOAD(address));
}

/* If it does not follow connections here, or is not loaded, no address is changed. */
static bool is_tracking(void)
{
	FILE *file = fopen(COUNT, "re");
	unsigned int count = 0;

	if (file && fscanf(file, "%u", &count) != 1)
		count = 1;
	if (file)
		fclose(file);
	return count;
}

/* The packets that began it, as they arrived. */
static int read_entry(const struct nlmsghdr *message, void *context)
{
	const struct rtattr *tuple =
		netlink_find(message, sizeof(struct nfgenmsg), CTA_TUPLE_ORIG);
	const struct rtattr *ports = netlink_find_in(tuple, CTA_TUPLE_PROTO);
	const struct rtattr *addresses = netlink_find_in(tuple, CTA_TUPLE_IP);
	struct session *session = context;

	address_in(&session->peer, addresses, sources);
	address_in(&session->server, addresses, destinations);
	session->peer_port = port_in(ports, CTA_PROTO_SRC_PORT);
	session->server_port = port_in(ports, CTA_PROTO_DST_PORT);
	return address_is_none(&session->peer) ||
			       address_is_none(&session->server) ||
			       !session->peer_port || !session->server_port ?
		       -EBADMSG :
		       0;
}

/* What is known of it is what the answers have: they are sent from our socket. */
static int ask(const struct session *session, struct session *found)
{
	bool ipv4 = IN6_IS_ADDR_V4MAPPED(&session->peer);
	size_t skip = ipv4 ? 12 : 0, size = sizeof(session->peer) - skip;
	__be16 from = htons(session->server_port);
	__be16 to = htons(session->peer_port);
	__u8 protocol = session->protocol;
	struct netlink nl = { .fd = -1, .protocol = NETLINK_NETFILTER };
	struct netlink_request request;
	struct rtattr *tuple, *part;
	struct nfgenmsg *header;
	int error;

	header = netlink_start(&request,
			       NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET,
			       0, sizeof(*header));
	header->nfgen_family = ipv4 ? AF_INET : AF_INET6;
	tuple = netlink_nest(&request, CTA_TUPLE_REPLY | NLA_F_NESTED);
	part = netlink_nest(&request, CTA_TUPLE_IP | NLA_F_NESTED);
	netlink_put(&request, sources[!ipv4], session->server.s6_addr + skip,
		    size);
	netlink_put(&request, destinations[!ipv4], session->peer.s6_addr + skip,
		    size);
	netlink_nest_end(&request, part);
	part = netlink_nest(&request, CTA_TUPLE_PROTO | NLA_F_NESTED);
	netlink_put(&request, CTA_PROTO_NUM, &protocol, sizeof(protocol));
	netlink_put(&request, CTA_PROTO_SRC_PORT, &from, sizeof(from));
	netlink_put(&request, CTA_PROTO_DST_PORT, &to, sizeof(to));
	netlink_nest_end(&request, part);
	netlink_nest_end(&request, tuple);
	error = netlink_talk(&nl, &request, read_entry, found);
	netlink_close(&nl);
	return error;
}

void conntrack_ends(struct session *session)
{
	bool connected = session->peer_port && session->server_port;
	struct session found = *session;

	if (connected && !is_tracking())
		return;
	if (connected && !ask(session, &found)) {
		*session = found;
		return;
	}
	session->server = in6addr_any;
	session->server_port = 0;
}
