// SPDX-License-Identifier: GPL-2.0-only
/* Would dropping here cut off the remote session it was typed in? */
#include "loader/guard.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/errors.h"
#include "lib/netlink.h"

#define LOOPBACK 1 /* its ifindex in every namespace */
#define MAX_ANCESTORS 64 /* more than a real chain; recycled pids may loop */
#define MAX_FDS 16 /* a server's session is among its first descriptors */
#define MAX_DEPTH 8 /* of stacked interfaces; veth peers are a loop */

/* IPv4 is kept as IPv4-mapped IPv6, as some sockets say it anyway. */
struct session {
	struct in6_addr peer;
	struct in6_addr server; /* ours; all zero: not known */
	int scope; /* the interface of a link-local peer, or 0 */
};

/* One session held against the choice. */
struct verdict {
	const struct interfaces *all;
	const struct interfaces *chosen;
	const struct session *session;
	bool local; /* the peer is ourselves */
	int code;
};

static const char next_step[] =
	"Use --timeout 30s to try it for a while, --observe to only count, or --force.";

static bool is_none(const struct in6_addr *ip)
{
	return IN6_IS_ADDR_UNSPECIFIED(ip);
}

/* The sessions. */

/* Returns the interface that a link-local address names, or 0. */
static int parse_address(char *text, struct in6_addr *ip)
{
	char *scope = strchr(text, '%'), full[80];

	if (scope)
		*scope++ = '\0';
	snprintf(full, sizeof(full), "%s%s",
		 strchr(text, ':') ? "" : "::ffff:", text);
	inet_pton(AF_INET6, full, ip);
	return scope ? (int)if_nametoindex(scope) : 0;
}

/*
 * SSH_CONNECTION is "peer port server port", SSH_CLIENT "peer port port": no
 * address in the third place. sshd writes UNKNOWN if it has no socket.
 */
static bool parse_value(const char *value, struct session *session)
{
	char peer[64], server[64] = "";

	*session = (struct session){};
	if (!value || sscanf(value, "%63s %*s %63s", peer, server) < 1)
		return false;
	session->scope = parse_address(peer, &session->peer);
	parse_address(server, &session->server);
	return !is_none(&session->peer);
}

static FILE *open_process(int pid, const char *file)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	return fopen(path, "re");
}

static bool read_variable(int pid, const char *name, struct session *session)
{
	size_t length = strlen(name), room = 0;
	bool found = false;
	char *line = NULL;
	FILE *file;

	/* /proc shows what a process started with; ours may have changed. */
	if (pid == getpid())
		return parse_value(getenv(name), session);
	file = open_process(pid, "environ");
	while (file && !found && getdelim(&line, &room, '\0', file) > 0) {
		if (!strncmp(line, name, length) && line[length] == '=')
			found = parse_value(line + length + 1, session);
	}
	free(line);
	if (file)
		fclose(file);
	return found;
}

/* Returns the interface that a link-local address belongs to, or 0. */
static int read_name(const void *name, struct in6_addr *ip)
{
	const struct sockaddr_in6 *six = name;
	const struct sockaddr_in *four = name;

	*ip = (struct in6_addr){};
	if (six->sin6_family == AF_INET6) {
		*ip = six->sin6_addr;
		return (int)six->sin6_scope_id;
	}
	if (four->sin_family == AF_INET) {
		memset(ip->s6_addr + 10, 0xff, 2);
		memcpy(ip->s6_addr + 12, &four->sin_addr, 4);
	}
	return 0;
}

/* An SSH server's first connection is the session; forwarded ones come later. */
static bool read_server(int pid, struct session *session)
{
	int process = (int)syscall(SYS_pidfd_open, pid, 0), fd, i;
	struct sockaddr_storage peer = {}, server = {};
	socklen_t size;

	*session = (struct session){};
	if (process < 0)
		return false;
	for (i = 0; i < MAX_FDS && is_none(&session->peer); i++) {
		fd = (int)syscall(SYS_pidfd_getfd, process, i, 0);
		if (fd < 0)
			continue;
		size = sizeof(peer);
		if (!getpeername(fd, (void *)&peer, &size) &&
		    !getsockname(fd, (void *)&server, &size)) {
			session->scope = read_name(&peer, &session->peer);
			read_name(&server, &session->server);
		}
		close(fd);
	}
	close(process);
	return !is_none(&session->peer);
}

