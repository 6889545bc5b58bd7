/* SPDX-License-Identifier: GPL-2.0-only */
/* The SSH sessions in which the user may be typing. */
#ifndef SSH_H
#define SSH_H

#include "guard/session.h"

/**
 * ssh_sessions() - find the sessions that the user may need
 * @found: free its list
 * @existing: only those whose connection exists; if there are none, all of SSH servers in
 *            this network namespace
 *
 * SSH_CONNECTION in this process's environment and in those of its ancestors (sudo drops
 * it) names a session, if the outermost of these processes lives in this network
 * namespace. If none has it, an SSH server among the ancestors still has its socket.
 *
 * That may not be the session in use: the peer is this machine (a second ssh, a jump
 * host), the connection has ended, no server above has it, or a terminal multiplexer may
 * be attached elsewhere. Then every session of an SSH server in this network namespace counts.
 *
 * Return: 0 or a negative errno.
 */
int ssh_sessions(struct sessions *found, bool existing);

#endif
