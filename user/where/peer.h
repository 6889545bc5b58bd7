/* SPDX-License-Identifier: GPL-2.0-only */
/* The other end of a veth, also in another network namespace. */
#ifndef PEER_H
#define PEER_H

#include <linux/if.h>

#include "lib/netlink.h"

/**
 * peer_name() - what the other end is called where it is
 * @name: "" if the kernel does not tell
 *
 * Return: 0 or a negative errno.
 */
int peer_name(struct netlink *nl, int ifindex, char name[IFNAMSIZ]);

#endif
