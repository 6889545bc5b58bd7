// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the guard makes of the kernel's answers about tunnels, WireGuard's peers, bridges' ports
 * and routes: few machines have all of these. The answers are made up. Undefined behaviour
 * traps here, see Makefile.
 */
#include <string.h>
#include "frames/ktap.h"
#include "lib/netlink.h"
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#define netlink_ask real_ask
#define netlink_talk real_talk
#include "lib/netlink.c"
#undef netlink_ask
#undef netlink_talk
#pragma GCC diagnostic pop
#include "guard/session.c"
#define search tunnel_search
#define read_neighbour read_tunnel_neighbour
#include "guard/tunnels.c"
#undef search
#undef read_neighbour
#define search wireguard_search
#include "guard/wireguard.c"
#undef search
#define search port_search
#include "guard/ports.c"
#undef search
#define search way_search
#include "guard/ways.c"
#undef search

#define TUNNEL 9 /* ifindex of the tunnel, or of the bridge */
#define FAMILY 31 /* WireGuard's of generic netlink */

static struct netlink_request answers[8];
static size_t answer_count;
static int failing, error_then; /* a type of request that fails, and how */

static void start(void)
{
	answer_count = 0;
	failing = 0;
}

/* Another answer. @first: the request's first byte: a family, or a command */
static void *answer(__u16 type, size_t size, __u8 first)
{
	__u8 *fixed = netlink_start(&answers[answer_count++], type, 0, size);

	*fixed = first;
	return fixed;
}

static void has(__u16 type, const void *data, size_t size)
{
	netlink_put(&answers[answer_count - 1], type, data, size);
}

static struct rtattr *opens(__u16 type)
{
	return netlink_nest(&answers[answer_count - 1], type);
}

static void closes(struct rtattr *nest)
{
	netlink_nest_end(&answers[answer_count - 1], nest);
}

static void read_ip(struct in6_addr *ip, const char *text)
{
	char copy[INET6_ADDRSTRLEN];

	snprintf(copy, sizeof(copy), "%s", text);
	address_from_text(ip, copy);
}

static void has_address(__u16 type, const char *text)
{
	struct in6_addr ip;
	size_t skip;

	read_ip(&ip, text);
	skip = IN6_IS_ADDR_V4MAPPED(&ip) ? 12 : 0;
	has(type, ip.s6_addr + skip, sizeof(ip) - skip);
}

int netlink_ask(struct netlink_request *request, netlink_reader reader,
		void *context)
{
	const struct nlmsghdr *asked = &request->header, *told;
	int error = 0;
	size_t i;

	if (asked->nlmsg_type == failing)
		return error_then;
	for (i = 0; i < answer_count && !error; i++) {
		told = &answers[i].header;
		if (told->nlmsg_type == asked->nlmsg_type &&
		    *(__u8 *)NLMSG_DATA(told) == *(__u8 *)NLMSG_DATA(asked))
			error = reader(told, context);
	}
	return error;
}

int netlink_talk(struct netlink *nl, struct netlink_request *request,
		 netlink_reader reader, void *context)
{
	nl->fd = -1;
	return netlink_ask(request, reader, context);
}

/* Found by processes, not by the kernel's answers. */
int tun_carriers(const char *name, struct sessions *carriers)
{
	struct session carrier = { .bound = (int)strlen(name) };

	return sessions_add(carriers, &carrier);
}

/* Each carrier as "PROTOCOL PEER BOUND;". */
static const char *carriers_of(const char *kind, const char *peer)
{
	static char text[512];
	struct interface tunnel = { .name = "tun7",
				    .index = TUNNEL,
				    .lower = 4 };
	struct sessions carriers = {};
	struct session session = {};
	char ip[INET6_ADDRSTRLEN];
	size_t i, length = 0;
	int error;

	snprintf(tunnel.kind, sizeof(tunnel.kind), "%s", kind);
	read_ip(&session.peer, peer);
	if (!tunnel_is(&tunnel))
		return "not a tunnel";
	error = tunnel_carriers(&tunnel, &session, &carriers);
	snprintf(text, sizeof(text), "%s", error ? strerror(-error) : "");
	for (i = 0; i < carriers.count && !error; i++)
		length += snprintf(text + length, sizeof(text) - length,
				   "%d %s %d;", carriers.list[i].protocol,
				   address_text(&carriers.list[i].peer, ip),
				   carriers.list[i].bound);
	free(carriers.list);
	return text;
}

