// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two network namespaces, by name as ip netns has them, and between them
 * veth0, 203.0.113.1/24, and eth0, 203.0.113.10/24. Nearly every test of the
 * command line wants such a pair; by ip(8) it would take six processes.
 */
#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tool/netns.h"
#include "tool/tool.h"
#include "tool/wire.h"

#define UP_SECONDS 60 /* that an interface may take to be up, and much more */

static void check(const char *what, const struct netlink *nl, int error)
{
	errno = -error;
	if (error)
		give_up(*nl->extack ? nl->extack : what);
}

/* A new network namespace, which we are in then; returns it. */
static int make_netns(const char *name)
{
	const char *path = netns_path(name);
	int fd;

	errno = netns_make(path);
	fd = errno ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		give_up(path);
	return fd;
}

static void remove_netns(const char *name)
{
	const char *path = netns_path(name);

	errno = netns_remove(path);
	if (errno)
		give_up(path);
}

static int read_state(const struct nlmsghdr *message, void *context)
{
	*(__u8 *)context = netlink_u8(netlink_find(
		message, sizeof(struct ifinfomsg), IFLA_OPERSTATE));
	return 0;
}

static __u8 state_of(struct netlink *nl, const char *name)
{
	struct netlink_request request;
	__u8 state = 0;

	netlink_start(&request, RTM_GETLINK, 0, sizeof(struct ifinfomsg));
	netlink_put_string(&request, IFLA_IFNAME, name);
	check(name, nl, netlink_talk(nl, &request, read_state, &state));
	return state;
}

static void set_up(struct netlink *nl, const char *name, const char *address)
{
	check(name, nl, wire_up(nl, name));
	check(name, nl, wire_address(nl, name, address));
}

/* Each change is heard of: no need to ask again and again. */
static void wait_until_up(struct netlink *nl, struct netlink *events,
			  const char *name)
{
	struct pollfd heard = { .fd = events->fd, .events = POLLIN };
	char buffer[8192];

	while (state_of(nl, name) != IF_OPER_UP) {
		errno = ETIMEDOUT;
		if (poll(&heard, 1, UP_SECONDS * 1000) <= 0)
			give_up(name);
		while (recv(events->fd, buffer, sizeof(buffer), MSG_DONTWAIT) >
		       0)
			;
	}
}

static void make_pair(const char *host_name, const char *ctr_name)
{
	const struct wire_end near = { "veth0" }, far = { "eth0" };
	struct netlink in_host, in_ctr, events;
	int ctr;

	ctr = make_netns(ctr_name);
	if (netlink_open(&in_ctr, 0))
		give_up("netlink");
	close(make_netns(host_name));
	if (netlink_open(&in_host, 0) || netlink_open(&events, RTMGRP_LINK))
		give_up("netlink");
	check("veth0", &in_host, wire_veth(&in_host, &near, &far, ctr));
	check("lo", &in_host, wire_up(&in_host, "lo"));
	set_up(&in_host, "veth0", "203.0.113.1/24");
	set_up(&in_ctr, "eth0", "203.0.113.10/24");
	wait_until_up(&in_host, &events, "veth0");
	close(ctr);
}

static int pair_main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "add")) {
		make_pair(argv[2], argv[3]);
		return 0;
	}
	if (argc == 4 && !strcmp(argv[1], "del")) {
		remove_netns(argv[2]);
		remove_netns(argv[3]);
		return 0;
	}
	return usage();
}

const struct command pair_command = {
	.name = "pair",
	.summary = "two network namespaces with a veth pair between them",
	.usage = "tool pair add|del HOST CTR\n",
	.untried = 2,
	.main = pair_main,
};
