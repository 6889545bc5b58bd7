/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "attach/hook.h"
#include "loader/program.h"

struct options {
	enum xdp_choice xdp;
	enum tc_choice tc;
	bool ingress;
	bool force;
	bool pin;
	bool detach;
	bool list;
	bool observe;
	bool json;
	bool trace;
	int verbose; /* 0 to 2 */
	const char *write; /* file to capture to, "-": standard output; or NULL */
	__u32 snaplen; /* bytes, 1 to DROP_SNAPLEN_MAX */
	__u64 timeout_ns; /* 0: none */
	__u64 interval_ns; /* 0: counters at the end only */
	char *const *patterns; /* interface names and globs, in argv */
	size_t pattern_count;
};

/**
 * options_parse() - read the command line
 * @options: filled in; points into @argv
 *
 * Return: EXIT_DONE to go on. Help, version and wrong usage do not return:
 * they exit with EXIT_DONE or EXIT_USAGE.
 */
int options_parse(struct options *options, const struct program *program,
		  int argc, char **argv);

#endif
