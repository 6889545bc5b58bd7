/* SPDX-License-Identifier: GPL-2.0-only */
/* A run of drop-where. */
#ifndef WHERE_H
#define WHERE_H

#include <stdbool.h>

#include "lib/common_options.h"

struct where_options {
	struct common_options common;
	bool summary; /* no line for each packet */
	bool all_netns;
};

/**
 * where_parse() - read the command line
 * @options: filled in; points into @argv
 *
 * Return: as common_parse().
 */
int where_parse(struct where_options *options, int argc, char **argv);

/* Runs until a signal, the time-out or the end of output; an exit code. */
int where_run(int argc, char **argv);

#endif
