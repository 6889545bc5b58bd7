/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The options that all programs have, --help, --usage and --version among them, and
 * the interfaces behind them: a child for any program's argp.
 */
#ifndef COMMON_OPTIONS_H
#define COMMON_OPTIONS_H

#include <argp.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

struct common_options {
	const char *program; /* its name, for --version */
	bool force;
	bool json;
	int verbose; /* 0 to 2 */
	const char *write; /* file to capture to, "-": standard output; or NULL */
	__u32 snaplen; /* bytes, 1 to DROP_SNAPLEN_MAX */
	__u64 timeout_ns; /* 0: none */
	char *const *argv; /* the whole command line, options first */
	int argc;
	char **patterns; /* interface names and globs, in argv */
	size_t pattern_count;
};

/* Its input is a struct common_options. */
extern const struct argp common_argp;

/**
 * common_parse() - read the command line
 * @argp: with common_argp as a child
 * @input: of @argp
 *
 * Return: EXIT_DONE to go on. Help, version and wrong usage do not return:
 * they exit with EXIT_DONE or EXIT_USAGE.
 */
int common_parse(const struct argp *argp, int argc, char **argv, void *input);

/* Bytes of a command line that are kept. */
#define COMMAND_SIZE 256

/* The command line, quoted for a shell, and cut if it is longer. */
void common_command(const struct common_options *options,
		    char text[COMMAND_SIZE]);

/* Are packets written to standard output, so that all else goes to standard error? */
bool common_is_piped(const struct common_options *options);

#endif
