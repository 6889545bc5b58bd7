// SPDX-License-Identifier: GPL-2.0-only
/* What carries a session's packets outside of WireGuard: the endpoint of its peer. */
#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <string.h>

#include "guard/tunnels.h"
#include "lib/address.h"
#include "lib/netlink.h"

struct search {
	const struct session *session;
	int best; /* bits of the allowed address that fits best, as IPv6; -1: none */
	struct session carrier;
	/* A peer with many allowed addresses continues in the next message, without endpoint. */
	__u8 key[WG_KEY_LEN];
	struct session current;
};

static int read_family(const struct nlmsghdr *message, void *context)
{
	const struct rtattr *id = netlink_find(
		message, sizeof(struct genlmsghdr), CTRL_ATTR_FAMILY_ID);

	if (id && RTA_PAYLOAD(id) >= sizeof(__u16))
		memcpy(context, RTA_DATA(id), sizeof(__u16));
	return 0;
}

/* Bits of an allowed address if the session's peer is among it, else -1. */
static int read_allowed(const struct rtattr *allowed, const struct in6_addr *ip)
{
	static const __u8 mapped[12] = { [10] = 0xff, [11] = 0xff };
	const struct rtattr *address =
		netlink_find_in(allowed, WGALLOWEDIP_A_IPADDR);
	int bits =
		netlink_u8(netlink_find_in(allowed, WGALLOWEDIP_A_CIDR_MASK));
	size_t size = address ? RTA_PAYLOAD(address) : 0;
	struct in6_addr prefix = {};

	if (size == 4) {
		memcpy(prefix.s6_addr, mapped, sizeof(mapped));
		memcpy(prefix.s6_addr + 12, RTA_DATA(address), size);
		bits += 96;
	} else if (size == sizeof(prefix)) {
		memcpy(prefix.s6_addr, RTA_DATA(address), size);
	}
	return size && bits <= 128 && address_fits(&prefix, ip, bits) ? bits :
									-1;
}

static void read_peer(struct search *search, const struct rtattr *peer)
{
	const struct rtattr *key = netlink_find_in(peer, WGPEER_A_PUBLIC_KEY);
	const struct rtattr *end = netlink_find_in(peer, WGPEER_A_ENDPOINT);
	const struct rtattr *list = netlink_find_in(peer, WGPEER_A_ALLOWEDIPS);
	struct session *current = &search->current;
	const struct rtattr *allowed;
	int left, bits;

	if (!key || RTA_PAYLOAD(key) < sizeof(search->key))
		return;
	if (memcmp(search->key, RTA_DATA(key), sizeof(search->key))) {
		memcpy(search->key, RTA_DATA(key), sizeof(search->key));
		*current = (struct session){ .protocol = IPPROTO_UDP };
	}
	if (end)
		current->bound = address_from_name(
			&current->peer, RTA_DATA(end), RTA_PAYLOAD(end));
	if (!list)
		return;
	left = (int)RTA_PAYLOAD(list);
	for (allowed = RTA_DATA(list); RTA_OK(allowed, left);
	     allowed = RTA_NEXT(allowed, left)) {
		bits = read_allowed(allowed, &search->session->peer);
		if (bits > search->best) {
			search->best = bits;
			search->carrier = *current;
		}
	}
}

static int read_device(const struct nlmsghdr *message, void *context)
{
	const struct rtattr *list = netlink_find(
		message, sizeof(struct genlmsghdr), WGDEVICE_A_PEERS);
	const struct rtattr *peer;
	int left;

	if (!list)
		return 0;
	left = (int)RTA_PAYLOAD(list);
	for (peer = RTA_DATA(list); RTA_OK(peer, left);
	     peer = RTA_NEXT(peer, left))
		read_peer(context, peer);
	return 0;
}

/* Returns 0 or a negative errno. */
static int ask(struct netlink *nl, int index, struct search *search)
{
	struct netlink_request request;
	struct genlmsghdr *header;
	__u16 family = 0;
	int error;

	header = netlink_start(&request, GENL_ID_CTRL, 0, sizeof(*header));
	header->cmd = CTRL_CMD_GETFAMILY;
	header->version = 1;
	netlink_put_string(&request, CTRL_ATTR_FAMILY_NAME, WG_GENL_NAME);
	error = netlink_talk(nl, &request, read_family, &family);
	if (error)
		return error;
	header = netlink_start(&request, family, NLM_F_DUMP, sizeof(*header));
	header->cmd = WG_CMD_GET_DEVICE;
	header->version = WG_GENL_VERSION;
	netlink_put_u32(&request, WGDEVICE_A_IFINDEX, index);
	return netlink_talk(nl, &request, read_device, search);
}

int wireguard_carriers(int index, const struct session *session,
		       struct sessions *carriers)
{
	struct search search = { .session = session, .best = -1 };
	struct netlink nl = { .fd = -1, .protocol = NETLINK_GENERIC };
	int error = ask(&nl, index, &search);

	netlink_close(&nl);
	/* A peer without an endpoint has not connected yet. */
	if (error || search.best < 0 || address_is_none(&search.carrier.peer))
		return error;
	return sessions_add(carriers, &search.carrier);
}
