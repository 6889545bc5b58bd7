// SPDX-License-Identifier: GPL-2.0-only
/* What any program tells of itself. */
#include "lib/usage.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/errors.h"
#include "lib/macros.h"

/* No short form; other options' keys are lower. */
#define KEY_USAGE 0x1000

/* The last group. argp's own messages name --usage. */
static const struct argp_option options[] = {
	{ "help", 'h', NULL, 0, "show this help and exit", -1 },
	{ "version", 'V', NULL, 0, "show the version and exit", -1 },
	{ "usage", KEY_USAGE, NULL, OPTION_HIDDEN, NULL, -1 },
	{},
};

static error_t parse(int key, char *arg __maybe_unused,
		     struct argp_state *state)
{
	switch (key) {
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case KEY_USAGE:
		argp_state_help(state, stdout,
				ARGP_HELP_USAGE | ARGP_HELP_EXIT_OK);
		return 0;
	case 'V':
		puts(state->input);
		exit(EXIT_DONE);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp usage_argp = { .options = options, .parser = parse };
