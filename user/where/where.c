// SPDX-License-Identifier: GPL-2.0-only
/* Telling where packets are dropped, for a while: from the start to the end. */
#include "where/where.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "lib/duration.h"
#include "lib/errors.h"
#include "lib/output.h"
#include "lib/privileges.h"
#include "lib/signals.h"
#include "lib/verbose.h"
#include "where/listen.h"
#include "where/netns_names.h"

/* What one look brings is kept, if it is not more than that. */
#define MOST_PENDING (16 << 20)

/* From here on they wait, so that nothing is left behind. */
static int catch_signals(struct where *where)
{
	signal(SIGPIPE, SIG_IGN);
	where->signals = signals_catch(SIGQUIT);
	if (where->signals < 0)
		return fail(EXIT_SYSTEM, "cannot wait for signals: %s.",
			    strerror(-where->signals));
	return EXIT_DONE;
}

/* Are there such interfaces? In other namespaces, there may be later. */
static int choose(struct where *where)
{
	struct interfaces all;
	int code;

	if (where->options.all_netns)
		return EXIT_DONE;
	code = interfaces_read(&all);
	if (code)
		return code;
	code = interfaces_choose(&all, where->options.common.patterns,
				 where->options.common.pattern_count,
				 &where->rows.chosen);
	interfaces_free(&all);
	return code;
}

/* What it is to tell by: types, functions, and which namespace is ours. */
static int read_kernel(struct where *where, struct where_config *config)
{
	const struct where_options *options = &where->options;
	int error, code;

	*config = (struct where_config){
		.netns = options->all_netns ? 0 : netns_own(),
		.snaplen = options->common.snaplen,
		.events = !options->summary || options->common.write,
		.capture = !!options->common.write,
	};
	/* With packets on standard output, only the sums are told. */
	if (where->piped)
		config->events = config->capture;
	if (!config->netns && !options->all_netns)
		return fail(
			EXIT_SYSTEM,
			"cannot tell which network namespace this is: %s. Is /proc mounted?",
			strerror(errno));
	code = reasons_open(&where->reasons);
	if (code)
		return code;
	error = symbols_open(&where->rows.symbols);
	if (error)
		return fail(
			EXIT_LACKING,
			"cannot read /proc/kallsyms: %s. Functions have no names without it: use a kernel with CONFIG_KALLSYMS.",
			strerror(-error));
	return EXIT_DONE;
}

static int open_maps(struct where *where, const struct where_config *config)
{
	struct tracing *tracing = &where->tracing;

	where->rows.events = config->events;
	where->rows.state = tracing->image.state;
	where->rows.sums_fd = tracing_map(tracing, "sums");
	where->rows.unwanted_fd = tracing_map(tracing, "unwanted");
	if (!config->events)
		return EXIT_DONE;
	where->ring = ring_buffer__new(tracing_map(tracing, "events"),
				       listen_take, where, NULL);
	return where->ring ?
		       EXIT_DONE :
		       fail_at(AT_LOAD, errno, "the ring of events", NULL);
}

static int open_file(struct where *where)
{
	const struct common_options *options = &where->options.common;

	return options->write ? file_open(&where->file, options->write,
					  options->force, options->snaplen) :
				EXIT_DONE;
}

static int set_up(struct where *where)
{
	struct where_config config;
	int code;

	code = privileges_check(false);
	if (!code)
		code = catch_signals(where);
	if (!code)
		code = choose(where);
	if (!code)
		code = open_file(where);
	if (!code)
		code = read_kernel(where, &config);
	if (!code)
		code = tracing_load(&where->tracing, &config, &where->reasons);
	if (!code)
		code = open_maps(where, &config);
	if (!code && file_is_open(&where->file))
		code = file_begin(&where->file, where->options.common.version);
	if (!code)
		code = tracing_attach(&where->tracing);
	if (code)
		return code;
	privileges_drop(false);
	where->began_ns = clock_ns(CLOCK_MONOTONIC);
	where->stats.started_ns = where->began_ns;
	where->looked_ns = where->began_ns;
	note("listening (Ctrl-C ends it).");
	return EXIT_DONE;
}

static void prepare_stats(struct where *where)
{
	const struct where_options *options = &where->options;

	where->piped = common_is_piped(&options->common);
	where->stats = (struct stats){
		.rows = &where->rows,
		.out = where->piped ? &standard_error : &standard_output,
		.json = options->common.json,
		.capture = options->common.write,
	};
	where->rows.patterns = options->common.patterns;
	where->rows.pattern_count = options->common.pattern_count;
	where->rows.all_netns = options->all_netns;
	where->rows.reasons = &where->reasons;
	standard_output.most = MOST_PENDING;
	if (options->summary && !options->common.json)
		terminal_open(&where->stats.terminal, where->stats.out);
}

int where_run(const struct where_program *program, int argc, char **argv)
{
	struct where where = {
		.tracing.program = program,
		.rows.symbols.file = -1,
		.file.sink.fd = -1,
		.signals = -1,
	};
	int code;

	errors_init("drop-where");
	code = where_parse(&where.options, argc, argv);
	if (!code) {
		verbose_init(where.options.common.verbose);
		prepare_stats(&where);
		code = set_up(&where);
	}
	if (!code) {
		code = listen_watch(&where);
		if (code < 0)
			code = listen_finish(&where);
	}
	tracing_end(&where.tracing);
	ring_buffer__free(where.ring);
	tracing_close(&where.tracing);
	reasons_close(&where.reasons);
	file_close(&where.file, !where.began_ns);
	rows_free(&where.rows);
	output_close(where.signals);
	if (where.signals >= 0)
		close(where.signals);
	return code;
}
