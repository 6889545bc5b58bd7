/* SPDX-License-Identifier: GPL-2.0-only */
/* The interfaces of this network namespace, by name or glob. */
#ifndef INTERFACES_H
#define INTERFACES_H

#include <linux/types.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#define NETNS_OWN "/proc/thread-self/ns/net"

enum qdisc {
	QDISC_NONE,
	QDISC_CLSACT,
	QDISC_INGRESS, /* older than clsact, without an egress side */
};

struct interface {
	char name[IFNAMSIZ];
	char kind[16]; /* "veth", "bridge", "vlan", …; "" for hardware */
	int index;
	int master; /* ifindex of the bridge, bond, … it is a port of, or 0 */
	int lower; /* ifindex it stands on (VLAN) or is paired with (veth), or 0 */
	__u16 type; /* ARPHRD_* */
	bool outer; /* its frames start with an outer header: GRE to anywhere */
	bool mpls; /* it carries MPLS, not IP */
	enum qdisc qdisc; /* the qdisc in clsact's place */
	__u32 carrier_downs; /* how many times it has lost its carrier */
	__u32 xdp_native; /* ids of the XDP programs, or 0 */
	__u32 xdp_generic;
	__u32 xdp_offload;
};

/* The most devices on top of each other: MAX_NEST_DEV (linux/netdevice.h). */
#define INTERFACE_LEVELS 8

struct interfaces {
	struct interface *list; /* by ifindex */
	size_t count;
};

/**
 * interfaces_read() - list all interfaces of this network namespace
 *
 * Return: EXIT_DONE, or the exit code of an error it has told. Free the list
 * with interfaces_free(), which also takes an empty one.
 */
int interfaces_read(struct interfaces *all);
void interfaces_free(struct interfaces *all);

/**
 * interfaces_choose() - find the interfaces of names and globs
 * @all: to choose from
 * @patterns: interface names or shell globs
 * @count: of @patterns
 * @each: each of them has to mean one
 * @chosen: each once, by ifindex; free it with interfaces_free()
 *
 * Return: EXIT_DONE, or the exit code of an error it has told.
 */
int interfaces_choose(const struct interfaces *all, char *const *patterns,
		      size_t count, bool each, struct interfaces *chosen);

/* The inode number of this network namespace; 0 with errno if it is not known. */
__u32 netns_own(void);

/* Is there an interface of this name or glob? */
bool interfaces_match(const struct interfaces *all, const char *pattern);

/* The interface of that ifindex, or NULL. */
const struct interface *interfaces_find(const struct interfaces *all,
					int index);

/*
 * Is @upper a device above @lower: a bridge, bond, … with this port, or a VLAN, macvlan, …
 * on it? The ends of a pair (veth) are side by side.
 */
bool interface_is_above(const struct interface *upper,
			const struct interface *lower);

/*
 * How many of them are below each of them, one on top of the other; at most
 * INTERFACE_LEVELS. To be freed; NULL: there is no memory.
 */
int *interface_levels(const struct interfaces *all);

#endif
