// SPDX-License-Identifier: GPL-2.0-only
/*
 * Raw frames: one, many that differ, and one as often as can be.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "tool/probe.h"
#include "tool/tool.h"

/* A frame to send, where from, and the socket to do it. */
struct sending {
	struct sockaddr_ll from;
	unsigned char frame[9300];
	size_t length;
	int fd;
};

/* Hexadecimal, and perhaps a length, up to which the rest is random. */
static int parse_frame(struct sending *sending, const char *text)
{
	size_t want;
	int used;

	sending->length = 0;
	for (; *text && *text != '/' && *text != '\n'; text += used) {
		if (sending->length == sizeof(sending->frame) ||
		    sscanf(text, "%2hhx%n ", &sending->frame[sending->length++],
			   &used) != 1) {
			fprintf(stderr,
				"probe: not hexadecimal from here: %s\n", text);
			return FAILED;
		}
	}
	if (*text != '/')
		return ANSWERED;
	want = strtoul(text + 1, NULL, 10);
	if (want < sending->length || want > sizeof(sending->frame)) {
		fprintf(stderr, "probe: no such length: %s\n", text);
		return FAILED;
	}
	for (; sending->length < want; sending->length += used) {
		used = getrandom(sending->frame + sending->length,
				 want - sending->length, 0);
		if (used < 0)
			return failed("getrandom");
	}
	return ANSWERED;
}

static int prepare_sending(struct sending *sending, const char *iface)
{
	*sending = (struct sending){
		.from.sll_family = AF_PACKET,
		.from.sll_ifindex = if_nametoindex(iface),
	};
	if (!sending->from.sll_ifindex)
		return failed(iface);
	sending->fd = socket(AF_PACKET, SOCK_RAW, 0);
	return sending->fd < 0 ? failed("packet socket") : ANSWERED;
}

static int send_one(const struct sending *sending)
{
	if (sendto(sending->fd, sending->frame, sending->length, 0,
		   (struct sockaddr *)&sending->from,
		   sizeof(sending->from)) >= 0)
		return ANSWERED;
	failed("send");
	/* What it says if a program drops on the way out. */
	return errno == ENOBUFS ? LOST : FAILED;
}

int probe_send(const char *iface, const char *text, int count)
{
	struct sending sending;
	int status = ANSWERED;

	if (prepare_sending(&sending, iface) || parse_frame(&sending, text))
		return FAILED;
	while (!status && count--)
		status = send_one(&sending);
	return status;
}

/* All that standard input has, even if some are lost. */
int probe_send_each(const char *iface)
{
	struct sending sending;
	int status = ANSWERED, one;
	char *line = NULL;
	size_t size = 0;

	if (prepare_sending(&sending, iface))
		return FAILED;
	while (getline(&line, &size, stdin) > 0) {
		if (parse_frame(&sending, line))
			return FAILED;
		one = send_one(&sending);
		if (one == FAILED)
			return FAILED;
		if (one)
			status = one;
	}
	return status;
}

/* IEEE 802 has it for local experiments. */
#define ETH_P_EXPERIMENT 0x88b5

int probe_await(const char *iface)
{
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_EXPERIMENT),
		.sll_ifindex = if_nametoindex(iface),
	};
	int fd = socket(AF_PACKET, SOCK_RAW, 0);
	char frame[64];

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)))
		return failed(iface);
	puts("ready");
	fflush(stdout);
	if (recv(fd, frame, sizeof(frame), 0) < 0)
		return failed("receive");
	return ANSWERED;
}

#define BATCH 64

