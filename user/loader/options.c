// SPDX-License-Identifier: GPL-2.0-only
/* The command line. */
#include "loader/options.h"

#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/duration.h"
#include "lib/errors.h"
#include "lib/macros.h"
#include "lib/number.h"

/* Options with no short form. */
enum {
	KEY_EGRESS = 0x100,
	KEY_INGRESS,
	KEY_CLSACT,
	KEY_TCX,
	KEY_TRACE,
	KEY_DROP_UNDECIDED,
	KEY_FOLLOW,
	KEY_TOP,
};

/* Of --top */
#define TOP_USUAL 10
#define TOP_MOST 1000

struct parsing {
	struct options *options;
	bool egress;
};

/* Options of XDP programs only, and of TC programs only. */
static const struct argp_option xdp_options[] = {
	{ "skb-mode", 'S', NULL, 0, "generic XDP only", 1 },
	{ "native-mode", 'N', NULL, 0,
	  "native XDP only (default: native where the driver has it, else generic)",
	  1 },
	{},
};

static const struct argp_option tc_options[] = {
	{ "egress", KEY_EGRESS, NULL, 0, "drop what leaves (the default)", 1 },
	{ "ingress", KEY_INGRESS, NULL, 0, "drop what enters", 1 },
	{ "tcx", KEY_TCX, NULL, 0, "attach by TCX only (Linux 6.6)", 1 },
	{ "clsact", KEY_CLSACT, NULL, 0,
	  "attach to a clsact qdisc (default: TCX where the kernel has it)",
	  1 },
	{},
};

static const struct argp_option any_hook_options[] = {
	{ "pin", 'p', NULL, 0, "attach, return, and stay attached", 2 },
	{ "follow", KEY_FOLLOW, NULL, 0,
	  "attach also to interfaces that come, or come again, by these names and globs; none has to be there yet",
	  2 },
	{ "detach", 'd', NULL, 0,
	  "remove what this program attached; without IFACE: all of it", 2 },
	{ "observe", 'o', NULL, 0,
	  "count what would be dropped and pass it; a later filter may still drop it",
	  2 },
	{ "drop-undecided", KEY_DROP_UNDECIDED, NULL, 0,
	  "also drop packets too short or too deeply nested to classify", 2 },
	{ "list", 'l', NULL, 0,
	  "show the XDP, clsact and TCX programs of all or of these interfaces, and what ours are doing",
	  3 },
	{ "interval", 'i', "SECONDS", 0,
	  "seconds between two lines of counters (default 1; 0: only at the end)",
	  3 },
	{ "top", KEY_TOP, "N", OPTION_ARG_OPTIONAL,
	  "show the N flows (default 10) that most packets were dropped of: at the end and, on a terminal, each second",
	  3 },
	{ "trace", KEY_TRACE, NULL, 0,
	  "a line for each packet dropped, observed or undecided, by bpf_printk; the loader says where to read them",
	  3 },
	{},
};

static const char more_help[] =
	"\vIFACE is an interface's name or a quoted glob such as 'veth*'. Attaches to\n"
	"all of them or to none, shows counters each second, and detaches on Ctrl-C,\n"
	"when it ends and when it is killed. On SIGUSR1 it shows the counters\n"
	"at once.\n\n"
	"After --timeout the kernel side passes everything, even if this process is\n"
	"stopped. --force replaces a foreign program or an existing file of --write,\n"
	"and attaches even where your own remote session arrives.\n\n"
	"Exit status: 0 done, 1 the kernel or system failed, 2 wrong usage, 3 refused\n"
	"(a foreign program or a file is there, or it would cut you off), 4 this\n"
	"kernel lacks what was asked.";

/* Seconds, with a fraction if need be, to nanoseconds; false if it is none. */
static bool parse_interval(const char *text, __u64 *ns)
{
	double value;
	char *end;

	if (*text != '.' && (*text < '0' || *text > '9'))
		return false;
	value = strtod(text, &end);
	if (*end || end == text || !isfinite(value) || value > LONGEST_S)
		return false;
	if (value > 0 && value < 0.01)
		return false;
	*ns = (__u64)(value * SECOND_NS);
	return true;
}

