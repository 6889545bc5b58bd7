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
	  "tell of all network namespaces, not of this one only", 2 },
	{ "summary", KEY_SUMMARY, NULL, 0,
	  "tell how many were dropped where, not each packet: at the end and, on a terminal, each second",
	  3 },
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
		.common.version = "drop-where " BPF_DROP_VERSION,
	};
	return common_parse(&argp, argc, argv, to);
}
