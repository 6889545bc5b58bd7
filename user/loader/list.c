// SPDX-License-Identifier: GPL-2.0-only
/* The command --list. */
#include "loader/stages.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "attach/owners.h"
#include "lib/columns.h"
#include "lib/duration.h"
#include "lib/errors.h"
#include "lib/escape.h"
#include "lib/macros.h"
#include "lib/terminal.h"

/* Bytes of an owner. */
#define OWNER_SIZE (2 * PIN_PATH_SIZE)

static struct column columns[] = {
	{}, /* interface */
	{}, /* hook */
	{ .width = 6, .right = true }, /* id */
	{}, /* program */
	{ .optional = true }, /* tag */
	{ .least = 36 }, /* owner */
	{ .optional = true }, /* priority and handle of a filter */
};

/* What one of our programs is doing on an interface, as its maps say. */
struct doing {
	int error; /* why they could not be read; see program_is_foreign() */
	const char *state;
	bool observe;
	bool frags; /* it takes packets in several buffers */
	bool selects; /* it drops only some of what it matches */
	__u64 left_ns; /* of --timeout; 0: it had none, or it is over */
	struct drop_counters sum;
};

/* The maps of a program, which are open until those of another one are. */
static int open_maps(__u32 id, const struct program_maps **maps)
{
	static struct program_maps open;
	static __u32 of;
	static int error = -ENOENT;

	if (of != id) {
		if (!error)
			program_maps_close(&open);
		error = program_maps_of_id(id, &open);
		of = id;
	}
	*maps = &open;
	return error;
}

/* Returns 0 or a negative errno. */
static int read_maps(__u32 id, int ifindex, struct drop_config *config,
		     struct drop_state *state, struct drop_counters *sum)
{
	const struct program_maps *maps;
	int error = open_maps(id, &maps);

	if (!error)
		error = program_read(maps, PROGRAM_CONFIG, 0, config);
	if (!error)
		error = program_read(maps, PROGRAM_STATE, 0, state);
	if (!error)
		error = program_counters(maps, ifindex, config, sum);
	return error;
}

/* @ifindex: the interface's number where it is now; 0: it is gone */
static struct doing read_doing(const struct attached *attached, int ifindex)
{
	struct doing doing = { .error = -ENOENT };
	struct drop_config config;
	struct drop_state state;
	__u64 now_ns;

	if (ifindex)
		doing.error = read_maps(attached->program.id, ifindex, &config,
					&state, &doing.sum);
	if (doing.error)
		return doing;
	doing.observe = config.modes & MODE_OBSERVE;
	doing.frags = config.modes & MODE_FRAGS;
	doing.selects = config.modes & MODE_SELECTS;
	doing.state = doing.observe ? "observing" : "dropping";
	if (!(config.modes & MODE_DEADLINE) ||
	    state.deadline_ns == DROP_NO_DEADLINE)
		return doing;
	now_ns = clock_ns(CLOCK_MONOTONIC);
	if (state.deadline_ns <= now_ns)
		doing.state = "idle";
	else if (state.pinned || !hook_is_clsact(attached->hook))
		/* Else it is the lease of a run on clsact. */
		doing.left_ns = state.deadline_ns - now_ns;
	return doing;
}

static void show_doing_json(json_writer_t *json, const struct doing *doing)
{
	if (program_is_foreign(doing->error))
		return;
	if (doing->error) {
		jsonw_null_field(json, "state");
		escape_json(json, "error", strerror(-doing->error));
		return;
	}
	escape_json(json, "state", doing->state);
	if (doing->frags)
		jsonw_bool_field(json, "frags", true);
	if (doing->selects)
		jsonw_bool_field(json, "selects", true);
	if (doing->left_ns)
		jsonw_lluint_field(json, "left_ms", doing->left_ns / 1000000);
	counters_json(json, &doing->sum);
}

/* A line below the row. */
static void put_doing(FILE *to, const struct doing *doing)
{
	const struct drop_stats *stats = doing->sum.stats;

	if (program_is_foreign(doing->error))
		return;
	if (doing->error) {
		fprintf(to, "  its maps cannot be read: %s\n",
			strerror(-doing->error));
		return;
	}
	fprintf(to, "  %s%s%s", doing->state,
		doing->selects ? " what is selected" : "",
		doing->frags ? " with frags" : "");
	if (doing->left_ns)
		fprintf(to, ", %.1f s left",
			(double)doing->left_ns / SECOND_NS);
	fputs(": ", to);
	put_matched(to, &doing->sum, doing->observe);
	fprintf(to, ", passed %llu, undecided %llu", stats[STAT_PASSED].packets,
		stats[STAT_UNDECIDED].packets);
	if (doing->selects)
		fprintf(to, ", spared %llu", stats[STAT_SPARED].packets);
	fputc('\n', to);
}