static void expect(const char *name, const char *got, const char *wanted)
{
	if (!ktap_point(!strcmp(got, wanted), name))
		printf("# expected '%s', got '%s'\n", wanted, got);
}

static const struct tunnel_case {
	const char *name, *kind;
	int type; /* of the attribute that has the remote address */
	const char *remote;
	int link, encap; /* types of attributes; 0: there is none */
	const char *carriers;
} tunnels[] = {
	{ "GRE", "gre", IFLA_GRE_REMOTE, "203.0.113.9", 0, 0,
	  "47 203.0.113.9 0;" },
	{ "GRE by one interface", "gretap", IFLA_GRE_REMOTE, "203.0.113.9",
	  IFLA_GRE_LINK, 0, "47 203.0.113.9 5;" },
	{ "ipip in UDP", "ipip", IFLA_IPTUN_REMOTE, "203.0.113.9", 0,
	  IFLA_IPTUN_ENCAP_TYPE, "17 203.0.113.9 0;" },
	{ "VXLAN over IPv6", "vxlan", IFLA_VXLAN_GROUP6, "2001:db8::9", 0, 0,
	  "17 203.0.113.7 0;17 2001:db8::9 0;" },
	{ "VXLAN, a group", "vxlan", IFLA_VXLAN_GROUP, "239.1.1.1", 0, 0,
	  "17 203.0.113.7 0;" },
	{ "VXLAN, a group of IPv6", "vxlan", IFLA_VXLAN_GROUP6, "ff05::1",
	  IFLA_VXLAN_LINK, 0, "17 :: 5;" },
	{ "GRE to anywhere", "gre", 0, NULL, 0, 0,
	  "47 198.51.100.7 0;47 2001:db8::7 0;" },
	{ "MACsec", "macsec", 0, NULL, 0, 0, "255 :: 4;" },
	{ "tun", "tun", 0, NULL, 0, 0, "0 :: 4;" },
	{ "a VLAN", "vlan", 0, NULL, 0, 0, "not a tunnel" },
};

static void neighbour(__u8 family, int index, __u16 type, const char *end)
{
	struct ndmsg *told = answer(RTM_GETNEIGH, sizeof(*told), family);

	told->ndm_ifindex = index;
	if (end)
		has_address(type, end);
}

static void tunnel_answers(const struct tunnel_case *wanted)
{
	struct rtattr *about, *data;

	start();
	answer(RTM_GETLINK, sizeof(struct ifinfomsg), 0);
	about = opens(IFLA_LINKINFO);
	data = opens(IFLA_INFO_DATA);
	if (wanted->remote)
		has_address(wanted->type, wanted->remote);
	if (wanted->link)
		has(wanted->link, &(__u32){ 5 }, sizeof(__u32));
	if (wanted->encap)
		has(wanted->encap, &(__u16){ htole16(TUNNEL_ENCAP_FOU) },
		    sizeof(__u16));
	closes(data);
	closes(about);
	neighbour(AF_BRIDGE, TUNNEL, NDA_DST, "203.0.113.7");
	neighbour(AF_BRIDGE, TUNNEL, NDA_DST, "239.1.1.1");
	neighbour(AF_BRIDGE, TUNNEL, NDA_DST, "0.0.0.0");
	neighbour(AF_BRIDGE, TUNNEL + 1, NDA_DST, "203.0.113.8");
	neighbour(AF_BRIDGE, TUNNEL, NDA_DST, NULL);
	neighbour(AF_INET, TUNNEL, NDA_LLADDR, "198.51.100.7");
	neighbour(AF_INET6, TUNNEL, NDA_LLADDR, "2001:db8::7");
}

