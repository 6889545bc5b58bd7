// SPDX-License-Identifier: GPL-2.0-only
/* Stage two: attached to all interfaces or to none; and off again. */
#include "stages.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <unistd.h>

#include "duration.h"
#include "errors.h"
#include "pins.h"
#include "tc_hook.h"
#include "xdp_hook.h"

static int make_room(struct run *run, struct attachment *at)
{
	if (run->program->tc)
		return tc_make_room(&run->present, run->program->function,
				    &at->interface, at->hook,
				    run->options.force);
	return xdp_make_room(&run->present, at, run->options.force);
}

static int attach_one(struct run *run, struct attachment *at)
{
	int code;

	if (run->program->tc)
		code = tc_attach(at, run->program_fd, run->program->name);
	else
		code = xdp_attach(at, run->program_fd, run->options.xdp);
	if (code)
		return code;
	at->attached = true;
	return at->owns_qdisc ? stage_write_slot(run, at) : EXIT_DONE;
}

static int pin_all(struct run *run)
{
	char path[PIN_PATH_SIZE];
	int code = EXIT_DONE;
	size_t i;

	if (hook_is_clsact(run->attachments[0].hook)) {
		run->image.state->pinned = 1;
		return EXIT_DONE;
	}
	for (i = 0; i < run->chosen.count && !code; i++) {
		struct attachment *at = &run->attachments[i];

		pin_path(path, run->program->function, at->interface.index,
			 at->hook);
		code = pin_link(at->link_fd, path);
		at->pinned = !code;
	}
	return code;
}

static int detach_one(const struct run *run, struct attachment *at)
{
	char path[PIN_PATH_SIZE];
	int code = EXIT_DONE;

	/* Taken off by somebody, the qdisc it left is still ours to remove. */
	if ((at->attached || at->owns_qdisc) && hook_is_clsact(at->hook))
		code = tc_detach_clsact(&at->interface, at->hook,
					run->identity.id, at->owns_qdisc);
	if (at->pinned) {
		pin_path(path, run->program->function, at->interface.index,
			 at->hook);
		code = pin_remove(path);
		at->pinned = false;
	}
	if (at->link_fd >= 0) {
		if (bpf_link_detach(at->link_fd) && at->attached)
			code = fail_at(AT_DETACH, errno, at->interface.name,
				       NULL);
		else if (link_ifindex(at->link_fd, NULL))
			code = fail_at(AT_DETACH, EBUSY, at->interface.name,
				       NULL);
		close(at->link_fd);
		at->link_fd = -1;
	}
	at->attached = false;
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

int stage_attach(struct run *run)
{
	int code = EXIT_DONE;
	size_t i;

	for (i = 0; i < run->chosen.count && !code; i++)
		code = make_room(run, &run->attachments[i]);
	if (!code) {
		run->watch.started_ns = clock_ns(CLOCK_MONOTONIC);
		run->watch.last_ns = run->watch.started_ns;
		if (run->options.timeout_ns)
			run->watch.deadline_ns =
				run->watch.started_ns + run->options.timeout_ns;
		watch_renew(&run->watch, stage_is_leased(run));
	}
	for (i = 0; i < run->chosen.count && !code; i++)
		code = attach_one(run, &run->attachments[i]);
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
