/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interfaces' names in other network namespaces: tracepoints tell of these as
 * well, and do not tell them from ours.
 */
#ifndef STRANGERS_H
#define STRANGERS_H

#include <linux/if.h>
#include <stdbool.h>
#include <stddef.h>

struct strangers {
	char (*names)[IFNAMSIZ]; /* each once */
	size_t count;
	bool all; /* there may be others: we could not look */
};

/**
 * strangers_read() - look into all network namespaces that there are now
 *
 * Needs CAP_SYS_ADMIN. Finds those of processes, and those that 'ip netns' made.
 *
 * Return: EXIT_DONE, or the exit code of an error it has told.
 */
int strangers_read(struct strangers *strangers);
void strangers_free(struct strangers *strangers);

/* May an interface elsewhere have that name? */
bool strangers_have(const struct strangers *strangers, const char *name);

#endif
