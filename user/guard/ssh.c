// SPDX-License-Identifier: GPL-2.0-only
/* The SSH sessions in which the user may be typing: by variables, ancestors, sockets. */
#include "guard/ssh.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guard/connections.h"
#include "lib/process.h"

#define MAX_ANCESTORS 64 /* more than a real chain; recycled pids may loop */

struct search {
	struct sessions named; /* by variables */
	int outermost; /* the process furthest up that has one, or 0 */
	int server; /* the SSH server next above us, or 0 */
	bool multiplexed; /* the user of this terminal may have come by another session */
	struct holders sockets; /* of all SSH servers */
	struct holders logins; /* those without a login yet */
	bool hidden; /* there are SSH servers that we may not inspect */
	struct connections tcp;
};

/*
 * SSH_CONNECTION is "peer port server port", SSH_CLIENT "peer port port". sshd writes
 * UNKNOWN if it has no socket.
 */
static bool parse_value(const char *value, struct session *session)
{
	char peer[64], third[64] = "";
	int count;

	*session = (struct session){ .protocol = IPPROTO_TCP };
	count = sscanf(value, "%63s %hu %63s %hu", peer, &session->peer_port,
		       third, &session->server_port);
	if (count < 1)
		return false;
	session->bound = address_from_text(&session->peer, peer);
	address_from_text(&session->server, third);
	if (count == 3)
		sscanf(third, "%hu", &session->server_port);
	return !address_is_none(&session->peer);
}

/* Adds the session that a process's variables name; returns 0 or -ENOMEM. */
static int add_named(struct search *search, int pid)
{
	char *value = process_variable(pid, "SSH_CONNECTION");
	struct session session;
	bool found = value && parse_value(value, &session);

	free(value);
	if (!found) {
		value = process_variable(pid, "SSH_CLIENT");
		found = value && parse_value(value, &session);
		free(value);
	}
	if (!found)
		return 0;
	search->outermost = pid;
	return sessions_add(&search->named, &session);
}

/* tmux and screen keep their shells when a session ends, for the next one. */
static bool is_multiplexed(int pid)
{
	char *tmux = process_variable(pid, "TMUX");
	char *screen = process_variable(pid, "STY");
	bool either = tmux || screen;

	free(tmux);
	free(screen);
	return either;
}

static bool is_server(const char *name)
{
	return !strcmp(name, "sshd") || !strcmp(name, "sshd-session") ||
	       !strcmp(name, "dropbear");
}

static int look_above(struct search *search)
{
	int pid = getpid(), parent, steps, error = 0;
	char name[PROCESS_NAME];

	for (steps = 0; pid > 0 && steps < MAX_ANCESTORS && !error; steps++) {
		error = add_named(search, pid);
		search->multiplexed |= is_multiplexed(pid);
		parent = process_parent(pid, name);
		if (is_server(name) && !search->server)
			search->server = pid;
		pid = parent;
	}
	return error;
}

/* "sshd: root [net]", "sshd-auth": the half of a server in which somebody logs in just now. */
static bool is_login(int pid, const char *name)
{
	char line[256] = "";
	FILE *file;

	if (!strcmp(name, "sshd-auth"))
		return true;
	file = strcmp(name, "sshd") ? NULL : process_open(pid, "cmdline");
	if (!file)
		return false;
	line[fread(line, 1, sizeof(line) - 1, file)] = '\0';
	fclose(file);
	return !strncmp(line, "sshd: ", strlen("sshd: ")) &&
	       strstr(line, " [net]");
}

static int read_server(int pid, void *context)
{
	struct search *search = context;
	char name[PROCESS_NAME];
	int error = 0;

	process_parent(pid, name);
	if (is_login(pid, name)) {
		error = holders_add(&search->logins, pid);
	} else if (is_server(name)) {
		error = holders_add(&search->sockets, pid);
		search->hidden |= error == -EACCES;
	}
	return error == -ENOMEM ? error : 0;
}

/* The same connection, as far as both are known? */
static bool is_same(const struct session *a, const struct session *b)
{
	return a->peer_port == b->peer_port &&
	       IN6_ARE_ADDR_EQUAL(&a->peer, &b->peer) &&
	       (address_is_none(&a->server) ||
		(a->server_port == b->server_port &&
		 IN6_ARE_ADDR_EQUAL(&a->server, &b->server)));
}

/* The connection that a variable names; NULL: it has ended, or is of another namespace. */
static const struct connection *find_named(const struct search *search,
					   const struct session *named)
{
	size_t i;

	for (i = 0; i < search->tcp.count; i++) {
		if (is_same(named, &search->tcp.list[i].ends))
			return &search->tcp.list[i];
	}
	return NULL;
}

/* Is its other end a socket of this namespace as well? */
static bool is_from_here(const struct search *search,
			 const struct session *session)
{
	struct session other = {
		.peer = session->server,
		.peer_port = session->server_port,
		.server = session->peer,
		.server_port = session->peer_port,
	};

	return find_named(search, &other);
}

static bool holds(const struct holders *holders, unsigned long inode)
{
	size_t i;

	for (i = 0; i < holders->count; i++) {
		if (holders->list[i].inode == inode)
			return true;
	}
	return false;
}

