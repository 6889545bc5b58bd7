/* SPDX-License-Identifier: GPL-2.0-only */
/* The sockets of other processes, and their connections. */
#ifndef CONNECTIONS_H
#define CONNECTIONS_H

#include <stddef.h>

#include "guard/session.h"

/* A process's descriptor of a socket. */
struct holder {
	int pid;
	int fd;
	unsigned long inode;
};

/* Those of a process are together, the lowest descriptor first. */
struct holders {
	struct holder *list;
	size_t count;
};

/**
 * holders_add() - add the sockets of a process
 *
 * Return: 0, or a negative errno: -EACCES: permission denied; -ENOMEM; others: the
 * process is gone.
 */
int holders_add(struct holders *holders, int pid);

/**
 * holder_arrival() - the interface at which a TCP connection to us began
 *
 * The kernel keeps it with a socket that accept() returned. Return: its ifindex; 0: not
 * known, or not available (before Linux 5.6, without CAP_SYS_PTRACE).
 */
int holder_arrival(const struct holder *holder);

struct connection {
	struct session ends;
	unsigned long inode;
};

struct connections {
	struct connection *list; /* by inode */
	size_t count;
};

/**
 * connections_read() - all sockets with a peer in this network namespace
 * @protocol: IPPROTO_TCP: established ones; IPPROTO_UDP: those without a peer as well
 *
 * Return: 0 or -ENOMEM; without /proc/net there are none. Free all->list.
 */
int connections_read(struct connections *all, int protocol);

/* The one of that socket, or NULL. */
const struct connection *connections_find(const struct connections *all,
					  unsigned long inode);

#endif
