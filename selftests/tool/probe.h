/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of probe. */
#ifndef PROBE_H
#define PROBE_H

#include <netinet/in.h>
#include <sys/socket.h>

enum { ANSWERED, LOST, FAILED };

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* Returns its length; if @text is no address, it says so and exits. */
socklen_t parse_address(const char *text, const char *port, union address *to);

/* @rate connections a second. */
int probe_stream(const char *address, const char *port, int rate, int seconds);

/*
 * Frames are given as hexadecimal digits, with /LENGTH behind them if as many
 * bytes are wanted and the rest is to be random.
 */
int probe_send(const char *iface, const char *text, int count);
int probe_send_each(const char *iface);
int probe_await(const char *iface);
int probe_flood(const char *iface, const char *text, unsigned int count);
int probe_mix(const char *iface, const char *address, int mtu);

int probe_reflect(const char *name);
int probe_tun(const char *name, int type);
int probe_tunnel(const char *name, const char *address, int port,
		 int connected);

#endif
