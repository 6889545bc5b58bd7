/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>

#include "attach/hook.h"
#include "lib/common_options.h"
#include "loader/program.h"
#include "select/select_options.h"

struct options {
	struct common_options common;
	struct selection select;
	enum xdp_choice xdp;
	enum tc_choice tc;
	bool ingress;
	bool follow;
	bool pin;
	bool detach;
	bool list;
	bool observe;
	bool drop_undecided;
	bool trace;
	__u32 top; /* show so many flows; 0: do not look at flows */
	__u64 interval_ns; /* 0: counters at the end only */
};

/**
 * options_parse() - read the command line
 * @options: filled in; points into @argv
 *
 * Return: as common_parse().
 */
int options_parse(struct options *options, const struct program *program,
		  int argc, char **argv);

#endif
