// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices without an Ethernet header.
 */
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
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