static int show_json(FILE *to, const struct attached *attached,
		     const char *hook, const char *owner,
		     const struct doing *doing)
{
	json_writer_t *json = jsonw_new(to);

	if (!json)
		return -ENOMEM;
	jsonw_start_object(json);
	escape_json(json, "interface", attached->interface.name);
	jsonw_lluint_field(json, "ifindex", attached->interface.index);
	escape_json(json, "hook", hook);
	jsonw_lluint_field(json, "program_id", attached->program.id);
	escape_json(json, "program", attached->program.name);
	escape_json(json, "tag", attached->program.tag);
	if (attached->link_id)
		jsonw_lluint_field(json, "link_id", attached->link_id);
	if (hook_is_clsact(attached->hook)) {
		jsonw_lluint_field(json, "priority", attached->priority);
		jsonw_lluint_field(json, "handle", attached->handle);
		jsonw_lluint_field(json, "protocol", attached->protocol);
	}
	escape_json(json, "owner", owner);
	show_doing_json(json, doing);
	jsonw_end_object(json);
	jsonw_destroy(&json);
	return 0;
}

/* The cells of its row. */
static void put_row(FILE *to, const struct attached *attached, const char *hook,
		    const char *owner, const struct doing *doing)
{
	char interface[ESCAPED_SIZE(IFNAMSIZ)], text[ESCAPED_SIZE(OWNER_SIZE)];
	char program[ESCAPED_SIZE(BPF_OBJ_NAME_LEN)];

	escape_text(interface, sizeof(interface), attached->interface.name);
	escape_text(program, sizeof(program),
		    *attached->program.name ? attached->program.name : "-");
	fprintf(to, "%s\t%s\t%u\t%s\t%s\t%s", interface, hook,
		attached->program.id, program,
		*attached->program.tag ? attached->program.tag : "-",
		escape_text(text, sizeof(text), owner));
	if (hook_is_clsact(attached->hook))
		fprintf(to, "\tpriority %u handle 0x%x", attached->priority,
			attached->handle);
	fputc('\n', to);
	put_doing(to, doing);
}

/* @ifindex: as read_doing(). Returns 0 or a negative errno. */
static int show(const struct run *run, FILE *to,
		const struct attached *attached, int ifindex, const char *hook,
		const char *owner)
{
	struct doing doing = read_doing(attached, ifindex);
	int error = 0;

	if (run->options.common.json)
		error = show_json(to, attached, hook, owner, &doing);
	else
		put_row(to, attached, hook, owner, &doing);
	return !error && ferror(to) ? -errno : error;
}

static int show_lost(const struct run *run, FILE *to, const struct pin *pin)
{
	struct attached attached = {
		.program = pin->program,
		.link_id = pin->link_id,
	};
	char owner[OWNER_SIZE];

	snprintf(attached.interface.name, IFNAMSIZ, "%s", lost_name(pin));
	if (pin->index)
		snprintf(
			owner, sizeof(owner),
			"pinned at %s; its interface is in another network namespace now",
			pin->path);
	else
		snprintf(owner, sizeof(owner),
			 "pinned at %s, stale: its interface is gone",
			 pin->path);
	return show(run, to, &attached, pin->index, pin->hook, owner);
}

/* What is attached, then what lost pins hold; 0 or a negative errno. */
static int show_all(const struct run *run, FILE *to)
{
	int error = 0;
	size_t i;

	for (i = 0; i < run->present.count && !error; i++) {
		const struct attached *attached = &run->present.list[i];

		error = show(run, to, attached, attached->interface.index,
			     hook_name(attached->hook),
			     attached_owner(attached));
	}
	for (i = 0; i < run->lost.count && !error; i++)
		error = show_lost(run, to, &run->lost.list[i]);
	return error;
}

/* The same as a table, once all of its rows are there. */
static int show_table(const struct run *run)
{
	FILE *rows = columns_begin();
	int error;

	if (!rows)
		return -ENOMEM;
	fputs("interface\thook\tid\tprogram\ttag\towner\n", rows);
	error = show_all(run, rows);
	columns_end(stdout, columns, ARRAY_SIZE(columns),
		    terminal_columns(&standard_output));
	return !error && ferror(stdout) ? -errno : error;
}

int command_list(struct run *run)
{
	const unsigned int hooks = QUERY_XDP | QUERY_TC;
	int code = query_read(&run->chosen, hooks, &run->present), error;

	if (code)
		return code;
	error = run->options.common.json ? show_all(run, stdout) :
					   show_table(run);
	if (!error && !run->present.count && !run->lost.count)
		note("no XDP, TCX or clsact program is attached.");
	if (!error && fflush(stdout))
		error = -errno;
	if (error && error != -EPIPE)
		return fail(EXIT_SYSTEM, "cannot write the list: %s.",
			    strerror(-error));
	return EXIT_DONE;
}
