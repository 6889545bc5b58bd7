// SPDX-License-Identifier: GPL-2.0-only
/* drop-where's command line. */
#include "where/where.h"

#include <argp.h>
#include <string.h>

#include "lib/duration.h"
#include "lib/errors.h"
#include "lib/macros.h"
#include "lib/usage.h"

/* Options with no short form. */
enum {
	KEY_SUMMARY = 0x100,
};

static const struct argp_option options[] = {
	{ "timeout", 't', "DURATION", 0, "end after 500ms, 10s, 5m or 2h", 1 },
	{ "summary", KEY_SUMMARY, NULL, 0,
	  "tell how many died where, not each packet: at the end and, on a terminal, each second",
	  1 },
	{ "json", 'j', NULL, 0, "one JSON object a line", 1 },
	{},
};

static const char text[] =
	"Tell where packets die: at which hook, in which function, and why.\vIFACE is an interface's name or a quoted glob such as 'veth*'. It tells\n"
	"until Ctrl-C, and then how many died where; upon SIGUSR1 it tells that so\n"
	"far, and counts anew.\n\n"
	"The kernel's tracepoints tell names of interfaces, not their network\n"
	"namespace, and for some deaths not even the name. A '?' marks a guess:\n"
	"concluded from what hangs where, or another namespace had that name too\n"
	"at the start. '?' alone could be several interfaces.\n"
	"Native XDP is told on veth only: other drivers drop before there is\n"
	"a packet that the kernel could tell of.\n\n"
	"Exit status: 0 done, 1 the kernel or system failed, 2 wrong usage, 4 this\n"
	"kernel lacks what was asked.";

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct where_options *to = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = (void *)"drop-where " BPF_DROP_VERSION;
		return 0;
	case ARGP_KEY_ARGS:
		to->patterns = state->argv + state->next;
		to->pattern_count = state->argc - state->next;
		return 0;
	case 't':
		to->timeout_ns = parse_duration(arg);
		if (!to->timeout_ns)
			argp_error(
				state,
				"'%s' is no duration. Write a whole number above zero and a unit: 500ms, 10s, 5m, 2h (a year at most).",
				arg);
		return 0;
	case KEY_SUMMARY:
		to->summary = true;
		return 0;
	case 'j':
		to->json = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int where_parse(struct where_options *to, int argc, char **argv)
{
	static const struct argp_child children[] = { { .argp = &usage_argp },
						      {} };
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "[IFACE...]",
		.doc = text,
		.children = children,
	};
	error_t error;

	*to = (struct where_options){};
	argp_err_exit_status = EXIT_USAGE;
	error = argp_parse(&argp, argc, argv, ARGP_NO_HELP, NULL, to);
	if (error)
		return fail(EXIT_USAGE, "cannot read the command line: %s.",
			    strerror(error));
	return EXIT_DONE;
}