/*
 * Adds the sessions of the process whose sockets begin at @at, which is moved to the
 * next one's. Connections that it accepted are sessions, those that it opened are forwarded.
 * If that is not known, its first connection is its session.
 */
static int add_process(struct search *search, size_t *at,
		       struct sessions *found)
{
	const struct holders *all = &search->sockets;
	int pid = all->list[*at].pid, error = 0;
	const struct connection *connection;
	struct session session, first = {};
	bool accepted = false;

	for (; *at < all->count && all->list[*at].pid == pid; ++*at) {
		connection =
			connections_find(&search->tcp, all->list[*at].inode);
		if (!connection || holds(&search->logins, connection->inode))
			continue;
		session = connection->ends;
		session.arrival = holder_arrival(&all->list[*at]);
		/* Link-local addresses mean nothing without it. */
		if (IN6_IS_ADDR_LINKLOCAL(&session.peer))
			session.bound = session.arrival;
		if (!first.protocol)
			first = session;
		if (session.arrival && !error)
			error = sessions_add(found, &session);
		accepted |= session.arrival;
	}
	if (first.protocol && !accepted)
		error = sessions_add(found, &first);
	return error;
}

/* Adds the sessions of SSH servers: of one process, or with 0 of all. */
static int add_served(struct search *search, int pid, struct sessions *found)
{
	int error = 0;
	size_t at = 0;

	while (at < search->sockets.count && !error) {
		if (pid && search->sockets.list[at].pid != pid)
			at++;
		else
			error = add_process(search, &at, found);
	}
	return error;
}

/* If servers may not be inspected: all connections to the ports that they serve. */
static int add_by_port(struct search *search, struct sessions *found)
{
	const struct session *ends;
	int error = 0;
	size_t i, j;

	for (i = 0; i < search->tcp.count; i++) {
		ends = &search->tcp.list[i].ends;
		for (j = 0; j < search->named.count && !error; j++) {
			if (ends->server_port ==
			    search->named.list[j].server_port)
				error = sessions_add(found, ends);
		}
	}
	return error;
}

/*
 * Adds one that a variable names. Returns 0, 1 if it may not be the one in use, or -errno. The
 * one in use has a server above us, as far as servers may be inspected.
 */
static int add_alive(struct search *search, const struct session *named,
		     struct sessions *found)
{
	const struct holders *sockets = &search->sockets;
	const struct connection *connection = find_named(search, named);
	struct session session = *named;
	bool above = search->hidden;
	size_t i;
	int error;

	if (!connection) {
		error = search->multiplexed ? 0 : sessions_add(found, named);
		return error ?: 1;
	}
	session.server = connection->ends.server;
	session.server_port = connection->ends.server_port;
	for (i = 0; i < sockets->count; i++) {
		if (sockets->list[i].inode != connection->inode)
			continue;
		above |= sockets->list[i].pid == search->server;
		if (!session.arrival)
			session.arrival = holder_arrival(&sockets->list[i]);
	}
	error = sessions_add(found, &session);
	return error ?: !above || is_from_here(search, &session);
}

/* Those that exist, and all that may be in use instead of them. */
static int decide(struct search *search, struct sessions *found)
{
	bool others = search->multiplexed, none;
	int error = 0;
	size_t i;

	for (i = 0; i < search->named.count && error >= 0; i++) {
		error = add_alive(search, &search->named.list[i], found);
		others |= error > 0;
	}
	if (error >= 0 && !search->named.count && search->server) {
		error = add_served(search, search->server, found);
		others |= !found->count ||
			  is_from_here(search, &found->list[0]);
	}
	if (error >= 0 && others)
		error = add_served(search, 0, found);
	if (error >= 0 && others && search->hidden)
		error = add_by_port(search, found);
	/* Better the former ones than none. */
	none = !found->count;
	for (i = 0; none && i < search->named.count && error >= 0; i++)
		error = sessions_add(found, &search->named.list[i]);
	return error < 0 ? error : 0;
}

/* Leaves those that exist, or adds all that may be meant. */
static int keep_existing(struct search *search, struct sessions *found)
{
	size_t i, kept = 0;

	for (i = 0; i < found->count; i++) {
		if (find_named(search, &found->list[i]))
			found->list[kept++] = found->list[i];
	}
	found->count = kept;
	return kept ? 0 : add_served(search, 0, found);
}

int ssh_sessions(struct sessions *found, bool existing)
{
	struct search search = {};
	int error, begun;
	bool near;

	*found = (struct sessions){};
	error = look_above(&search);
	/* In another namespace the variable is still set, but the connection is not there. */
	begun = search.outermost ?: search.server;
	near = begun ? process_is_near(begun) : search.multiplexed;
	if (!error && (near || existing)) {
		error = process_each(read_server, &search);
		if (!error)
			error = connections_read(&search.tcp, IPPROTO_TCP);
		if (!error && near)
			error = decide(&search, found);
		if (!error && existing)
			error = keep_existing(&search, found);
	}
	free(search.named.list);
	free(search.sockets.list);
	free(search.logins.list);
	free(search.tcp.list);
	return error;
}