/* The parent (0: none, or gone meanwhile), and whether it is an SSH server. */
static int read_stat(int pid, bool *is_server)
{
	char line[512], name[32] = "", state, *end;
	FILE *file = open_process(pid, "stat");
	int parent = 0;

	*is_server = false;
	if (!file)
		return 0;
	line[fread(line, 1, sizeof(line) - 1, file)] = '\0';
	fclose(file);
	/* The name may hold anything, parentheses and spaces as well. */
	end = strrchr(line, ')');
	if (!end || sscanf(end, ") %c %d", &state, &parent) != 2)
		return 0;
	*end = '\0';
	*is_server = sscanf(line, "%*d (%31s", name) == 1 &&
		     (!strcmp(name, "sshd") || !strcmp(name, "sshd-session") ||
		      !strcmp(name, "dropbear"));
	return parent;
}

/* A process that cannot be looked at counts as in our namespace: rather refuse. */
static bool in_our_namespace(int pid)
{
	struct stat ours, theirs;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	return stat("/proc/self/ns/net", &ours) || stat(path, &theirs) ||
	       (ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino);
}

/*
 * The outermost process with the variable is where the session began: entering
 * another namespace takes the variable along, but not the connection.
 * If no process has it, an SSH server above us still has its socket.
 */
static size_t find_sessions(struct session found[MAX_ANCESTORS])
{
	int pid = getpid(), parent, outermost = 0, server = 0, steps;
	size_t count = 0;
	bool is_server;

	for (steps = 0; pid > 0 && steps < MAX_ANCESTORS; steps++) {
		if (read_variable(pid, "SSH_CONNECTION", &found[count]) ||
		    read_variable(pid, "SSH_CLIENT", &found[count])) {
			outermost = pid;
			count++;
		}
		parent = read_stat(pid, &is_server);
		if (is_server && !server)
			server = pid;
		pid = parent;
	}
	if (outermost)
		return in_our_namespace(outermost) ? count : 0;
	return server && in_our_namespace(server) &&
	       read_server(server, &found[0]);
}

/* Which: the interfaces that share a session's frames. */

/* Only ever upwards: what passes one VLAN does not pass its siblings. */
static bool is_above(const struct interfaces *all, int high, int low, int depth)
{
	const struct interface *at;
	size_t i;
	int next;

	if (high == low || !depth)
		return high == low;
	for (i = 0; i < all->count; i++) {
		at = &all->list[i];
		next = at->lower == low ? at->index : 0;
		if (at->index == low)
			next = at->master;
		if (next && is_above(all, high, next, depth - 1))
			return true;
	}
	return false;
}

static int refuse(const struct in6_addr *peer, const char *arrival,
		  const char *chosen)
{
	char text[INET6_ADDRSTRLEN] = "", over[32] = "";
	const char *ipv4 = text + strlen("::ffff:");

	inet_ntop(AF_INET6, peer, text, sizeof(text));
	if (strcmp(arrival, chosen))
		snprintf(over, sizeof(over), " (over %s)", arrival);
	return fail(
		EXIT_REFUSED,
		"%s: your SSH session from %s arrives here%s and would be cut off. %s",
		chosen, IN6_IS_ADDR_V4MAPPED(peer) ? ipv4 : text, over,
		next_step);
}

static void arrives_at(struct verdict *verdict, int index)
{
	const struct interfaces *all = verdict->all;
	const struct interface *at = interfaces_find(all, index), *chosen;
	size_t i;

	for (i = 0; at && i < verdict->chosen->count && !verdict->code; i++) {
		chosen = &verdict->chosen->list[i];
		if (is_above(all, chosen->index, index, MAX_DEPTH) ||
		    is_above(all, index, chosen->index, MAX_DEPTH))
			verdict->code = refuse(&verdict->session->peer,
					       at->name, chosen->name);
	}
}

/* Where: the interfaces a session arrives at. */

