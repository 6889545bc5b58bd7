// SPDX-License-Identifier: GPL-2.0-only
/* drop-where's command line. */
#include "where/where.h"

#include <argp.h>

#include "lib/macros.h"

/* Options with no short form. */
enum {
	KEY_SUMMARY = 0x100,
	KEY_ALL_NETNS,
};

static const struct argp_option options[] = {
	{ "all-netns", KEY_ALL_NETNS, NULL, 0,
	  "show drops in all network namespaces, not only in this one", 2 },
	{ "summary", KEY_SUMMARY, NULL, 0,
	  "show how many were dropped where, not each packet: at the end and, on a terminal, each second",
	  3 },
	{},
};

static const char text[] =
	"Show where packets are dropped: at which hook, in which function, and why.\vIFACE is an interface's name or a quoted glob such as 'veth*'. It shows\n"
	"each dropped packet until Ctrl-C, and at the end how many were dropped where.\n"
	"On SIGUSR1 it shows these sums and starts to count again from zero. With\n"
	"--write - it shows only the sums, on standard error. --force replaces an\n"
	"existing file of --write.\n\n"
	"A packet that is no longer on an interface has '-' instead; it is shown if its\n"
	"socket has a network namespace. Of native XDP only veth's drops are seen:\n"
	"other drivers drop before they allocate an skb.\n\n"
	"Exit status: 0 done, 1 the kernel or system failed, 2 wrong usage, 3 refused\n"
	"(the file is there already), 4 this kernel lacks what was asked.";

static error_t parse(int key, char *arg __maybe_unused,
		     struct argp_state *state)
{
	struct where_options *to = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &to->common;
		return 0;
	case KEY_SUMMARY:
		to->summary = true;
		return 0;
	case KEY_ALL_NETNS:
		to->all_netns = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int where_parse(struct where_options *to, int argc, char **argv)
{
	static const struct argp_child children[] = { { .argp = &common_argp },
						      {} };
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "[IFACE...]",
		.doc = text,
		.children = children,
	};

	*to = (struct where_options){
		.common.program = "drop-where",
	};
	return common_parse(&argp, argc, argv, to);
}
