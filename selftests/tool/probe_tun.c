// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices without an Ethernet header.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tool/probe.h"
#include "tool/tool.h"

/*
 * To whoever uses the device, each address behind it is then itself: an echo
 * request comes back as another's echo request, and the answer to that as
 * the answer. Checksums are sums, so swapping addresses keeps them right.
 */
int probe_reflect(const char *name)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	unsigned char packet[65536], source[16];
	int fd = open("/dev/net/tun", O_RDWR), at, size;
	ssize_t length;

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr))
		return failed("tun device");
	puts("ready");
	fflush(stdout);
	while ((length = read(fd, packet, sizeof(packet))) > 0) {
		at = *packet >> 4 == 4 ? 12 : 8;
		size = *packet >> 4 == 4 ? 4 : 16;
		memcpy(source, packet + at, size);
		memcpy(packet + at, packet + at + size, size);
		memcpy(packet + at + size, source, size);
		if (write(fd, packet, length) < 0)
			return failed("write");
	}
	return failed("read");
}

int probe_tun(const char *name, int type)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR);

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr) ||
	    ioctl(fd, TUNSETPERSIST, 1) || ioctl(fd, TUNSETLINK, type))
		return failed("tun device");
	return ANSWERED;
}

/* A packet for which nobody listens yet, or no device is up, is sent again by its sender. */
static int pass_on(int from, int to, const struct sockaddr_in *peer)
{
	unsigned char packet[65536];
	ssize_t length = read(from, packet, sizeof(packet));

	if (length < 0)
		return errno == ECONNREFUSED ? 0 : failed("read");
	if (peer)
		length = sendto(to, packet, length, 0, (void *)peer,
				sizeof(*peer));
	else
		length = write(to, packet, length);
	return length >= 0 || errno == ECONNREFUSED || errno == EIO ?
		       0 :
		       failed("write");
}

/* As OpenVPN and others do by UDP: some connect their socket, some do not. */
int probe_tunnel(const char *name, const char *address, int port, int connected)
{
	bool tap = !strncmp(name, "tap", 3);
	struct ifreq ifr = { .ifr_flags = (tap ? IFF_TAP : IFF_TUN) |
					  IFF_NO_PI };
	struct sockaddr_in peer = { .sin_family = AF_INET,
				    .sin_port = htons(port) };
	struct sockaddr_in ours = peer;
	struct pollfd both[2] = { { .events = POLLIN }, { .events = POLLIN } };
	int status = 0;

	both[0].fd = open("/dev/net/tun", O_RDWR);
	both[1].fd = socket(AF_INET, SOCK_DGRAM, 0);
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (both[0].fd < 0 || ioctl(both[0].fd, TUNSETIFF, &ifr))
		return failed("tun device");
	if (inet_pton(AF_INET, address, &peer.sin_addr) != 1 ||
	    bind(both[1].fd, (void *)&ours, sizeof(ours)) ||
	    (connected && connect(both[1].fd, (void *)&peer, sizeof(peer))))
		return failed(address);
	puts("ready");
	fflush(stdout);
	while (!status && poll(both, 2, -1) > 0) {
		if (both[0].revents)
			status = pass_on(both[0].fd, both[1].fd,
					 connected ? NULL : &peer);
		if (!status && both[1].revents)
			status = pass_on(both[1].fd, both[0].fd, NULL);
	}
	return status;
}
