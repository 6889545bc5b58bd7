/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where could a packet have died, when the kernel does not say? Only where
 * something hangs that drops.
 */
#ifndef SUSPECTS_H
#define SUSPECTS_H

#include "lib/interfaces.h"

/* A set of hooks, as bits. */
#define AT_NATIVE 1 /* native XDP of a veth: other drivers tell nothing */
#define AT_GENERIC 2
#define AT_INGRESS 4 /* TCX, or a clsact or ingress qdisc */
#define AT_EGRESS 8

struct suspects {
	char *const *patterns; /* names and globs; none: all */
	size_t pattern_count;
	struct interfaces all;
	__u8 *hooks; /* of each, now */
	__u8 *recent; /* of each, now or at the last look */
	char (*peers)[IFNAMSIZ]; /* of each at AT_NATIVE, now or then; "": not known */
	__u64 read_ns; /* CLOCK_MONOTONIC */
};

/* Are there such interfaces? Returns EXIT_DONE or the code of a told error. */
int suspects_check(const struct suspects *suspects);

/* Looks anew; returns EXIT_DONE or the exit code of an error it has told. */
int suspects_read(struct suspects *suspects, __u64 now_ns);

/* The same, and what hung there before is forgotten. */
int suspects_read_anew(struct suspects *suspects, __u64 now_ns);

void suspects_free(struct suspects *suspects);

/* The interface of that name in our network namespace, or NULL. */
const struct interface *suspects_named(const struct suspects *suspects,
				       const char *name);

/* Is it among those that the user asked about? */
bool suspects_chosen(const struct suspects *suspects, const char *name);

/* What is known of a packet's way. */
struct clue {
	/* Where it has been before, or NULL. */
	const struct interface *near;
	/* It was on its way through @near, which stands on others. */
	bool inside;
	/* For AT_NATIVE: has that interface sent a packet that has not arrived? */
	bool (*sent)(const char *name, void *context);
	void *context;
};

/**
 * suspects_guess() - which interface was it?
 * @hook: one of AT_*
 * @any: set if an interface that the user asked about could have been it
 *
 * Return: the only one that it can have been, or NULL.
 */
const struct interface *suspects_guess(const struct suspects *suspects,
				       __u8 hook, const struct clue *clue,
				       bool *any);

#endif
