// SPDX-License-Identifier: GPL-2.0-only
/* The sockets of other processes, and their connections, by /proc. */
#include "guard/connections.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/grow.h"
#include "lib/macros.h"
#include "lib/process.h"

/* As in /proc/net/tcp and udp; include/net/tcp_states.h. */
#define ESTABLISHED 1

static int add_socket(int pid, int fd, const char *target, void *context)
{
	struct holder holder = { .pid = pid, .fd = fd };
	struct holders *holders = context;

	if (sscanf(target, "socket:[%lu]", &holder.inode) != 1)
		return 0;
	return grow_list(&holders->list, &holders->count, &holder,
			 sizeof(holder));
}

int holders_add(struct holders *holders, int pid)
{
	return process_each_fd(pid, add_socket, holders);
}

/*
 * A socket's interface is in the control data that it returns with a datagram. TCP has
 * no datagrams, so enabling the option for a moment disturbs nobody.
 */
static int ask_socket(int fd)
{
	union {
		char bytes[256];
		struct cmsghdr header;
	} answer = {};
	int family = 0, level, option, ask, one = 1, before = 0, index = 0;
	socklen_t size = sizeof(family);
	const void *data = CMSG_DATA(&answer.header);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size))
		return 0;
	level = family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP;
	option = family == AF_INET6 ? IPV6_RECVPKTINFO : IP_PKTINFO;
	ask = family == AF_INET6 ? IPV6_2292PKTOPTIONS : IP_PKTOPTIONS;
	size = sizeof(before);
	if (getsockopt(fd, level, option, &before, &size) ||
	    setsockopt(fd, level, option, &one, sizeof(one)))
		return 0;
	size = sizeof(answer);
	if (!getsockopt(fd, level, ask, &answer, &size) &&
	    answer.header.cmsg_level == level) {
		if (answer.header.cmsg_type == IPV6_PKTINFO &&
		    family == AF_INET6)
			index = ((const struct in6_pktinfo *)data)->ipi6_ifindex;
		if (answer.header.cmsg_type == IP_PKTINFO && family == AF_INET)
			index = ((const struct in_pktinfo *)data)->ipi_ifindex;
	}
	setsockopt(fd, level, option, &before, sizeof(before));
	return index;
}

int holder_arrival(const struct holder *holder)
{
	int process, fd = -1, index = 0;

	process = (int)syscall(SYS_pidfd_open, holder->pid, 0);
	if (process >= 0)
		fd = (int)syscall(SYS_pidfd_getfd, process, holder->fd, 0);
	if (fd >= 0) {
		index = ask_socket(fd);
		close(fd);
	}
	if (process >= 0)
		close(process);
	return index;
}

/* One or four words in hexadecimal, each in the order of this machine's bytes. */
static void read_words(struct in6_addr *ip, const char *text)
{
	__u32 words[4];
	size_t count = 0;

	while (count < 4 && sscanf(text + 8 * count, "%8x", &words[count]) == 1)
		count++;
	address_from_bytes(ip, words, count * sizeof(*words));
}

static int read_line(struct connections *all, const char *line, int protocol)
{
	struct connection connection = { .ends.protocol = protocol };
	struct session *ends = &connection.ends;
	char local[33] = "", remote[33] = "";
	unsigned int state;

	if (sscanf(line,
		   " %*d: %32[0-9A-Fa-f]:%hx %32[0-9A-Fa-f]:%hx %x %*s %*s %*s %*s %*s %lu",
		   local, &ends->server_port, remote, &ends->peer_port, &state,
		   &connection.inode) != 6)
		return 0;
	if (state != ESTABLISHED && protocol == IPPROTO_TCP)
		return 0;
	read_words(&ends->server, local);
	read_words(&ends->peer, remote);
	return grow_list(&all->list, &all->count, &connection,
			 sizeof(connection));
}

static int by_inode(const void *left, const void *right)
{
	const struct connection *a = left, *b = right;

	return (a->inode > b->inode) - (a->inode < b->inode);
}

int connections_read(struct connections *all, int protocol)
{
	const char *const files[] = {
		protocol == IPPROTO_TCP ? "/proc/net/tcp" : "/proc/net/udp",
		protocol == IPPROTO_TCP ? "/proc/net/tcp6" : "/proc/net/udp6",
	};
	char *line = NULL;
	size_t room = 0, i;
	int error = 0;
	FILE *file;

	*all = (struct connections){};
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		file = fopen(files[i], "re");
		while (file && !error && getline(&line, &room, file) > 0)
			error = read_line(all, line, protocol);
		if (file)
			fclose(file);
	}
	free(line);
	if (all->count)
		qsort(all->list, all->count, sizeof(*all->list), by_inode);
	return error;
}

const struct connection *connections_find(const struct connections *all,
					  unsigned long inode)
{
	struct connection key = { .inode = inode };

	if (!all->count)
		return NULL;
	return bsearch(&key, all->list, all->count, sizeof(key), by_inode);
}
