// SPDX-License-Identifier: GPL-2.0-only
/* Stage four: attached to all interfaces or to none; and off again. */
#include "loader/stages.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <unistd.h>

#include "attach/link.h"
#include "attach/tc.h"
#include "attach/xdp.h"
#include "lib/duration.h"
#include "lib/errors.h"
#include "lib/signals.h"

static int make_room(struct run *run, struct attachment *at)
{
	if (run->program->tc)
		return tc_make_room(&run->present, run->program->function,
				    &at->interface, at->hook,
				    run->options.common.force, run->signal_fd);
	return xdp_make_room(&run->present, at, run->options.common.force);
}

static int attach_one(struct run *run, struct attachment *at)
{
	int code;

	at->tried = true;
	if (run->program->tc)
		code = tc_attach(at, &run->slots, run->program_fd,
				 run->program->name);
	else
		code = xdp_attach(at, run->program_fd, run->options.xdp);
	at->attached = !code;
	return code;
}

static int pin_all(struct run *run)
{
	char path[PIN_PATH_SIZE];
	int code = EXIT_DONE;
	size_t i;

	/* In this order: if it is killed in between, the pinned filter drops no more. */
	if (hook_is_clsact(run->attachments[0].hook)) {
		run->image.state->pinned = 1;
		watch_renew(run, false);
		return EXIT_DONE;
	}
	for (i = 0; i < run->chosen.count && !code; i++) {
		struct attachment *at = &run->attachments[i];

		pin_path(path, run->program->function, &at->interface,
			 at->hook);
		code = pin_link(at->link_fd, path);
		at->pinned = !code;
	}
	return code;
}

static int detach_one(const struct run *run, struct attachment *at)
{
	const char *name = at->interface.name;
	char path[PIN_PATH_SIZE];
	int code = EXIT_DONE;

	/* If another process removed the filter, the qdisc is still ours to remove. */
	if (at->tried && hook_is_clsact(at->hook))
		code = tc_detach_clsact(&at->interface, at->hook, run->info.id,
					at->owns_qdisc);
	if (at->pinned) {
		pin_path(path, run->program->function, &at->interface,
			 at->hook);
		code = pin_remove(path);
		at->pinned = false;
	}
	if (at->link_fd >= 0) {
		if (at->attached && link_detach(at->link_fd, name))
			code = EXIT_SYSTEM;
		close(at->link_fd);
		at->link_fd = -1;
	}
	at->attached = false;
	at->tried = false;
	at->owns_qdisc = false;
	return code;
}

int stage_detach(struct run *run)
{
	int code = EXIT_DONE;
	size_t i;

	for (i = 0; i < run->chosen.count; i++) {
		int one = detach_one(run, &run->attachments[i]);

		if (!code)
			code = one;
	}
	return code;
}

/* The next step, unless a signal has come. */
static int go_on(const struct run *run)
{
	return signals_end_came(run->signal_fd, 0) ?
		       fail(EXIT_SYSTEM,
			    "a signal came before all was attached.") :
		       EXIT_DONE;
}

static int attach_next(struct run *run, struct attachment *at)
{
	int code = go_on(run);

	/* Many interfaces may take longer than a lease. */
	watch_renew(run, hook_is_clsact(at->hook));
	return code ? code : attach_one(run, at);
}

/* Lower ones first: no XDP program can come below one (dev_xdp_attach()). */
static int attach_all(struct run *run)
{
	int level, code = EXIT_DONE;
	size_t i;

	for (level = 0; level <= INTERFACE_LEVELS; level++) {
		for (i = 0; i < run->chosen.count && !code; i++) {
			if (run->attachments[i].level == level)
				code = attach_next(run, &run->attachments[i]);
		}
	}
	return code;
}

int stage_attach(struct run *run)
{
	int code = EXIT_DONE;
	size_t i;

	for (i = 0; i < run->chosen.count && !code; i++)
		code = make_room(run, &run->attachments[i]);
	if (!code) {
		run->watch.started_ns = clock_ns(CLOCK_MONOTONIC);
		run->watch.last_ns = run->watch.started_ns;
		if (run->options.common.timeout_ns)
			run->watch.deadline_ns = run->watch.started_ns +
						 run->options.common.timeout_ns;
	}
	if (!code)
		code = attach_all(run);
	if (!code && run->options.pin)
		code = pin_all(run);
	if (code)
		stage_detach(run);
	for (i = 0; i < run->chosen.count; i++) {
		struct attachment *at = &run->attachments[i];

		if (code)
			xdp_put_back(at);
		else if (at->replaced_fd >= 0)
			close(at->replaced_fd);
		at->replaced_fd = -1;
	}
	if (code && run->chosen.count > 1)
		note("attached to none of the %zu interfaces.",
		     run->chosen.count);
	return code;
}
