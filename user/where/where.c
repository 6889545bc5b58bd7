// SPDX-License-Identifier: GPL-2.0-only
/* A run of drop-where, from its start to its end. */
#include "where/where.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "lib/descriptors.h"
#include "lib/duration.h"
#include "lib/errors.h"
#include "lib/macros.h"
#include "lib/output.h"
#include "lib/privileges.h"
#include "lib/signals.h"
#include "where/listen.h"

/* Bytes of output that may wait: more than one look at the ring brings. */
#define MOST_PENDING (16 << 20)

static int prepare(struct where *where)
{
	const struct where_options *options = &where->options;
	bool piped = common_is_piped(&options->common);
	int code;

	where->rows.options = options;
	where->rows.tracing = &where->tracing;
	where->lines = !options->summary && !piped;
	where->stats.rows = &where->rows;
	where->stats.out = piped ? &standard_error : &standard_output;
	standard_output.most = MOST_PENDING;
	if (options->summary && !options->common.json)
		terminal_open(&where->stats.terminal, where->stats.out);
	code = privileges_check(false);
	return code ? code : descriptors_allow(0, 0);
}

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
	const struct common_options *options = &where->options.common;
	struct interfaces all;
	int code;

	if (where->options.all_netns)
		return EXIT_DONE;
	code = interfaces_read(&all);
	if (code)
		return code;
	code = interfaces_choose(&all, options->patterns,
				 options->pattern_count, true,
				 &where->rows.chosen);
	interfaces_free(&all);
	return code;
}

static int open_files(struct where *where)
{
	int code = file_open(&where->file, &where->options.common);

	return code ? code : names_open(&where->rows.names);
}

static int load(struct where *where)
{
	const struct where_options *options = &where->options;
	struct where_config config = {
		.netns = options->all_netns ? 0 : netns_own(),
		.snaplen = options->common.snaplen,
		.events = where->lines || options->common.write,
		.capture = !!options->common.write,
	};
	int code;

	if (!config.netns && !options->all_netns)
		return fail(
			EXIT_SYSTEM,
			"cannot tell which network namespace this is: %s. Is /proc mounted?",
			strerror(errno));
	code = tracing_load(&where->tracing, &config);
	where->rows.events = config.events;
	if (code || !config.events)
		return code;
	where->ring = ring_buffer__new(where->tracing.events_fd, listen_take,
				       where, NULL);
	if (!where->ring)
		return fail_at(AT_LOAD, errno, "the ring of events", NULL);
	where->ring_fd = ring_buffer__epoll_fd(where->ring);
	return EXIT_DONE;
}

static int attach(struct where *where)
{
	int code =
		file_begin(&where->file, "drop-where " BPF_DROP_VERSION, NULL);

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

int where_run(int argc, char **argv)
{
	static int (*const steps[])(struct where *) = {
		prepare, /* the output */
		catch_signals, /* before anything is left behind */
		choose, /* interfaces */
		open_files, /* of --write, and what the kernel tells of itself */
		load, /* configure, verify */
		attach, /* from here on it reports and counts */
	};
	struct where where = {
		.file.sink.fd = -1,
		.ring_fd = -1,
		.signals = -1,
	};
	size_t i;
	int code;

	errors_init("drop-where");
	code = where_parse(&where.options, argc, argv);
	verbose_init(where.options.common.verbose);
	for (i = 0; i < ARRAY_SIZE(steps) && !code; i++)
		code = steps[i](&where);
	if (!code) {
		code = listen_watch(&where);
		if (code < 0)
			code = listen_finish(&where);
	}
	tracing_end(&where.tracing);
	ring_buffer__free(where.ring);
	tracing_close(&where.tracing);
	file_close(&where.file, !where.began_ns);
	rows_free(&where.rows);
	output_close(where.signals);
	if (where.signals >= 0)
		close(where.signals);
	return code;
}