static void test_tunnels(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tunnels); i++) {
		tunnel_answers(&tunnels[i]);
		expect(tunnels[i].name, carriers_of(tunnels[i].kind, "::"),
		       tunnels[i].carriers);
	}
	start();
	expect("nothing is known: anybody", carriers_of("bareudp", "::"),
	       "17 :: 0;");
	failing = RTM_GETNEIGH;
	error_then = -EAGAIN;
	expect("a disturbed dump", carriers_of("vxlan", "::"), "17 :: 0;");
	error_then = -ENOMEM;
	expect("no memory", carriers_of("gre", "::"), strerror(ENOMEM));
}

/* A peer of WireGuard's. @key: its bytes; @bits: less than 0: no address is allowed */
static void peer(int key, const char *end, const char *allowed, int bits)
{
	struct sockaddr_in name = { .sin_family = AF_INET };
	struct rtattr *one = opens(0), *list, *entry;
	char bytes[WG_KEY_LEN];

	memset(bytes, key, sizeof(bytes));
	has(WGPEER_A_PUBLIC_KEY, bytes, sizeof(bytes));
	if (end && inet_pton(AF_INET, end, &name.sin_addr) == 1)
		has(WGPEER_A_ENDPOINT, &name, sizeof(name));
	if (bits >= 0) {
		list = opens(WGPEER_A_ALLOWEDIPS);
		entry = opens(0);
		has_address(WGALLOWEDIP_A_IPADDR, allowed);
		has(WGALLOWEDIP_A_CIDR_MASK, &(__u8){ bits }, 1);
		closes(entry);
		closes(list);
	}
	closes(one);
}

static void wireguard_answers(void)
{
	struct rtattr *list;

	start();
	answer(GENL_ID_CTRL, sizeof(struct genlmsghdr), CTRL_CMD_GETFAMILY);
	has(CTRL_ATTR_FAMILY_ID, &(__u16){ FAMILY }, sizeof(__u16));
	answer(FAMILY, sizeof(struct genlmsghdr), WG_CMD_GET_DEVICE);
	list = opens(WGDEVICE_A_PEERS);
	peer(1, "203.0.113.1", "192.0.2.0", 24);
	peer(2, "203.0.113.2", "192.0.2.128", 25);
	peer(3, NULL, "192.0.2.192", 33);
	peer(5, "203.0.113.5", NULL, -1);
	closes(list);
	/* The last peer goes on, with no endpoint now. */
	answer(FAMILY, sizeof(struct genlmsghdr), WG_CMD_GET_DEVICE);
	list = opens(WGDEVICE_A_PEERS);
	peer(5, NULL, "2001:db8::", 32);
	peer(6, NULL, "198.51.100.0", 24);
	closes(list);
	answer(FAMILY, sizeof(struct genlmsghdr), WG_CMD_GET_DEVICE);
}

static void test_wireguard(void)
{
	wireguard_answers();
	expect("WireGuard: the longest prefix",
	       carriers_of("wireguard", "192.0.2.200"), "17 203.0.113.2 0;");
	expect("WireGuard: the shorter one",
	       carriers_of("wireguard", "192.0.2.2"), "17 203.0.113.1 0;");
	expect("WireGuard: a peer in two messages",
	       carriers_of("wireguard", "2001:db8::1"), "17 203.0.113.5 0;");
	expect("WireGuard: a peer that has not connected",
	       carriers_of("wireguard", "198.51.100.1"), "");
	failing = GENL_ID_CTRL;
	error_then = -ENOENT;
	expect("WireGuard: no such family",
	       carriers_of("wireguard", "192.0.2.2"), strerror(ENOENT));
}

static void entry(int port, __u8 flags, __u32 master, const char *mac)
{
	struct ndmsg *told = answer(RTM_GETNEIGH, sizeof(*told), AF_BRIDGE);

	told->ndm_ifindex = port;
	told->ndm_flags = flags;
	has(NDA_MASTER, &master, sizeof(master));
	if (mac)
		has(NDA_LLADDR, mac, ETH_ALEN);
}

