// SPDX-License-Identifier: GPL-2.0-only
/*
 * The wires of a lab. Neighbours are permanent: what arrives never depends on
 * the last request.
 */
#include <linux/if.h>
#include <stdio.h>
#include <string.h>

#include "tool/stage.h"
#include "tool/wire.h"

/* In the order in which they are set up. */
enum device { VETH, DOCKER, WAN, OUTER, ETH, DEVICES };

static const struct {
	int place;
	const char *name, *ether;
} devices[DEVICES] = {
	[VETH] = { HOST, "veth", "02:00:00:00:02:02" },
	[DOCKER] = { HOST, "docker", "02:00:00:00:02:01" },
	[WAN] = { HOST, "wan", "02:00:00:00:01:01" },
	[OUTER] = { OUT, "out", "02:00:00:00:01:02" },
	[ETH] = { CTR, "eth", "02:00:00:00:02:10" },
};

static const struct {
	enum device device;
	const char *address;
} addresses[] = {
	{ WAN, "198.51.100.1/24" },   { WAN, "2001:db8:1::1/64" },
	{ DOCKER, "203.0.113.1/24" }, { DOCKER, "2001:db8:2::1/64" },
	{ OUTER, "198.51.100.2/24" }, { OUTER, "2001:db8:1::2/64" },
	{ ETH, "203.0.113.10/24" },   { ETH, "2001:db8:2::10/64" },
};

static const struct {
	enum device device, to;
	const char *address;
} neighbours[] = {
	{ WAN, OUTER, "198.51.100.2" },	 { WAN, OUTER, "2001:db8:1::2" },
	{ DOCKER, ETH, "203.0.113.10" }, { DOCKER, ETH, "2001:db8:2::10" },
	{ OUTER, WAN, "198.51.100.1" },	 { OUTER, WAN, "2001:db8:1::1" },
	{ ETH, DOCKER, "203.0.113.1" },	 { ETH, DOCKER, "2001:db8:2::1" },
};

static const struct {
	int place;
	const char *to, *gateway;
} routes[] = {
	{ OUT, "2001:db8:2::/64", "2001:db8:1::1" },
	{ CTR, "0.0.0.0/0", "203.0.113.1" },
	{ CTR, "::/0", "2001:db8:2::1" },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct stage_place *places;
static char names[DEVICES][IFNAMSIZ];

static struct netlink *socket_of(enum device device)
{
	return &places[devices[device].place].nl;
}

static struct wire_end end_of(enum device device)
{
	return (struct wire_end){ names[device], devices[device].ether };
}

static int told(const char *what, const struct netlink *nl, int error)
{
	if (!error)
		return 0;
	fprintf(stderr, "stage: %s: %s\n", what,
		*nl->extack ? nl->extack : strerror(-error));
	return 2;
}

static int make_veth(enum device device, enum device other)
{
	struct wire_end near = end_of(device), far = end_of(other);
	struct netlink *nl = socket_of(device);
	int netns = places[devices[other].place].fd;

	return told(near.name, nl, wire_veth(nl, &near, &far, netns));
}

static int make_bridge(enum device device)
{
	struct wire_end end = end_of(device);
	struct netlink *nl = socket_of(device);

	return told(end.name, nl, wire_bridge(nl, &end));
}

static int enslave(enum device device, enum device bridge)
{
	struct netlink *nl = socket_of(device);

	return told(names[device], nl,
		    wire_enslave(nl, names[device], names[bridge]));
}

static int set_up(void)
{
	int i, status = 0;

	for (i = 0; i < PLACES && !status; i++)
		status =
			told("lo", &places[i].nl, wire_up(&places[i].nl, "lo"));
	for (i = 0; i < DEVICES && !status; i++)
		status = told(names[i], socket_of(i),
			      wire_up(socket_of(i), names[i]));
	return status;
}

static int address(void)
{
	struct netlink *nl;
	int status = 0;
	unsigned int i;

	for (i = 0; i < COUNT(addresses) && !status; i++) {
		nl = socket_of(addresses[i].device);
		status = told(addresses[i].address, nl,
			      wire_address(nl, names[addresses[i].device],
					   addresses[i].address));
	}
	for (i = 0; i < COUNT(neighbours) && !status; i++) {
		nl = socket_of(neighbours[i].device);
		status = told(neighbours[i].address, nl,
			      wire_neighbour(nl, names[neighbours[i].device],
					     neighbours[i].address,
					     devices[neighbours[i].to].ether));
	}
	for (i = 0; i < COUNT(routes) && !status; i++) {
		nl = &places[routes[i].place].nl;
		status = told(routes[i].to, nl,
			      wire_route(nl, routes[i].to, routes[i].gateway));
	}
	return status;
}

int stage_wire(struct stage_place all[PLACES], const char *unit)
{
	int i;

	places = all;
	for (i = 0; i < DEVICES; i++)
		snprintf(names[i], IFNAMSIZ, "%s%s", devices[i].name, unit);
	if (make_veth(WAN, OUTER) || make_bridge(DOCKER) ||
	    make_veth(VETH, ETH) || enslave(VETH, DOCKER) || set_up())
		return 2;
	return address();
}
