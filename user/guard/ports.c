// SPDX-License-Identifier: GPL-2.0-only
/* Which of a bridge's ports a session's frames come by: neighbours, forwarding database. */
#include "guard/ports.h"

#include <linux/if_ether.h>
#include <linux/neighbour.h>
#include <string.h>

#include "lib/netlink.h"

struct search {
	__u8 mac[ETH_ALEN];
	bool known; /* that one */
	int bridge;
	int port;
};

static int read_neighbour(const struct nlmsghdr *message, void *context)
{
	const struct rtattr *address =
		netlink_find(message, sizeof(struct ndmsg), NDA_LLADDR);
	struct search *search = context;

	if (address && RTA_PAYLOAD(address) == sizeof(search->mac)) {
		memcpy(search->mac, RTA_DATA(address), sizeof(search->mac));
		search->known = true;
	}
	return 0;
}

static int read_entry(const struct nlmsghdr *message, void *context)
{
	const struct ndmsg *entry = NLMSG_DATA(message);
	const struct rtattr *address, *master;
	struct search *search = context;

	address = netlink_find(message, sizeof(*entry), NDA_LLADDR);
	master = netlink_find(message, sizeof(*entry), NDA_MASTER);
	if (!(entry->ndm_flags & NTF_SELF) &&
	    (int)netlink_u32(master) == search->bridge && address &&
	    RTA_PAYLOAD(address) == sizeof(search->mac) &&
	    !memcmp(RTA_DATA(address), search->mac, sizeof(search->mac)))
		search->port = entry->ndm_ifindex;
	return 0;
}

int ports_find(const struct way *way, int bridge)
{
	bool ipv4 = IN6_IS_ADDR_V4MAPPED(&way->next);
	size_t skip = ipv4 ? 12 : 0;
	struct search search = { .bridge = bridge };
	struct netlink_request request;
	struct ndmsg *neighbour;

	if (address_is_none(&way->next))
		return 0;
	neighbour =
		netlink_start(&request, RTM_GETNEIGH, 0, sizeof(*neighbour));
	neighbour->ndm_family = ipv4 ? AF_INET : AF_INET6;
	neighbour->ndm_ifindex = way->index;
	netlink_put(&request, NDA_DST, way->next.s6_addr + skip,
		    sizeof(way->next) - skip);
	if (netlink_ask(&request, read_neighbour, &search) || !search.known)
		return 0;
	neighbour = netlink_start(&request, RTM_GETNEIGH, NLM_F_DUMP,
				  sizeof(*neighbour));
	neighbour->ndm_family = AF_BRIDGE;
	if (netlink_ask(&request, read_entry, &search))
		return 0;
	/* The bridge's own entries are for what it sends itself. */
	return search.port == bridge ? 0 : search.port;
}