static bool is_port(const char *next, int wanted)
{
	struct way way = { .index = TUNNEL };

	read_ip(&way.next, next);
	return ports_find(&way, TUNNEL) == wanted;
}

static void test_ports(void)
{
	bool ok;

	start();
	ok = is_port("::", 0) && is_port("192.0.2.1", 0);
	neighbour(AF_INET, TUNNEL, 0, NULL);
	has(NDA_LLADDR, "router", ETH_ALEN);
	ok = ok && is_port("192.0.2.1", 0);
	entry(3, NTF_SELF, TUNNEL, "router");
	entry(4, 0, TUNNEL + 1, "router");
	entry(5, 0, TUNNEL, "others");
	entry(6, 0, TUNNEL, NULL);
	ok = ok && is_port("192.0.2.1", 0);
	entry(7, 0, TUNNEL, "router");
	ok = ok && is_port("192.0.2.1", 7) && is_port("2001:db8::1", 0);
	entry(TUNNEL, 0, TUNNEL, "router");
	ktap_point(ok && is_port("192.0.2.1", 0),
		   "a bridge's port: by its neighbours and entries");
}

/* The interfaces as "INDEX NEXT;". */
static const char *ways_of(const struct session *session, bool leaving)
{
	static char text[256];
	char ip[INET6_ADDRSTRLEN];
	size_t i, length = 0;
	struct ways ways;
	int error = ways_find(session, leaving, &ways);

	snprintf(text, sizeof(text), "%s", error ? strerror(-error) : "");
	for (i = 0; i < ways.count && !error; i++)
		length += snprintf(text + length, sizeof(text) - length,
				   "%d %s;", ways.list[i].index,
				   address_text(&ways.list[i].next, ip));
	free(ways.list);
	return text;
}

static void test_ways(void)
{
	struct rtnexthop hops[] = { { .rtnh_len = 8, .rtnh_ifindex = 4 },
				    { .rtnh_len = 8, .rtnh_ifindex = 5 },
				    { .rtnh_len = 3 } };
	struct session session = { .bound = 0 };
	struct rtmsg *route;

	read_ip(&session.peer, "192.0.2.1");
	start();
	route = answer(RTM_GETROUTE, sizeof(*route), AF_INET);
	has(RTA_OIF, &(__u32){ 3 }, sizeof(__u32));
	has_address(RTA_GATEWAY, "198.51.100.1");
	has(RTA_MULTIPATH, hops, sizeof(hops));
	expect("what leaves: all paths of a route", ways_of(&session, true),
	       "3 198.51.100.1;4 ::;5 ::;3 198.51.100.1;4 ::;5 ::;");
	session.arrival = 4;
	expect("what arrives: where it began", ways_of(&session, false),
	       "4 ::;");
	answer(RTM_GETRULE, sizeof(struct fib_rule_hdr), AF_INET);
	has(FRA_FWMARK, &(__u32){ 1 }, sizeof(__u32));
	expect("what leaves, by a mark: there, too", ways_of(&session, true),
	       "3 198.51.100.1;4 ::;5 ::;3 198.51.100.1;4 ::;5 ::;4 ::;");
	route->rtm_type = RTN_LOCAL;
	session.arrival = 0;
	expect("the peer is ourselves", ways_of(&session, false),
	       "1 198.51.100.1;4 ::;5 ::;1 198.51.100.1;4 ::;5 ::;");
	failing = RTM_GETROUTE;
	error_then = -ENOBUFS;
	expect("an answer is lost", ways_of(&session, true), strerror(ENOBUFS));
	session.bound = 6;
	expect("it is bound", ways_of(&session, true), "6 192.0.2.1;");
}

int main(void)
{
	ktap_begin();
	ksft_set_plan(ARRAY_SIZE(tunnels) + 3 + 5 + 1 + 6);
	test_tunnels();
	test_wireguard();
	test_ports();
	test_ways();
	ksft_finished();
}
