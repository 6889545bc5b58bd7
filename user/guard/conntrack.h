/* SPDX-License-Identifier: GPL-2.0-only */
/* A session's ends on the wire: a firewall may have redirected it. */
#ifndef CONNTRACK_H
#define CONNTRACK_H

#include "guard/session.h"

/**
 * conntrack_ends() - from a session's ends as its socket has them to those on the wire
 *
 * If these are not to be had, our end is not known any more: it becomes all zero and 0.
 */
void conntrack_ends(struct session *session);

#endif
