/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of stage. */
#ifndef STAGE_H
#define STAGE_H

#include "lib/netlink.h"

/* Where things are in a lab. */
enum { OUT, CTR, HOST, PLACES };
extern const char *const stage_places[PLACES];

/* The path of a lab's network namespace; valid until the next call. */
const char *stage_namespace(const char *dir, const char *place);
/* Returns 0, or 2 and has said what failed. */
int stage_enter(const char *path);

int stage_up(const char *dir, const char *owner, const char *unit, int serve);
int stage_private(char **argv);

struct stage_place {
	struct netlink nl; /* a socket in there */
	int fd; /* the network namespace */
};

/*
 * Put devices, addresses, neighbours and routes into a lab's namespaces; what
 * devices are called ends with @unit. Returns 0, or 2 and has said what failed.
 */
int stage_wire(struct stage_place places[PLACES], const char *unit);

#endif
