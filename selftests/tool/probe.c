// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the lab and its tests need of a network, with exact answers: one
 * connection attempt, one echo, one frame; and servers for machines that
 * have no web server. See the end.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tool/probe.h"
#include "tool/serve.h"
#include "tool/tool.h"

#define DEFAULT_TIMEOUT_MS 1500
#define REPEAT_MS 200

socklen_t parse_address(const char *text, const char *port, union address *to)
{
	memset(to, 0, sizeof(*to));
	if (inet_pton(AF_INET, text, &to->v4.sin_addr) == 1) {
		to->v4.sin_family = AF_INET;
		to->v4.sin_port = htons(atoi(port));
		return sizeof(to->v4);
	}
	if (inet_pton(AF_INET6, text, &to->v6.sin6_addr) == 1) {
		to->v6.sin6_family = AF_INET6;
		to->v6.sin6_port = htons(atoi(port));
		return sizeof(to->v6);
	}
	fprintf(stderr, "probe: %s is not an IPv4 or IPv6 address\n", text);
	exit(FAILED);
}

/* Wait until @fd is ready for @events; false if @end (of now_ms()) comes first. */
static int wait_until(int fd, short events, double end)
{
	struct pollfd pfd = { .fd = fd, .events = events };
	double left;
	int n;

	do {
		left = end - now_ms();
		n = poll(&pfd, 1, left > 0 ? (int)left + 1 : 0);
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

/* A connection that is made before @end (of now_ms()); else < 0, and in @status why. */
static int connect_until(const char *address, const char *port, double end,
			 int *status)
{
	struct linger reset = { .l_onoff = 1 };
	union address to;
	socklen_t length = parse_address(address, port, &to);
	socklen_t size = sizeof(errno);
	int fd;

	*status = FAILED;
	fd = socket(to.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		failed("socket");
		return fd;
	}
	/* Leave nothing in TIME_WAIT that could answer for a later probe. */
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	if (connect(fd, &to.any, length) && errno != EINPROGRESS) {
		failed("connect");
	} else if (!wait_until(fd, POLLOUT, end)) {
		*status = LOST;
	} else {
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &errno, &size);
		if (!errno)
			return fd;
		failed("connect");
	}
	close(fd);
	return -1;
}

static int no_answer(int timeout)
{
	printf("lost, no answer in %d ms\n", timeout);
	return LOST;
}

static int probe_tcp(const char *address, const char *port, int timeout)
{
	double start = now_ms();
	int status;

	if (connect_until(address, port, start + timeout, &status) < 0)
		return status == LOST ? no_answer(timeout) : status;
	printf("open %.1f ms\n", now_ms() - start);
	return ANSWERED;
}

/* The status line is enough of an answer. */
static int probe_http(const char *address, const char *port, int timeout)
{
	static const char request[] = "GET / HTTP/1.0\r\n\r\n";
	double start = now_ms();
	char answer[4096] = "";
	int fd, status;

	fd = connect_until(address, port, start + timeout, &status);
	if (fd < 0)
		return status == LOST ? no_answer(timeout) : status;
	if (write(fd, request, sizeof(request) - 1) < 0)
		return failed("request");
	if (!wait_until(fd, POLLIN, start + timeout))
		return no_answer(timeout);
	if (read(fd, answer, sizeof(answer) - 1) < 0)
		return failed("answer");
	if (strncmp(answer, "HTTP/1.", 7) || strncmp(answer + 8, " 200 ", 5)) {
		printf("no answer of a web server: %s\n", answer);
		return FAILED;
	}
	printf("answer %.1f ms\n", now_ms() - start);
	return ANSWERED;
}

static unsigned short checksum(const void *data, size_t size)
{
	const unsigned short *word = data;
	unsigned int sum = 0;

	for (; size > 1; size -= 2)
		sum += *word++;
	sum = (sum >> 16) + (sum & 0xffff);
	return ~(sum + (sum >> 16));
}

/* ICMP and ICMPv6 echo messages differ in their type only. */
struct echo {
	struct icmphdr head;
	unsigned char token[24];
};

static int probe_icmp(const char *address, int timeout)
{
	struct echo request = {}, *reply;
	unsigned char packet[512];
	const struct iphdr *ip = (struct iphdr *)packet;
	union address to;
	socklen_t length = parse_address(address, "0", &to);
	double start = now_ms();
	int v6 = to.any.sa_family == AF_INET6;
	int wanted = v6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY;
	ssize_t got;
	int fd;

	fd = socket(to.any.sa_family, SOCK_RAW,
		    v6 ? (int)IPPROTO_ICMPV6 : (int)IPPROTO_ICMP);
	if (fd < 0)
		return failed("raw socket");
	if (getrandom(request.token, sizeof(request.token), 0) < 0)
		return failed("getrandom");
	request.head.type = v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO;
	request.head.un.echo.id = htons(getpid());
	request.head.un.echo.sequence = htons(1);
	if (!v6) /* else the kernel's task */
		request.head.checksum = checksum(&request, sizeof(request));
	if (sendto(fd, &request, sizeof(request), 0, &to.any, length) < 0)
		return failed("send");

	while (wait_until(fd, POLLIN, start + timeout)) {
		got = recv(fd, packet, sizeof(packet), 0);
		if (got < 0)
			return failed("receive");
		reply = (struct echo *)(packet + (v6 ? 0 : ip->ihl * 4));
		if ((unsigned char *)(reply + 1) > packet + got ||
		    reply->head.type != wanted ||
		    memcmp(reply->token, request.token, sizeof(reply->token)))
			continue;
		printf("reply %.1f ms\n", now_ms() - start);
		return ANSWERED;
	}
	return no_answer(timeout);
}

/* By the token: the answer may come from another address of the same host. */
static int probe_udp(const char *address, const char *port, int timeout)
{
	union address to;
	socklen_t length = parse_address(address, port, &to);
	double start = now_ms(), next;
	char token[24], answer[sizeof(token)] = "";
	int fd = socket(to.any.sa_family, SOCK_DGRAM, 0);

	if (fd < 0 || getrandom(token, sizeof(token), 0) < 0)
		return failed("socket");
	for (next = start; next < start + timeout;) {
		sendto(fd, token, sizeof(token), 0, &to.any, length);
		next += REPEAT_MS;
		while (wait_until(fd, POLLIN, next) &&
		       recv(fd, answer, sizeof(answer), 0) > 0) {
			if (memcmp(answer, token, sizeof(token)))
				continue;
			printf("answer %.1f ms\n", now_ms() - start);
			return ANSWERED;
		}
	}
	return no_answer(timeout);
}

static int probe_main(int argc, char **argv)
{
	const char *command = argc > 2 ? argv[1] : "";
	int timeout = argc == 5 ? atoi(argv[4]) : DEFAULT_TIMEOUT_MS;

	if (!strcmp(command, "tcp") && (argc == 4 || argc == 5))
		return probe_tcp(argv[2], argv[3], timeout);
	if (!strcmp(command, "http") && (argc == 4 || argc == 5))
		return probe_http(argv[2], argv[3], timeout);
	if (!strcmp(command, "icmp") && argc <= 4)
		return probe_icmp(argv[2], argc == 4 ? atoi(argv[3]) :
						       DEFAULT_TIMEOUT_MS);
	if (!strcmp(command, "udp") && (argc == 4 || argc == 5))
		return probe_udp(argv[2], argv[3], timeout);
	if (!strcmp(command, "stream") && argc == 6)
		return probe_stream(argv[2], argv[3], atoi(argv[4]),
				    atoi(argv[5]));
	if (!strcmp(command, "send") && argc == 4 && !strcmp(argv[3], "-"))
		return probe_send_each(argv[2]);
	if (!strcmp(command, "send") && (argc == 4 || argc == 5))
		return probe_send(argv[2], argv[3],
				  argc == 5 ? atoi(argv[4]) : 1);
	if (!strcmp(command, "flood") && argc == 5)
		return probe_flood(argv[2], argv[3], atoi(argv[4]));
	if (!strcmp(command, "mix") && argc == 5)
		return probe_mix(argv[2], argv[3], atoi(argv[4]));
	if (!strcmp(command, "listen") && argc == 4)
		return serve_listen(argv[2], argv[3]);
	if (!strcmp(command, "echo") && argc == 3)
		return serve_echo(argv[2]);
	if (!strcmp(command, "await") && argc == 3)
		return probe_await(argv[2]);
	if (!strcmp(command, "relay") && argc == 5)
		return serve_relay(argv[2], argv[3], argv[4]);
	if (!strcmp(command, "reflect") && argc == 3)
		return probe_reflect(argv[2]);
	if (!strcmp(command, "tun") && argc == 4)
		return probe_tun(argv[2], atoi(argv[3]));
	if (!strcmp(command, "tunnel") && (argc == 5 || argc == 6))
		return probe_tunnel(argv[2], argv[3], atoi(argv[4]), argc == 6);
	return usage();
}

const struct command probe_command = {
	.name = "probe",
	.summary = "one connection, echo or frame, or many; and small servers",
	.usage =
		"tool probe tcp ADDRESS PORT [TIMEOUT_MS]   connect once, from a fresh port\n"
		"       tool probe http ADDRESS PORT [TIMEOUT_MS]  the same, and get a web page\n"
		"       tool probe icmp ADDRESS [TIMEOUT_MS]       send one echo request\n"
		"       tool probe udp ADDRESS PORT [TIMEOUT_MS]   send a datagram, again each 200 ms\n"
		"       tool probe stream ADDRESS PORT RATE SECONDS\n"
		"         connect RATE times a second, each from a fresh port; for each, when\n"
		"         (seconds): before the SYN, after it, answered (- if not); SIGINT ends it\n"
		"       tool probe send IFACE FRAME [COUNT]\n"
		"         send a raw frame, in hexadecimal; with /LENGTH behind it, as many bytes,\n"
		"         the rest of them random; - for one from each line\n"
		"       tool probe flood IFACE FRAME COUNT\n"
		"         as fast as can be; the last four bytes of each count from 0\n"
		"       tool probe await IFACE               wait for a frame of EtherType 88b5\n"
		"       tool probe mix IFACE ADDRESS MTU\n"
		"         send IPv4 packets, each time the same: three of TCP, the last of this length,\n"
		"         and one of UDP and of ICMP; only UDP's checksum is right\n"
		"       tool probe listen PORT TEXT          answer HTTP with this text\n"
		"       tool probe echo PORT                 send UDP datagrams back\n"
		"       tool probe relay PORT ADDRESS PORT   pass connections on, like docker-proxy\n"
		"       tool probe reflect NAME\n"
		"         create a tun device; send back what is sent there, source and destination\n"
		"         swapped\n"
		"       tool probe tun NAME TYPE\n"
		"         create a tun device that stays, of this link type (ARPHRD_…)\n"
		"       tool probe tunnel NAME ADDRESS PORT [connect]\n"
		"         create a tun device, or a tap if it is called so; its packets go to this UDP port, from the same one here\n"
		"Exit: 0 answered, 1 no answer in time, 2 refused or another failure.\n",
	.untried = FAILED,
	.main = probe_main,
};
