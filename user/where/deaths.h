/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the kernel's events to deaths: of a packet's end the kernel tells the
 * function and the reason, but not the interface. That follows from what it told
 * of the same packet before.
 */
#ifndef DEATHS_H
#define DEATHS_H

#include "lib/format.h"
#include "lib/ring.h"
#include "lib/tracefs.h"
#include "where/strangers.h"
#include "where/suspects.h"
#include "where/symbols.h"
#include "where/trails.h"

enum death_place {
	IN_XDP_NATIVE,
	IN_XDP_GENERIC,
	IN_TC_INGRESS,
	IN_TC_EGRESS,
	IN_STACK, /* anywhere else */
};

struct death {
	__u64 ns; /* CLOCK_MONOTONIC */
	char interface[IFNAMSIZ]; /* "": one of several */
	bool interface_guessed;
	enum death_place place;
	bool place_guessed;
	char function[64];
	const char *reason; /* NULL: this kernel has none */
	__u16 protocol; /* ETH_P_*, host order */
	__u32 length; /* bytes; 0: not known */
};

/* Where the fields are in each event; what an event has not is empty. */
struct death_format {
	int id; /* -1: this kernel has no such event */
	struct field skb, name, length, location, protocol, reason;
};

struct deaths {
	struct death_format formats[EVENT_COUNT];
	struct field type; /* of all events: whose id it is */
	struct names reasons;
	bool has_reasons;
	struct symbols symbols;
	struct suspects suspects;
	struct strangers strangers;
	struct trails trails;
	__u64 *receiving; /* by CPU: the packet that it received last */
	size_t cpus;
	int code; /* what went wrong, or EXIT_DONE */
	void (*tell)(const struct death *death, void *context);
	void *context;
};

/**
 * deaths_open() - find the events and switch them on
 * @deaths: @suspects' patterns, @tell and @context are set, the rest is zero
 *
 * Return: EXIT_DONE, or the exit code of an error it has told. Close it in any
 * case.
 */
int deaths_open(struct deaths *deaths, const struct tracefs *tracefs,
		const struct ring *ring);
void deaths_close(struct deaths *deaths);

/* A ring_reader; its context is a struct deaths. */
void deaths_read(const struct record *record, const char *data, void *context);

/* For tables and JSON: "xdp-native", … */
const char *death_place_name(enum death_place place);

#endif
