// SPDX-License-Identifier: GPL-2.0-only
/* The packets that carry a session through a tunnel; here, if rtnetlink has the ends. */
#include "guard/tunnels.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <linux/neighbour.h>
#include <string.h>

#include "lib/macros.h"
#include "lib/netlink.h"

/*
 * A kind of tunnel, what IP carries then, and which of its attributes are the remote and
 * the local address, the interface it sends by, and the kind of UDP around it all (FOU,
 * GUE). 0: it has none.
 */
struct kind {
	const char *name;
	int protocol;
	__u16 remote[2]; /* for IPv4 and IPv6, if they are not the same one */
	__u16 local[2];
	__u16 link;
	__u16 encap;
};

/* clang-format off */
#define GRE(name) { name, IPPROTO_GRE, { IFLA_GRE_REMOTE }, { IFLA_GRE_LOCAL }, \
		IFLA_GRE_LINK, IFLA_GRE_ENCAP_TYPE }
#define IPTUN(name, protocol) { name, protocol, { IFLA_IPTUN_REMOTE }, { IFLA_IPTUN_LOCAL }, \
		IFLA_IPTUN_LINK, IFLA_IPTUN_ENCAP_TYPE }
#define VTI(name) { name, IPPROTO_ESP, { IFLA_VTI_REMOTE }, { IFLA_VTI_LOCAL }, \
		IFLA_VTI_LINK, 0 }
/* clang-format on */

static const struct kind kinds[] = {
	{ "vxlan",
	  IPPROTO_UDP,
	  { IFLA_VXLAN_GROUP, IFLA_VXLAN_GROUP6 },
	  { IFLA_VXLAN_LOCAL, IFLA_VXLAN_LOCAL6 },
	  IFLA_VXLAN_LINK,
	  0 },
	{ "geneve",
	  IPPROTO_UDP,
	  { IFLA_GENEVE_REMOTE, IFLA_GENEVE_REMOTE6 },
	  {},
	  0,
	  0 },
	{ "bareudp", IPPROTO_UDP, {}, {}, 0, 0 }, /* its routes tell */
	GRE("gre"),
	GRE("gretap"),
	GRE("erspan"),
	GRE("ip6gre"),
	GRE("ip6gretap"),
	GRE("ip6erspan"),
	IPTUN("ipip", IPPROTO_IPIP),
	IPTUN("sit", IPPROTO_IPV6),
	IPTUN("ip6tnl", IPPROTO_IPV6),
	VTI("vti"),
	VTI("vti6"),
	{ "xfrm", IPPROTO_ESP, {}, {}, IFLA_XFRM_LINK, 0 },
	{ "macsec", IPPROTO_RAW, {}, {}, 0, 0 }, /* an Ethernet type of its own */
	{ "wireguard", IPPROTO_UDP, {}, {}, 0, 0 },
	{ "tun", 0, {}, {}, 0, 0 }, /* decided by its process */
};

static const struct kind *kind_of(const struct interface *interface)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!strcmp(interface->kind, kinds[i].name))
			return &kinds[i];
	}
	return NULL;
}

bool tunnel_is(const struct interface *interface)
{
	return kind_of(interface);
}

struct search {
	const struct kind *kind;
	int index;
	struct session carrier;
	struct sessions *carriers;
	__u8 family; /* of the dump of neighbours */
};

/* The first of both that is present. */
static void read_address(struct in6_addr *ip, const struct rtattr *data,
			 const __u16 types[2])
{
	const struct rtattr *attribute;
	size_t i;

	*ip = in6addr_any;
	for (i = 0; i < 2 && types[i] && address_is_none(ip); i++) {
		attribute = netlink_find_in(data, types[i]);
		if (attribute)
			address_from_bytes(ip, RTA_DATA(attribute),
					   RTA_PAYLOAD(attribute));
	}
}

static bool is_group(const struct in6_addr *ip)
{
	return IN6_IS_ADDR_MULTICAST(ip) ||
	       (IN6_IS_ADDR_V4MAPPED(ip) && ip->s6_addr[12] >> 4 == 0xe);
}

