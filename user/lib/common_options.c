// SPDX-License-Identifier: GPL-2.0-only
/* The options that all programs have. */
#include "lib/common_options.h"

#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drop_abi.h"
#include "lib/duration.h"
#include "lib/errors.h"
#include "lib/macros.h"
#include "lib/number.h"

/* No short form; other options' keys are lower. */
#define KEY_USAGE 0x1000

/* The group -1 is the last one. argp's own messages name --usage. */
static const struct argp_option options[] = {
	{ "force", 'F', NULL, 0, "replace what is there already, see below",
	  2 },
	{ "timeout", 't', "DURATION", 0, "end after 500ms, 10s, 5m or 2h", 2 },
	{ "write", 'w', "FILE", 0,
	  "write the dropped packets to a new pcapng file; '-' is standard output",
	  3 },
	{ "snaplen", 's', "BYTES", 0,
	  "write at most this many bytes of each packet", 3 },
	{ "json", 'j', NULL, 0, "one JSON object a line", 3 },
	{ "verbose", 'v', NULL, 0,
	  "show the loader's and the verifier's log; twice: all of libbpf's",
	  3 },
	{ "help", 'h', NULL, 0, "show this help and exit", -1 },
	{ "version", 'V', NULL, 0, "show the version and exit", -1 },
	{ "usage", KEY_USAGE, NULL, OPTION_HIDDEN, NULL, -1 },
	{},
};

/* Options that end the program. */
static error_t parse_usage(int key, struct argp_state *state)
{
	const struct common_options *to = state->input;

	switch (key) {
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case KEY_USAGE:
		argp_state_help(state, stdout,
				ARGP_HELP_USAGE | ARGP_HELP_EXIT_OK);
		return 0;
	case 'V':
		printf("%s %s (libbpf %s, built from Linux %s)\n", to->program,
		       BPF_DROP_BUILD, libbpf_version_string(),
		       BPF_DROP_KERNEL);
		exit(EXIT_DONE);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* argp_error() adds where help is, and exits with argp_err_exit_status. */
static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct common_options *to = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		to->argv = state->argv;
		to->argc = state->argc;
		return 0;
	case 'F':
		to->force = true;
		return 0;
	case 't':
		to->timeout_ns = parse_duration(arg);
		if (!to->timeout_ns)
			argp_error(
				state,
				"'%s' is not a duration. Write a whole number above zero and a unit: 500ms, 10s, 5m, 2h (a year at most).",
				arg);
		return 0;
	case 'w':
		to->write = arg;
		return 0;
	case 's':
		to->snaplen = parse_number(arg, DROP_SNAPLEN_MAX);
		if (!to->snaplen)
			argp_error(
				state,
				"'%s' is not a length. Write a whole number of bytes from 1 to %d.",
				arg, DROP_SNAPLEN_MAX);
		return 0;
	case 'j':
		to->json = true;
		return 0;
	case 'v':
		if (to->verbose < 2)
			to->verbose++;
		return 0;
	case ARGP_KEY_ARGS:
		to->patterns = state->argv + state->next;
		to->pattern_count = state->argc - state->next;
		return 0;
	case ARGP_KEY_END:
		if (to->snaplen && !to->write)
			argp_error(
				state,
				"--snaplen limits what --write writes: give --write, too.");
		if (!to->snaplen)
			to->snaplen = DROP_SNAPLEN_MAX;
		return 0;
	default:
		return parse_usage(key, state);
	}
}

const struct argp common_argp = { .options = options, .parser = parse };

int common_parse(const struct argp *argp, int argc, char **argv, void *input)
{
	error_t error;

	argp_err_exit_status = EXIT_USAGE;
	error = argp_parse(argp, argc, argv, ARGP_NO_HELP, NULL, input);
	if (error)
		return fail(EXIT_USAGE, "cannot read the command line: %s.",
			    strerror(error));
	return EXIT_DONE;
}

/* One word of a command line, quoted if a shell would interpret it otherwise. */
static void put_word(FILE *to, const char *word)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+,-./:=@_";

	if (*word && !word[strspn(word, plain)]) {
		fputs(word, to);
		return;
	}
	fputc('\'', to);
	for (; *word; word++) {
		if (*word == '\'')
			fputs("'\\''", to);
		else
			fputc(*word, to);
	}
	fputc('\'', to);
}

void common_command(const struct common_options *options,
		    char text[COMMAND_SIZE])
{
	char *all = NULL;
	size_t length;
	FILE *to = open_memstream(&all, &length);
	int i;

	*text = '\0';
	if (!to)
		return;
	for (i = 0; i < options->argc; i++) {
		if (i)
			fputc(' ', to);
		put_word(to, options->argv[i]);
	}
	if (!fclose(to))
		snprintf(text, COMMAND_SIZE, "%s", all);
	free(all);
}

bool common_is_piped(const struct common_options *options)
{
	return options->write && !strcmp(options->write, "-");
}
