// SPDX-License-Identifier: GPL-2.0-only
/* The command --list. */
#include "loader/stages.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "attach/owners.h"
#include "lib/duration.h"
#include "lib/errors.h"
#include "lib/escape.h"

/* What one of our programs is doing on an interface, as its maps say. */
struct doing {
	int error; /* why they could not be read; see program_is_foreign() */
	const char *state;
	bool observe;
	__u64 left_ns; /* of --timeout; 0: it had none, or it is over */
	struct drop_counters sum;
};

/* @ifindex: the interface's number where it is now; 0: it is gone */
static struct doing read_doing(const struct attached *attached, int ifindex)
{
	const __u32 id = attached->program.id;
	struct doing doing = { .error = -ENOENT };
	struct drop_config config;
	struct drop_state state;
	__u64 now_ns;

	if (ifindex)
		doing.error = program_config(id, &config);
	if (!doing.error)
		doing.error = program_state(id, &state);
	if (!doing.error)
		doing.error =
			program_counters(id, ifindex, &config, &doing.sum);
	if (doing.error)
		return doing;
	doing.observe = config.modes & MODE_OBSERVE;
	doing.state = doing.observe ? "observing" : "dropping";
	if (!config.deadline || state.deadline_ns == DROP_NO_DEADLINE)
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
	if (doing->left_ns)
		jsonw_lluint_field(json, "left_ms", doing->left_ns / 1000000);
	counters_json(json, &doing->sum);
}

static void show_doing(const struct doing *doing)
{
	const struct drop_counters *sum = &doing->sum;
	struct drop_stats matched = counters_matched(sum);
	char bytes[AMOUNT_SIZE];

	if (program_is_foreign(doing->error))
		return;
	if (doing->error) {
		printf("  its maps cannot be read: %s\n",
		       strerror(-doing->error));
		return;
	}
	printf("  %s", doing->state);
	if (doing->left_ns)
		printf(", %.1f s left", (double)doing->left_ns / SECOND_NS);
	amount_text(bytes, matched.bytes, " ");
	printf(": %s %llu packet%s (%sB), passed %llu, undecided %llu\n",
	       doing->observe ? "observed" : "dropped", matched.packets,
	       matched.packets == 1 ? "" : "s", bytes,
	       sum->stats[STAT_PASSED].packets,
	       sum->stats[STAT_UNDECIDED].packets);
}

static int show_json(const struct attached *attached, const char *hook,
		     const char *owner, const struct doing *doing)
{
	json_writer_t *json = jsonw_new(stdout);

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

static void show_row(const struct attached *attached, const char *hook,
		     const char *owner, const struct doing *doing)
{
	char interface[ESCAPED_SIZE(IFNAMSIZ)];
	char program[ESCAPED_SIZE(BPF_OBJ_NAME_LEN)];

	escape_text(interface, sizeof(interface), attached->interface.name);
	escape_text(program, sizeof(program),
		    *attached->program.name ? attached->program.name : "-");
	printf("%-15s %-14s %6u %-15s %-16s ", interface, hook,
	       attached->program.id, program,
	       *attached->program.tag ? attached->program.tag : "-");
	escape_put(stdout, owner);
	if (hook_is_clsact(attached->hook))
		printf(", priority %u handle 0x%x", attached->priority,
		       attached->handle);
	putchar('\n');
	show_doing(doing);
}

/* @ifindex: as read_doing(). Returns 0 or a negative errno. */
static int show(const struct run *run, const struct attached *attached,
		int ifindex, const char *hook, const char *owner)
{
	struct doing doing = read_doing(attached, ifindex);
	int error = 0;

	if (run->options.common.json)
		error = show_json(attached, hook, owner, &doing);
	else
		show_row(attached, hook, owner, &doing);
	return !error && ferror(stdout) ? -errno : error;
}

static int show_lost(const struct run *run, const struct pin *pin)
{
	struct attached attached = {
		.program = pin->program,
		.link_id = pin->link_id,
	};
	char owner[2 * PIN_PATH_SIZE];

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
	return show(run, &attached, pin->index, pin->hook, owner);
}

int command_list(struct run *run)
{
	const struct query *found = &run->present;
	int code = query_read(&run->chosen, &run->present), error = 0;
	bool json = run->options.common.json;
	size_t i;

	if (!code && !json)
		printf("%-15s %-14s %6s %-15s %-16s %s\n", "interface", "hook",
		       "id", "program", "tag", "owner");
	for (i = 0; i < found->count && !code && !error; i++) {
		const struct attached *attached = &found->list[i];

		error = show(run, attached, attached->interface.index,
			     hook_name(attached->hook),
			     attached_owner(attached));
	}
	for (i = 0; i < run->lost.count && !code && !error; i++)
		error = show_lost(run, &run->lost.list[i]);
	if (!code && !error && !found->count && !run->lost.count)
		note("no XDP, TCX or clsact program is attached.");
	if (!error && fflush(stdout))
		error = -errno;
	if (error && error != -EPIPE)
		return fail(EXIT_SYSTEM, "cannot write the list: %s.",
			    strerror(-error));
	return code;
}
