// SPDX-License-Identifier: GPL-2.0-only
/* The interfaces by which a session's packets enter or leave: routes and addresses. */
#include "guard/ways.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/fib_rules.h>
#include <net/if.h>
#include <stdlib.h>

#include "lib/grow.h"
#include "lib/netlink.h"

#define LOOPBACK 1 /* its ifindex in every namespace */

struct search {
	const struct session *session;
	struct ways *ways;
	bool local; /* the peer is ourselves */
};

static int add(struct ways *ways, int index, const struct in6_addr *next)
{
	struct way way = { .index = index, .next = *next };

	return index ? grow_list(&ways->list, &ways->count, &way, sizeof(way)) :
		       0;
}

/* Adds a route's interface and next hop: the router, or the peer if there is none. */
static int add_route(struct search *search, int index,
		     const struct rtattr *gateway)
{
	struct in6_addr next = search->session->peer;

	if (gateway)
		address_from_bytes(&next, RTA_DATA(gateway),
				   RTA_PAYLOAD(gateway));
	return add(search->ways, search->local ? LOOPBACK : index, &next);
}

static int read_route(const struct nlmsghdr *message, void *context)
{
	const struct rtmsg *route = NLMSG_DATA(message);
	const struct rtattr *oif, *paths, *gateway;
	struct search *search = context;
	const struct rtnexthop *hop;
	int left, error;

	search->local = route->rtm_type == RTN_LOCAL;
	oif = netlink_find(message, sizeof(*route), RTA_OIF);
	gateway = netlink_find(message, sizeof(*route), RTA_GATEWAY);
	error = add_route(search, (int)netlink_u32(oif), gateway);
	paths = netlink_find(message, sizeof(*route), RTA_MULTIPATH);
	hop = paths ? RTA_DATA(paths) : NULL;
	left = paths ? (int)RTA_PAYLOAD(paths) : 0;
	while (!error && left >= (int)sizeof(*hop) && RTNH_OK(hop, left)) {
		error = add(search->ways, hop->rtnh_ifindex, &in6addr_any);
		left -= RTNH_ALIGN(hop->rtnh_len);
		hop = RTNH_NEXT(hop);
	}
	return error;
}

/* Only RTM_F_FIB_MATCH tells all paths, only without it always a device. */
static int ask_route(struct search *search, const struct in6_addr *from,
		     unsigned int flags)
{
	const struct in6_addr *to = &search->session->peer;
	bool ipv4 = IN6_IS_ADDR_V4MAPPED(to);
	size_t skip = ipv4 ? 12 : 0, size = sizeof(*to) - skip;
	struct netlink_request request;
	struct rtmsg *route;

	route = netlink_start(&request, RTM_GETROUTE, 0, sizeof(*route));
	route->rtm_family = ipv4 ? AF_INET : AF_INET6;
	route->rtm_flags = flags;
	route->rtm_dst_len = size * 8;
	netlink_put(&request, RTA_DST, to->s6_addr + skip, size);
	route->rtm_src_len = size * 8;
	netlink_put(&request, RTA_SRC, from->s6_addr + skip, size);
	return netlink_ask(&request, read_route, search);
}

/* An error of the kernel that is not about the route. */
static bool is_lost(int error)
{
	return error == -ENOBUFS || error == -ENOMEM || error == -EMFILE;
}

static int add_routes(struct search *search)
{
	const struct in6_addr *from = &search->session->server;
	int error;

	/* Rules for our address count first, unless it is not ours any more. */
	error = ask_route(search, from, 0);
	if (error && !is_lost(error)) {
		from = &in6addr_any;
		error = ask_route(search, from, 0);
	}
	if (!is_lost(error))
		error = ask_route(search, from, RTM_F_FIB_MATCH);
	/* Without a route there is no session. */
	return is_lost(error) ? error : 0;
}

/* Is it the one with our address, or, if we do not know that, one that others can reach? */
static bool is_ours(const struct session *session, const struct ifaddrs *at)
{
	struct in6_addr ip;

	if (!at->ifa_addr)
		return false;
	address_from_name(&ip, at->ifa_addr, sizeof(struct sockaddr_in6));
	if (!address_is_none(&session->server))
		return IN6_ARE_ADDR_EQUAL(&ip, &session->server);
	return address_is_none(&session->peer) && !address_is_none(&ip) &&
	       !IN6_IS_ADDR_LINKLOCAL(&ip) && !(at->ifa_flags & IFF_LOOPBACK);
}

static int add_owners(struct search *search)
{
	struct ifaddrs *list = NULL, *at;
	int error = 0;

	getifaddrs(&list);
	for (at = list; at && !error; at = at->ifa_next) {
		if (is_ours(search->session, at))
			error = add(search->ways,
				    (int)if_nametoindex(at->ifa_name),
				    &in6addr_any);
	}
	freeifaddrs(list);
	return error;
}

/* Adds the one where it began, instead of the routes, or beside them. */
static int add_arrival(struct search *search, bool instead)
{
	struct way way = { .index = search->session->arrival };
	struct ways *ways = search->ways;
	size_t i;

	for (i = 0; i < ways->count; i++) {
		if (ways->list[i].index == way.index)
			way.next = ways->list[i].next;
	}
	if (instead)
		ways->count = 0;
	return add(ways, way.index, &way.next);
}

static int read_rule(const struct nlmsghdr *message, void *context)
{
	if (netlink_find(message, sizeof(struct fib_rule_hdr), FRA_FWMARK))
		*(bool *)context = true;
	return 0;
}

/* A firewall's mark may send answers back where the requests came from. */
static bool marks_route(bool ipv4)
{
	struct netlink_request request;
	struct fib_rule_hdr *rule;
	bool found = false;

	rule = netlink_start(&request, RTM_GETRULE, NLM_F_DUMP, sizeof(*rule));
	rule->family = ipv4 ? AF_INET : AF_INET6;
	netlink_ask(&request, read_rule, &found);
	return found;
}

int ways_find(const struct session *session, bool leaving, struct ways *ways)
{
	struct search search = { .session = session, .ways = ways };
	bool somebody = !address_is_none(&session->peer);
	int error = 0;

	*ways = (struct ways){};
	/* Every interface has a route to link-local addresses. */
	if (session->bound)
		return add(ways, session->bound, &session->peer);
	if (somebody)
		error = add_routes(&search);
	if (error || search.local ||
	    (leaving && somebody &&
	     !marks_route(IN6_IS_ADDR_V4MAPPED(&session->peer))))
		return error;
	return session->arrival ? add_arrival(&search, !leaving) :
				  add_owners(&search);
}
