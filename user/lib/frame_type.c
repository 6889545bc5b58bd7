// SPDX-License-Identifier: GPL-2.0-only
/* What an interface's frames start with, and whether the programs find IP in them. */
#include "lib/frame_type.h"

#include <linux/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "drop_abi.h"
#include "lib/macros.h"

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

const char *interface_why_strange(const struct interface *interface)
{
	static char text[80];

	if (interface->outer)
		return "its frames start with an outer header, as it has no fixed remote address";
	if (interface->mpls)
		return "its frames carry MPLS";
	if (interface_frame_type(interface) != TYPE_ETHERNET ||
	    interface->type == ARPHRD_ETHER ||
	    interface->type == ARPHRD_LOOPBACK)
		return NULL;
	snprintf(
		text, sizeof(text),
		"its frames (ARPHRD type %u) are neither Ethernet nor plain IP",
		interface->type);
	return text;
}

bool interface_arrives_wrapped(const struct interface *interface)
{
	static const char *const kinds[] = { "ipip",   "sit",	 "gre",
					     "ip6gre", "ip6tnl", "bareudp" };
	int version = 0, patchlevel = 0;
	struct utsname system;
	size_t i = 0;

	/* By its kind: "external" ones have the ARPHRD type of a tun. */
	while (i < ARRAY_SIZE(kinds) && strcmp(interface->kind, kinds[i]))
		i++;
	return i < ARRAY_SIZE(kinds) && !uname(&system) &&
	       sscanf(system.release, "%d.%d", &version, &patchlevel) == 2 &&
	       (version < 5 || (version == 5 && patchlevel < 14));
}