static int read_link(const struct nlmsghdr *message, void *context)
{
	const struct rtattr *about, *data;
	struct search *search = context;
	const struct kind *kind = search->kind;
	struct session *carrier = &search->carrier;

	about = netlink_find(message, sizeof(struct ifinfomsg), IFLA_LINKINFO);
	data = netlink_find_in(about, IFLA_INFO_DATA);
	read_address(&carrier->peer, data, kind->remote);
	read_address(&carrier->server, data, kind->local);
	/* Members of a multicast group send from addresses of their own. */
	if (is_group(&carrier->peer))
		carrier->peer = in6addr_any;
	if (kind->link)
		carrier->bound =
			(int)netlink_u32(netlink_find_in(data, kind->link));
	if (kind->encap &&
	    netlink_u8(netlink_find_in(data, kind->encap)) != TUNNEL_ENCAP_NONE)
		carrier->protocol = IPPROTO_UDP;
	return 0;
}

/* A device with many remote ends has them as neighbours. */
static int read_neighbour(const struct nlmsghdr *message, void *context)
{
	const struct ndmsg *neighbour = NLMSG_DATA(message);
	struct search *search = context;
	struct session carrier = search->carrier;
	const struct rtattr *end;

	end = netlink_find(message, sizeof(*neighbour),
			   search->family == AF_BRIDGE ? NDA_DST : NDA_LLADDR);
	if (neighbour->ndm_ifindex != search->index || !end)
		return 0;
	address_from_bytes(&carrier.peer, RTA_DATA(end), RTA_PAYLOAD(end));
	if (address_is_none(&carrier.peer) || is_group(&carrier.peer))
		return 0;
	return sessions_add(search->carriers, &carrier);
}

static int add_neighbours(struct search *search, const __u8 *families,
			  size_t count)
{
	struct netlink_request request;
	struct ndmsg *neighbour;
	int error = 0;
	size_t i;

	for (i = 0; i < count && !error; i++) {
		search->family = families[i];
		neighbour = netlink_start(&request, RTM_GETNEIGH, NLM_F_DUMP,
					  sizeof(*neighbour));
		neighbour->ndm_family = families[i];
		error = netlink_ask(&request, read_neighbour, search);
		/* The change that interrupted the dump was not our session's. */
		if (error == -EAGAIN || error == -EOPNOTSUPP)
			error = 0;
	}
	return error;
}

int tunnel_carriers(const struct interface *tunnel,
		    const struct session *session, struct sessions *carriers)
{
	static const __u8 bridge[] = { AF_BRIDGE };
	static const __u8 ip[] = { AF_INET, AF_INET6 };
	struct search search = {
		.kind = kind_of(tunnel),
		.index = tunnel->index,
		.carriers = carriers,
	};
	bool vxlan = !strcmp(tunnel->kind, "vxlan");
	struct netlink_request request;
	size_t before = carriers->count;
	struct ifinfomsg *info;
	int error;

	if (!strcmp(tunnel->kind, "wireguard"))
		return wireguard_carriers(tunnel->index, session, carriers);
	if (!strcmp(tunnel->kind, "tun"))
		return tun_carriers(tunnel->name, carriers);
	search.carrier.protocol = search.kind->protocol;
	info = netlink_start(&request, RTM_GETLINK, 0, sizeof(*info));
	info->ifi_index = tunnel->index;
	error = netlink_ask(&request, read_link, &search);
	if (!strcmp(tunnel->kind, "macsec"))
		search.carrier.bound = tunnel->lower;
	if (!error && vxlan && !search.carrier.bound)
		error = add_neighbours(&search, bridge, ARRAY_SIZE(bridge));
	else if (!error && !search.carrier.bound &&
		 address_is_none(&search.carrier.peer))
		error = add_neighbours(&search, ip, ARRAY_SIZE(ip));
	/* The one it was made with; or, if there is none at all, anybody. */
	if (!error && (!address_is_none(&search.carrier.peer) ||
		       carriers->count == before))
		error = sessions_add(carriers, &search.carrier);
	return error;
}
