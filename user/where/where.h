/* SPDX-License-Identifier: GPL-2.0-only */
/* Telling where packets are dropped, for a while. */
#ifndef WHERE_H
#define WHERE_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "where/tracing.h"

struct where_options {
	bool summary; /* no line for each packet */
	bool json;
	bool all_netns;
	bool force; /* replace the file */
	int verbose;
	__u64 timeout_ns; /* 0: none */
	const char *write; /* file; "-": standard output; NULL: none */
	__u32 snaplen; /* bytes, if it writes */
	char *const *patterns; /* interface names and globs, in argv */
	size_t pattern_count;
};

/**
 * where_parse() - read the command line
 * @options: filled in; points into @argv
 *
 * Return: EXIT_DONE to go on. Help, version and wrong usage do not return.
 */
int where_parse(struct where_options *options, int argc, char **argv);

/* Tells until a signal, the time-out or the end of output; an exit code. */
int where_run(const struct where_program *program, int argc, char **argv);

#endif