/* argp_error() adds where help is, and exits with argp_err_exit_status. */
static void check(const struct parsing *parsing, struct argp_state *state)
{
	const struct options *options = parsing->options;

	if (options->pin && options->detach)
		argp_error(
			state,
			"--pin and --detach exclude each other: one attaches, the other removes. Give one of them.");
	if (options->list && (options->pin || options->detach))
		argp_error(
			state,
			"--list only shows: give it without --pin and --detach.");
	if ((options->list || options->detach) &&
	    (options->common.timeout_ns || options->observe || options->trace ||
	     options->drop_undecided))
		argp_error(
			state,
			"--timeout, --observe, --drop-undecided and --trace are for attaching: give them without --list and --detach.");
	if ((options->list || options->detach) &&
	    selection_is_on(&options->select))
		argp_error(
			state,
			"--only, --except, --ratio, --every, --first, --on and --off are for attaching: give them without --list and --detach.");
	if ((options->common.write || options->top) &&
	    (options->pin || options->list || options->detach))
		argp_error(
			state,
			"%s needs a process that reads the packets: give it without --pin, --list and --detach.",
			options->common.write ? "--write" : "--top");
	if (options->follow &&
	    (options->pin || options->list || options->detach))
		argp_error(
			state,
			"--follow needs a process that attaches later: give it without --pin, --list and --detach.");
	if (parsing->egress && options->ingress)
		argp_error(
			state,
			"--egress and --ingress exclude each other: give one of them, or run it twice.");
	if (!options->list && !options->detach &&
	    !options->common.pattern_count)
		argp_error(
			state,
			"which interface? Give at least one name or glob ('ip link' shows them).");
}

static error_t parse_any_hook(int key, char *arg, struct argp_state *state)
{
	struct parsing *parsing = state->input;
	struct options *options = parsing->options;

	switch (key) {
	case 'p':
		options->pin = true;
		return 0;
	case 'd':
		options->detach = true;
		return 0;
	case 'o':
		options->observe = true;
		return 0;
	case 'l':
		options->list = true;
		return 0;
	case 'i':
		if (!parse_interval(arg, &options->interval_ns))
			argp_error(
				state,
				"'%s' is not an interval. Write seconds: 1, 0.5 (0.01 at least), or 0 for none.",
				arg);
		return 0;
	case KEY_TOP:
		options->top = arg ? parse_number(arg, TOP_MOST) : TOP_USUAL;
		if (!options->top)
			argp_error(
				state,
				"'%s' is no number of flows. Write a whole number from 1 to %d.",
				arg, TOP_MOST);
		return 0;
	case KEY_TRACE:
		options->trace = true;
		return 0;
	case KEY_DROP_UNDECIDED:
		options->drop_undecided = true;
		return 0;
	case KEY_FOLLOW:
		options->follow = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void choose_xdp(struct parsing *parsing, struct argp_state *state,
		       enum xdp_choice choice)
{
	if (parsing->options->xdp != XDP_ANY && parsing->options->xdp != choice)
		argp_error(
			state,
			"--skb-mode and --native-mode exclude each other: a program runs in one mode. Give one of them.");
	parsing->options->xdp = choice;
}

static void choose_tc(struct parsing *parsing, struct argp_state *state,
		      enum tc_choice choice)
{
	if (parsing->options->tc != TC_ANY && parsing->options->tc != choice)
		argp_error(
			state,
			"--tcx and --clsact exclude each other: give one of them.");
	parsing->options->tc = choice;
}

static error_t parse(int key, char *arg __maybe_unused,
		     struct argp_state *state)
{
	struct parsing *parsing = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = parsing;
		state->child_inputs[1] = &parsing->options->select;
		state->child_inputs[2] = &parsing->options->common;
		return 0;
	case ARGP_KEY_END:
		check(parsing, state);
		return 0;
	case 'S':
		choose_xdp(parsing, state, XDP_SKB);
		return 0;
	case 'N':
		choose_xdp(parsing, state, XDP_NATIVE);
		return 0;
	case KEY_EGRESS:
		parsing->egress = true;
		return 0;
	case KEY_INGRESS:
		parsing->options->ingress = true;
		return 0;
	case KEY_TCX:
		choose_tc(parsing, state, TC_TCX);
		return 0;
	case KEY_CLSACT:
		choose_tc(parsing, state, TC_CLSACT);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int options_parse(struct options *options, const struct program *program,
		  int argc, char **argv)
{
	struct parsing parsing = { .options = options };
	struct argp any_hook = {
		.options = any_hook_options,
		.parser = parse_any_hook,
	};
	struct argp_child children[] = {
		{ .argp = &any_hook },
		{ .argp = &select_argp,
		  .header = "Selecting what is dropped:",
		  .group = 2 },
		{ .argp = &common_argp },
		{},
	};
	char text[1536];
	struct argp argp = {
		.options = program->tc ? tc_options : xdp_options,
		.parser = parse,
		.args_doc = "IFACE...\n--list [IFACE...]",
		.doc = text,
		.children = children,
	};

	snprintf(text, sizeof(text), "%s%s", program->summary, more_help);
	*options = (struct options){
		.interval_ns = SECOND_NS,
		.common.program = program->name,
	};
	return common_parse(&argp, argc, argv, &parsing);
}
