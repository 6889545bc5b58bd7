/* SPDX-License-Identifier: GPL-2.0-only */
/* The packets that carry a session through a tunnel. */
#ifndef TUNNELS_H
#define TUNNELS_H

#include "guard/session.h"
#include "lib/interfaces.h"

/* Does it encapsulate its frames in packets that it sends by other interfaces? */
bool tunnel_is(const struct interface *interface);

/**
 * tunnel_carriers() - what carries a session's packets outside of a tunnel
 * @tunnel: an interface that it goes by
 * @carriers: they are added here, in the order of sessions
 *
 * Return: 0 or a negative errno.
 */
int tunnel_carriers(const struct interface *tunnel,
		    const struct session *session, struct sessions *carriers);

/* The same for WireGuard, whose peers generic netlink has. */
int wireguard_carriers(int index, const struct session *session,
		       struct sessions *carriers);

/* The same for tun and tap: the connections of the process that reads and writes it. */
int tun_carriers(const char *name, struct sessions *carriers);

#endif
