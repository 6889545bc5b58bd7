/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The map "slots": the counters of each interface's number. A number is unique in its
 * network namespace only, and changes if the interface moves to another one where it is
 * taken; the ports of a bond have numbers of their own. So the map is updated whenever
 * one of these changes.
 */
#ifndef SLOTS_H
#define SLOTS_H

#include "drop_abi.h"
#include "attach/hook.h"

/* Room for this many ports of bonds; packets of more are of unknown interfaces. */
#define SLOTS_PORTS 1024

/* Interfaces that there is room for beside those of the start, with --follow. */
#define SLOTS_LATER 1024

struct slots {
	int map_fd;
	const struct attachment *attachments;
	size_t count; /* of attachments */
	size_t room; /* for so many; it is the index of the unknown's counters */
	__u32 unknown_type; /* enum drop_frame_type */
};

/* May there be more than one interface, so that the programs look into the map? */
static inline bool slots_are_many(size_t room)
{
	return room > 1;
}

/* How many counters are needed for so many interfaces. */
static inline __u32 slots_counters(size_t room)
{
	return slots_are_many(room) ? room + 1 : 1;
}

/* And how many entries the map has. */
static inline __u32 slots_entries(size_t room)
{
	return slots_are_many(room) ? room + SLOTS_PORTS : 1;
}

#define SLOTS_FULL \
	"too many ports of bonds: packets of some are counted as (unknown)."

/**
 * slots_write() - bring the map up to date
 * @all: the interfaces of this network namespace: which is a port of which?
 *
 * Where two attachments have the same number, each in a namespace of its own, the
 * packets of both are counted as those of an unknown interface.
 *
 * Return: 0 or a negative errno. -E2BIG: there are too many ports, and the others
 * are written; print SLOTS_FULL then.
 */
int slots_write(const struct slots *slots, const struct interfaces *all);

/*
 * May packets have the ifindex of one of its ports? Native XDP on a bond runs in their
 * drivers. The ports of a bond that moved to another namespace are not visible.
 */
static inline bool slots_has_ports(const struct attachment *at)
{
	return at->hook == HOOK_XDP_NATIVE && at->index && !at->elsewhere;
}

/* The index of its counters, which is @slots->room if it is not known. */
size_t slots_find(const struct slots *slots, __u32 ifindex);

/*
 * What frames of an unknown interface start with: it is one of these that moved, or a
 * port of one.
 */
__u32 slots_unknown_type(const struct interfaces *chosen);

#endif
