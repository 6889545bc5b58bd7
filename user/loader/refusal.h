/* SPDX-License-Identifier: GPL-2.0-only */
/* Why the kernel's verifier rejects a program, from its log. */
#ifndef REFUSAL_H
#define REFUSAL_H

#include <stdbool.h>
#include <stddef.h>

#define REFUSAL_LINES 8

struct refusal {
	const char *lines[REFUSAL_LINES]; /* the last ones that matter */
	size_t count;
	const char *reason; /* the last of them */
	char where[64]; /* "match_protocol.h:85", as Linux 6.9 tells it; or "" */
};

/**
 * refusal_read() - find out what the log says
 * @log: is cut into lines, which @refusal points to
 *
 * The last line of source and what follows it, without what is between if that is
 * too much. Return: false if there is nothing in the log.
 */
bool refusal_read(struct refusal *refusal, char *log);

#endif
