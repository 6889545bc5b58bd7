/* SPDX-License-Identifier: GPL-2.0-only */
/* What an interface's frames start with, and whether the programs find IP in them. */
#ifndef FRAME_TYPE_H
#define FRAME_TYPE_H

#include "lib/interfaces.h"

/* What its frames start with: enum drop_frame_type; strange ones count as Ethernet. */
__u32 interface_frame_type(const struct interface *interface);

/*
 * Why the programs cannot find IP in its frames: "its frames …"; NULL if they can.
 * Valid until the next call.
 */
const char *interface_why_strange(const struct interface *interface);

/*
 * Do arriving packets start with the outer headers there? Before Linux 5.14 these
 * tunnels do not reset the MAC header (99c8719b7981 and those around it),
 * which is where a frame begins at XDP and at TC ingress.
 */
bool interface_arrives_wrapped(const struct interface *interface);

#endif
