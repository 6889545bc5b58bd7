// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tool/serve.h"
#include "tool/tool.h"

/* A socket on this port for both families, or for IPv4 on a kernel without IPv6. */
static int bind_to(const char *port, int type)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} at = { .v6 = { .sin6_family = AF_INET6 } };
	int yes = 1, no = 0, fd;

	at.v6.sin6_port = htons(atoi(port));
	fd = socket(AF_INET6, type, 0);
	if (fd < 0) {
		at.any.sa_family = AF_INET;
		fd = socket(AF_INET, type, 0);
	} else {
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
	}
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (fd < 0 || bind(fd, &at.any, sizeof(at)))
		give_up("bind");
	return fd;
}

/* Accept for ever; returns in a child process for each connection. */
static int accept_each(const char *port)
{
	int listener = bind_to(port, SOCK_STREAM), fd;

	if (listen(listener, SOMAXCONN))
		give_up("listen");

	signal(SIGCHLD, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		fd = accept(listener, NULL, NULL);
		if (fd < 0)
			continue;
		if (!fork()) {
			close(listener);
			return fd;
		}
		close(fd);
	}
}

int serve_listen(const char *port, const char *text)
{
	int fd = accept_each(port);
	char request[4096];

	if (read(fd, request, sizeof(request)) > 0)
		dprintf(fd,
			"HTTP/1.0 200 OK\r\n"
			"Content-Type: text/plain\r\n"
			"\r\n"
			"%s\n",
			text);
	return 0;
}

int serve_echo(const char *port)
{
	int fd = bind_to(port, SOCK_DGRAM);
	struct sockaddr_in6 from;
	socklen_t length;
	char data[2048];
	ssize_t size;

	for (;;) {
		length = sizeof(from);
		size = recvfrom(fd, data, sizeof(data), 0,
				(struct sockaddr *)&from, &length);
		if (size < 0)
			return failed("receive");
		if (sendto(fd, data, size, 0, (struct sockaddr *)&from,
			   length) < 0)
			failed("send");
	}
}

/* Move what there is from one socket to the other; false at the end. */
static int move(int from, int to)
{
	char buffer[65536];
	ssize_t size = read(from, buffer, sizeof(buffer)), done = 0, n;

	while (done < size) {
		n = write(to, buffer + done, size - done);
		if (n < 0)
			return 0;
		done += n;
	}
	return size > 0;
}

int serve_relay(const char *port, const char *address, const char *to_port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(atoi(to_port)) };
	int client, server;
	struct pollfd pfd[2];

	if (inet_pton(AF_INET, address, &to.sin_addr) != 1) {
		fprintf(stderr, "%s is not an IPv4 address\n", address);
		return 2;
	}
	client = accept_each(port);
	server = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	pfd[0] = (struct pollfd){ .fd = client, .events = POLLRDHUP };
	pfd[1] = (struct pollfd){ .fd = server, .events = POLLOUT };
	if (connect(server, (struct sockaddr *)&to, sizeof(to)) &&
	    errno != EINPROGRESS)
		return failed("connect");
	/* A client that goes away while the connection is being made ends this. */
	if (poll(pfd, 2, -1) < 0 || pfd[0].revents)
		return 2;
	fcntl(server, F_SETFL, 0);
	pfd[0].events = POLLIN;
	pfd[1].events = POLLIN;
	while (poll(pfd, 2, -1) > 0)
		if ((pfd[0].revents && !move(client, server)) ||
		    (pfd[1].revents && !move(server, client)))
			break;
	return 0;
}