static int read_route(const struct nlmsghdr *message, void *context)
{
	const struct rtmsg *route = NLMSG_DATA(message);
	const struct rtattr *oif, *paths;
	struct verdict *verdict = context;
	const struct rtnexthop *hop;
	int left;

	verdict->local = route->rtm_type == RTN_LOCAL;
	oif = netlink_find(message, sizeof(*route), RTA_OIF);
	arrives_at(verdict, verdict->local ? LOOPBACK : (int)netlink_u32(oif));
	paths = netlink_find(message, sizeof(*route), RTA_MULTIPATH);
	hop = paths ? RTA_DATA(paths) : NULL;
	left = paths ? (int)RTA_PAYLOAD(paths) : 0;
	while (left >= (int)sizeof(*hop) && RTNH_OK(hop, left)) {
		arrives_at(verdict, hop->rtnh_ifindex);
		left -= RTNH_ALIGN(hop->rtnh_len);
		hop = RTNH_NEXT(hop);
	}
	return 0;
}

/* Only RTM_F_FIB_MATCH tells all paths, only without it always a device. */
static int ask_route(struct verdict *verdict, const struct in6_addr *from,
		     unsigned int flags)
{
	const struct in6_addr *to = &verdict->session->peer;
	bool ipv4 = IN6_IS_ADDR_V4MAPPED(to);
	size_t skip = ipv4 ? 12 : 0, size = sizeof(*to) - skip;
	struct netlink_request request;
	struct rtmsg *route;

	route = netlink_start(&request, RTM_GETROUTE, 0, sizeof(*route));
	route->rtm_family = ipv4 ? AF_INET : AF_INET6;
	route->rtm_flags = flags;
	route->rtm_dst_len = size * 8;
	netlink_put(&request, RTA_DST, to->s6_addr + skip, size);
	route->rtm_src_len = size * 8;
	netlink_put(&request, RTA_SRC, from->s6_addr + skip, size);
	return netlink_ask(&request, read_route, verdict);
}

/* A session may arrive at another interface than it leaves: the one with our address. */
static void find_our_address(struct verdict *verdict)
{
	struct ifaddrs *list = NULL, *at;
	struct in6_addr ip;

	getifaddrs(&list);
	for (at = list; at; at = at->ifa_next) {
		if (!at->ifa_addr)
			continue;
		read_name(at->ifa_addr, &ip);
		if (IN6_ARE_ADDR_EQUAL(&ip, &verdict->session->server))
			arrives_at(verdict, (int)if_nametoindex(at->ifa_name));
	}
	freeifaddrs(list);
}

/* An error of the kernel's that says nothing of the route. */
static bool is_lost(int error)
{
	return error == -ENOBUFS || error == -ENOMEM || error == -EMFILE;
}

static void find_arrival(struct verdict *verdict)
{
	const struct session *session = verdict->session;
	const struct in6_addr *from = &session->server;
	int error;

	/* Every interface has a route to link-local addresses. */
	if (session->scope) {
		arrives_at(verdict, session->scope);
		return;
	}
	/* Rules for our address count first, unless it is not ours any more. */
	error = ask_route(verdict, from, 0);
	if (error && !is_lost(error)) {
		from = &in6addr_any;
		error = ask_route(verdict, from, 0);
	}
	if (!is_lost(error))
		error = ask_route(verdict, from, RTM_F_FIB_MATCH);
	if (!verdict->local && !is_none(&session->server))
		find_our_address(verdict);
	if (!verdict->code && is_lost(error))
		verdict->code = fail(
			EXIT_REFUSED,
			"cannot ask the kernel where your SSH session arrives (%s), and dropping might cut it off. %s",
			strerror(-error), next_step);
}

int guard_check(const struct interfaces *all, const struct interfaces *chosen)
{
	struct session found[MAX_ANCESTORS];
	size_t count = find_sessions(found), i;
	struct verdict verdict = {};

	for (i = 0; i < count && !verdict.code; i++) {
		verdict = (struct verdict){ .all = all,
					    .chosen = chosen,
					    .session = &found[i] };
		find_arrival(&verdict);
	}
	return verdict.code;
}
