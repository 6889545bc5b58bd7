// SPDX-License-Identifier: GPL-2.0-only
/* The other end of a veth, also in another network namespace. */
#include "where/peer.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdio.h>

/* What one answer tells. */
struct answer {
	char name[IFNAMSIZ];
	int other; /* ifindex of the other end, or 0 */
	bool elsewhere;
	__u32 where; /* the id that our namespace gave that one's */
};

static int read_answer(const struct nlmsghdr *message, void *context)
{
	const struct ifinfomsg *info = NLMSG_DATA(message);
	struct answer *answer = context;
	const struct rtattr *attribute;

	if (message->nlmsg_type != RTM_NEWLINK)
		return 0;
	attribute = netlink_find(message, sizeof(*info), IFLA_IFNAME);
	snprintf(answer->name, sizeof(answer->name), "%s",
		 netlink_string(attribute));
	attribute = netlink_find(message, sizeof(*info), IFLA_LINK);
	answer->other = (int)netlink_u32(attribute);
	attribute = netlink_find(message, sizeof(*info), IFLA_LINK_NETNSID);
	answer->elsewhere = attribute;
	answer->where = netlink_u32(attribute);
	return 0;
}

int peer_name(struct netlink *nl, int ifindex, char name[IFNAMSIZ])
{
	struct answer near = {}, far = {};
	struct netlink_request request;
	struct ifinfomsg *info;
	int error;

	name[0] = '\0';
	info = netlink_start(&request, RTM_GETLINK, 0, sizeof(*info));
	info->ifi_index = ifindex;
	error = netlink_talk(nl, &request, read_answer, &near);
	if (error || !near.other)
		return error;
	info = netlink_start(&request, RTM_GETLINK, 0, sizeof(*info));
	info->ifi_index = near.other;
	if (near.elsewhere)
		netlink_put_u32(&request, IFLA_TARGET_NETNSID, near.where);
	error = netlink_talk(nl, &request, read_answer, &far);
	if (!error)
		snprintf(name, IFNAMSIZ, "%s", far.name);
	return error;
}
