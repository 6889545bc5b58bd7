// SPDX-License-Identifier: GPL-2.0-only
/* The command --list. */
#include "loader/stages.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "attach/owners.h"
#include "lib/errors.h"
#include "lib/escape.h"

static int show_json(const struct attached *attached, const char *hook,
		     const char *owner)
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
	jsonw_end_object(json);
	jsonw_destroy(&json);
	return 0;
}

static void show_row(const struct attached *attached, const char *hook,
		     const char *owner)
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
}

/* Returns 0 or a negative errno. */
static int show(const struct run *run, const struct attached *attached,
		const char *hook, const char *owner)
{
	int error = 0;

	if (run->options.common.json)
		error = show_json(attached, hook, owner);
	else
		show_row(attached, hook, owner);
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
	return show(run, &attached, pin->hook, owner);
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

		error = show(run, attached, hook_name(attached->hook),
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
