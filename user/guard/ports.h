/* SPDX-License-Identifier: GPL-2.0-only */
/* Which of a bridge's ports a session's frames come by. */
#ifndef PORTS_H
#define PORTS_H

#include "guard/ways.h"

/**
 * ports_find() - the port behind which a bridge has seen the next hop
 * @way: the session's; the bridge is at its end or below it
 * @bridge: the bridge's ifindex
 *
 * Return: the port's ifindex, or 0: not known, so any of them.
 */
int ports_find(const struct way *way, int bridge);

#endif
