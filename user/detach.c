// SPDX-License-Identifier: GPL-2.0-only
/* The command --detach. */
#include "detach.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "counters.h"
#include "errors.h"
#include "inventory.h"
#include "link.h"
#include "macros.h"
#include "owners.h"
#include "tc_hook.h"
#include "xdp_hook.h"

struct detaching {
	const struct program *program;
	const struct options *options;
	struct display display;
	bool removed; /* something, from the interface at hand */
};

/* The last word of a program that goes: its counters. */
static void show_counters(struct detaching *detaching,
			  const struct attached *attached, int program_fd)
{
	struct reading reading = {
		.interface = &attached->interface,
		.hook = attached->hook,
		.final = true,
	};
	struct drop_slot slot = {};
	int map_fd = loaded_map(program_fd, "counters");

	if (map_fd < 0)
		return;
	loaded_slot(attached->program.id, attached->interface.index, &slot);
	if (!counters_read(map_fd, slot.counters, &reading.sum))
		counters_show(&detaching->display, &reading);
	close(map_fd);
}

static int refuse(const struct attached *attached, const char *why)
{
	char what[128], whose[256];

	attached_describe(attached, what, sizeof(what));
	attached_whose(attached, whose, sizeof(whose));
	return fail(EXIT_REFUSED, "%s: left alone: %s at %s, %s. %s",
		    attached->interface.name, what, hook_words(attached->hook),
		    whose, why);
}

static int remove_link(struct detaching *detaching,
		       const struct attached *attached)
{
	char path[PIN_PATH_SIZE];

	if (!link_is_pinned(attached, path) && !detaching->options->force)
		return refuse(
			attached,
			"Stop that process (it detaches by itself), or use --force.");
	return link_take_off(attached);
}

static int remove_filter(struct detaching *detaching,
			 const struct attached *attached)
{
	struct drop_state state = {};

	loaded_state(attached->program.id, &state);
	if (!state.pinned && !detaching->options->force &&
	    !tc_is_left_over(attached))
		return refuse(
			attached,
			"Stop that process (it detaches by itself), or use --force.");
	return tc_remove(attached);
}

static int remove_one(struct detaching *detaching,
		      const struct attached *attached)
{
	if (attached->link_id)
		return remove_link(detaching, attached);
	if (attached_is_ours(attached, detaching->program->function))
		return remove_filter(detaching, attached);
	if (!hook_is_xdp(attached->hook))
		return refuse(attached,
			      "Remove it as it was made: tc filter del.");
	if (!detaching->options->force)
		return refuse(
			attached,
			"Remove it as it was made (ip link set dev IFACE xdp off, or xdpgeneric off), or use --force.");
	return xdp_detach_netlink(attached);
}

static int visit(struct detaching *detaching, const struct attached *attached)
{
	const char *function = detaching->program->function;
	int code, program_fd;

	if (hook_is_xdp(attached->hook) == detaching->program->tc)
		return EXIT_DONE;
	if (strcmp(attached->program.name, function)) {
		/* Other programs at TC are no obstacle; at XDP there is one place. */
		if (!hook_is_xdp(attached->hook))
			return EXIT_DONE;
		return refuse(attached, "It is another program's.");
	}
	program_fd = bpf_prog_get_fd_by_id(attached->program.id);
	if (program_fd < 0)
		return EXIT_DONE; /* gone meanwhile */
	code = remove_one(detaching, attached);
	if (!code) {
		char what[128];

		attached_describe(attached, what, sizeof(what));
		note("%s: detached %s from %s.", attached->interface.name, what,
		     hook_words(attached->hook));
		detaching->removed = true;
		show_counters(detaching, attached, program_fd);
	}
	close(program_fd);
	return code;
}

/* Removes the pin of a link whose interface has gone. */
static int remove_stale_pins(struct detaching *detaching,
			     const struct interface *interface)
{
	static const enum hook hooks[] = { HOOK_XDP_NATIVE, HOOK_TCX_INGRESS,
					   HOOK_TCX_EGRESS };
	char path[PIN_PATH_SIZE];
	int code = EXIT_DONE;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(hooks) && !code; i++) {
		int fd;

		pin_path(path, detaching->program->function, interface->index,
			 hooks[i]);
		fd = pin_open(path);
		if (fd < 0)
			continue;
		if (!link_ifindex(fd, NULL))
			code = pin_remove(path);
		close(fd);
	}
	return code;
}

int detach(const struct program *program, const struct options *options,
	   const struct interfaces *chosen)
{
	struct detaching detaching = {
		.program = program,
		.options = options,
		.display = { .json = options->json },
	};
	struct inventory found;
	int code, worst;
	size_t i;

	worst = inventory_read(chosen, &found);
	for (i = 0; i < chosen->count; i++) {
		const struct interface *interface = &chosen->list[i];
		const struct attached *attached = NULL;
		bool refused = false;

		detaching.removed = false;
		while ((attached = inventory_on(&found, interface->index,
						attached))) {
			code = visit(&detaching, attached);
			refused |= code;
			if (code && worst != EXIT_SYSTEM)
				worst = code;
		}
		code = remove_stale_pins(&detaching, interface);
		if (code)
			worst = code;
		if (!detaching.removed && !refused)
			note("%s: nothing of %s is attached.", interface->name,
			     program->name);
	}
	inventory_free(&found);
	return worst;
}
