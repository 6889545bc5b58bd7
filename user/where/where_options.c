// SPDX-License-Identifier: GPL-2.0-only
/* drop-where's command line. */
#include "where/where.h"

#include <argp.h>
#include <string.h>

#include "drop_abi.h"
#include "capture/sink.h"
#include "lib/duration.h"
#include "lib/errors.h"
#include "lib/macros.h"
#include "lib/usage.h"

/* Options with no short form. */
enum {
	KEY_SUMMARY = 0x100,
	KEY_ALL_NETNS,
};

static const struct argp_option options[] = {
	{ "timeout", 't', "DURATION", 0, "end after 500ms, 10s, 5m or 2h", 1 },
	{ "all-netns", KEY_ALL_NETNS, NULL, 0,
	  "tell of all network namespaces, not of this one only", 1 },
	{ "write", 'w', "FILE", 0,
	  "write the dropped packets to a new pcapng file; '-' is standard output",
	  2 },
	{ "snaplen", 's', "BYTES", 0, "only so much of each packet", 2 },
	{ "force", 'F', NULL, 0, "replace a file of --write", 2 },
	{ "summary", KEY_SUMMARY, NULL, 0,
	  "tell how many were dropped where, not each packet: at the end and, on a terminal, each second",
	  3 },
	{ "json", 'j', NULL, 0, "one JSON object a line", 3 },
	{ "verbose", 'v', NULL, 0,
	  "show the loading; twice: all that libbpf says", 3 },
	{},
};

static const char text[] =
	"Tell where packets are dropped: at which hook, in which function, and why.\vIFACE is an interface's name or a quoted glob such as 'veth*'. It tells\n"
	"until Ctrl-C, and then how many were dropped where; upon SIGUSR1 it tells\n"
	"that so far, and counts anew. With --write -, it tells only the sums, on\n"
	"standard error.\n\n"
	"Packets that were on no interface any more are told with '-' for it, if\n"
	"their socket tells the network namespace. Native XDP is told on veth only:\n"
	"other drivers drop before there is a packet that the kernel could tell of.\n\n"
	"Exit status: 0 done, 1 the kernel or system failed, 2 wrong usage, 3 refused\n"
	"(the file is there already), 4 this kernel lacks what was asked.";

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
	case KEY_ALL_NETNS:
		to->all_netns = true;
		return 0;
	case 'w':
		to->write = arg;
		return 0;
	case 's':
		to->snaplen = parse_snaplen(arg);
		if (!to->snaplen)
			argp_error(
				state,
				"'%s' is no length. Write a whole number of bytes from 1 to %d.",
				arg, DROP_SNAPLEN_MAX);
		return 0;
	case 'F':
		to->force = true;
		return 0;
	case 'v':
		to->verbose++;
		return 0;
	case ARGP_KEY_END:
		if (to->snaplen && !to->write)
			argp_error(
				state,
				"--snaplen is about what --write writes: give that too.");
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
	if (!to->snaplen)
		to->snaplen = DROP_SNAPLEN_MAX;
	return EXIT_DONE;
}