/* On one CPU, the sender also receives, so that a veth's queue does not run over. */
static void stay_on_this_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* Tells how many were sent; an old kernel counts those, too, that a full veth lost. */
int probe_flood(const char *iface, const char *text, unsigned int count)
{
	struct mmsghdr messages[BATCH] = {};
	struct sending sending;
	struct iovec parts[BATCH][2];
	unsigned int numbers[BATCH], sent = 0, full = 0, i;
	double start;
	int done;

	if (prepare_sending(&sending, iface) || parse_frame(&sending, text))
		return FAILED;
	if (sending.length < sizeof(*numbers)) {
		errno = EMSGSIZE;
		return failed("frame");
	}
	sending.length -= sizeof(*numbers);
	for (i = 0; i < BATCH; i++) {
		parts[i][0].iov_base = sending.frame;
		parts[i][0].iov_len = sending.length;
		parts[i][1].iov_base = &numbers[i];
		parts[i][1].iov_len = sizeof(*numbers);
		messages[i].msg_hdr.msg_name = &sending.from;
		messages[i].msg_hdr.msg_namelen = sizeof(sending.from);
		messages[i].msg_hdr.msg_iov = parts[i];
		messages[i].msg_hdr.msg_iovlen = 2;
	}
	stay_on_this_cpu();
	start = now_ms();
	for (; sent < count; sent += done) {
		for (i = 0; i < BATCH; i++)
			numbers[i] = htonl(sent + i);
		done = sendmmsg(sending.fd, messages,
				count - sent < BATCH ? count - sent : BATCH, 0);
		if (done > 0)
			continue;
		if (errno != ENOBUFS)
			return failed("send");
		/* The device's queue is full: this one is lost on the way. */
		done = 1;
		full++;
	}
	printf("%u frames in %.1f ms\n", sent - full, now_ms() - start);
	return ANSWERED;
}

/*
 * By a raw socket, so that any kind of device can send them. The kernel completes the IP
 * header. A receiver counts them in /proc/net/snmp: TCP's InSegs, UDP's NoPorts, ICMP's
 * InMsgs. TCP and ICMP are not answered, as their checksums are 0; UDP needs none.
 */
int probe_mix(const char *iface, const char *address, int mtu)
{
	const struct {
		int protocol, length;
	} packets[] = {
		{ IPPROTO_TCP, 60 },   { IPPROTO_TCP, mtu / 2 },
		{ IPPROTO_TCP, mtu },  { IPPROTO_UDP, mtu },
		{ IPPROTO_ICMP, mtu },
	};
	struct {
		struct iphdr ip;
		union {
			struct tcphdr tcp;
			struct udphdr udp;
			struct icmphdr icmp;
			unsigned char bytes[9300 - sizeof(struct iphdr)];
		};
	} packet;
	struct sockaddr_in to = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	size_t i, at;

	if (mtu < 120 || mtu > (int)sizeof(packet) ||
	    inet_pton(AF_INET, address, &to.sin_addr) != 1)
		return usage();
	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, iface, strlen(iface)))
		return failed(iface);
	for (i = 0; i < sizeof(packets) / sizeof(*packets); i++) {
		packet.ip = (struct iphdr){
			.version = 4,
			.ihl = 5,
			.ttl = 64,
			.id = htons(1 + i),
			.frag_off = htons(IP_DF),
			.protocol = packets[i].protocol,
			.daddr = to.sin_addr.s_addr,
		};
		for (at = 0; at < sizeof(packet.bytes); at++)
			packet.bytes[at] = at;
		if (packets[i].protocol == IPPROTO_TCP)
			packet.tcp = (struct tcphdr){ .source = htons(40000),
						      .dest = htons(9),
						      .doff = 5,
						      .syn = 1 };
		else if (packets[i].protocol == IPPROTO_UDP)
			packet.udp = (struct udphdr){
				.source = htons(40000),
				.dest = htons(9),
				.len = htons(mtu - sizeof(packet.ip))
			};
		else
			packet.icmp = (struct icmphdr){ .type = ICMP_ECHO };
		if (sendto(fd, &packet, packets[i].length, 0,
			   (struct sockaddr *)&to, sizeof(to)) < 0)
			return failed("send");
	}
	return ANSWERED;
}
