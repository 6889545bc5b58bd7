// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two network namespaces, by name as ip netns has them, and between them
 * veth0, 203.0.113.1/24, and eth0, 203.0.113.10/24. Nearly every test of the
 * command line wants such a pair; by ip(8) it would take six processes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/veth.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../user/netlink.h"
#include "netns.h"

#define UP_SECONDS 60 /* that an interface may take to be up, and much more */

static void give_up(const char *what, int error)
{
	fprintf(stderr, "pair: %s: %s\n", what, strerror(error));
	exit(1);
}

/* A new network namespace, which we are in then; returns it. */
static int make_netns(const char *name)
{
	const char *path = netns_path(name);
	int error = netns_make(path), fd;

	if (error)
		give_up(path, error);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		give_up(path, errno);
	return fd;
}

static void remove_netns(const char *name)
{
	const char *path = netns_path(name);
	int error = netns_remove(path);

	if (error)
		give_up(path, error);
}

static void ask(struct netlink *nl, struct netlink_request *request,
		const char *what)
{
	int error = netlink_talk(nl, request, NULL, NULL);

	if (error)
		give_up(*nl->words ? nl->words : what, -error);
}

static void make_veth(struct netlink *nl, int ctr)
{
	struct rtattr *info, *data, *peer;
	struct netlink_request request;

	netlink_start(&request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL,
		      sizeof(struct ifinfomsg));
	netlink_put_string(&request, IFLA_IFNAME, "veth0");
	info = netlink_nest(&request, IFLA_LINKINFO);
	netlink_put_string(&request, IFLA_INFO_KIND, "veth");
	data = netlink_nest(&request, IFLA_INFO_DATA);
	peer = netlink_nest(&request, VETH_INFO_PEER);
	request.header.nlmsg_len += sizeof(struct ifinfomsg);
	netlink_put_string(&request, IFLA_IFNAME, "eth0");
	netlink_put_u32(&request, IFLA_NET_NS_FD, ctr);
	netlink_nest_end(&request, peer);
	netlink_nest_end(&request, data);
	netlink_nest_end(&request, info);
	ask(nl, &request, "veth0");
}

static int read_index(const struct nlmsghdr *message, void *context)
{
	*(int *)context = ((struct ifinfomsg *)NLMSG_DATA(message))->ifi_index;
	return 0;
}

static int read_state(const struct nlmsghdr *message, void *context)
{
	*(__u8 *)context = netlink_u8(netlink_find(
		message, sizeof(struct ifinfomsg), IFLA_OPERSTATE));
	return 0;
}

static void get_link(struct netlink *nl, const char *name,
		     netlink_reader reader, void *context)
{
	struct netlink_request request;
	int error;

	netlink_start(&request, RTM_GETLINK, 0, sizeof(struct ifinfomsg));
	netlink_put_string(&request, IFLA_IFNAME, name);
	error = netlink_talk(nl, &request, reader, context);
	if (error)
		give_up(name, -error);
}

/* Up; and the last byte of its address, unless it is 0. */
static void set_up(struct netlink *nl, const char *name, __u8 last)
{
	struct in_addr address = { htonl(0xcb007100 + last) };
	struct netlink_request request;
	struct ifinfomsg *link;
	struct ifaddrmsg *addr;
	int index = 0;

	get_link(nl, name, read_index, &index);
	link = netlink_start(&request, RTM_NEWLINK, 0, sizeof(*link));
	link->ifi_index = index;
	link->ifi_flags = IFF_UP;
	link->ifi_change = IFF_UP;
	ask(nl, &request, name);
	if (!last)
		return;
	addr = netlink_start(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL,
			     sizeof(*addr));
	addr->ifa_family = AF_INET;
	addr->ifa_prefixlen = 24;
	addr->ifa_index = index;
	netlink_put(&request, IFA_LOCAL, &address, sizeof(address));
	netlink_put(&request, IFA_ADDRESS, &address, sizeof(address));
	ask(nl, &request, name);
}

/* Each change is heard of: no need to ask again and again. */
static void wait_until_up(struct netlink *nl, struct netlink *events,
			  const char *name)
{
	struct pollfd heard = { .fd = events->fd, .events = POLLIN };
	char buffer[8192];
	__u8 state = 0;

	for (;;) {
		get_link(nl, name, read_state, &state);
		if (state == IF_OPER_UP)
			return;
		if (poll(&heard, 1, UP_SECONDS * 1000) <= 0)
			give_up(name, ETIMEDOUT);
		while (recv(events->fd, buffer, sizeof(buffer), MSG_DONTWAIT) >
		       0)
			;
	}
}

static void make_pair(const char *host_name, const char *ctr_name)
{
	struct netlink in_host, in_ctr, events;
	int ctr, host;

	ctr = make_netns(ctr_name);
	if (netlink_open(&in_ctr, 0))
		give_up("netlink", errno);
	host = make_netns(host_name);
	if (netlink_open(&in_host, 0) || netlink_open(&events, RTMGRP_LINK))
		give_up("netlink", errno);
	make_veth(&in_host, ctr);
	set_up(&in_host, "lo", 0);
	set_up(&in_host, "veth0", 1);
	set_up(&in_ctr, "eth0", 10);
	wait_until_up(&in_host, &events, "veth0");
	close(ctr);
	close(host);
}

int main(int argc, char **argv)
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
	fputs("Usage: pair add|del HOST CTR\n", stderr);
	return 2;
}
