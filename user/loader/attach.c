// SPDX-License-Identifier: GPL-2.0-only
/* Stage four: attach to all interfaces or to none; detach. */
#include "loader/stages.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <unistd.h>

#include "attach/link.h"
#include "attach/replace.h"
#include "attach/tc.h"
#include "attach/xdp.h"
#include "lib/duration.h"
#include "lib/errors.h"
#include "lib/macros.h"
#include "lib/signals.h"

static int check_room(struct run *run, struct attachment *at)
{
	const bool force = run->options.common.force;

	if (run->program->tc)
		return tc_check_room(&run->present, run->program->function, at,
				     force, run->signal_fd);
	return xdp_check_room(&run->present, at, run->options.xdp, force);
}

static int attach_one(struct run *run, struct attachment *at)
{
	const struct xdp_programs programs = { run->image.fd, load_frags, run };
	int code;

	at->tried = true;
	if (run->program->tc)
		code = tc_attach(at, run->image.fd, run->program->name);
	else
		code = xdp_attach(at, &programs, run->options.xdp);
	at->attached = !code;
	return code;
}

static void path_of(const struct run *run, const struct attachment *at,
		    char path[PIN_PATH_SIZE])
{
	pin_path(path, run->program->function, &at->interface, at->hook);
}

/* If it has a link already, and that is not pinned there. */
static int pin_one(struct run *run, struct attachment *at)
{
	char path[PIN_PATH_SIZE];
	int code;

	if (!run->options.pin || at->pinned || at->link_fd < 0)
		return EXIT_DONE;
	path_of(run, at, path);
	if (at->replaced.updated && replaced_is_at(&at->replaced, path))
		return EXIT_DONE;
	code = pin_link(at->link_fd, path);
	at->pinned = !code;
	return code;
}

/* Now the foreign link can be detached. */
static int settle_one(struct run *run, struct attachment *at)
{
	int code = EXIT_DONE;

	if (!run->program->tc)
		code = xdp_settle(at, image_on(run, at)->fd);
	return code ? code : pin_one(run, at);
}

static int unpin_one(struct run *run, struct attachment *at)
{
	char path[PIN_PATH_SIZE] = "";

	if (run->options.pin)
		path_of(run, at, path);
	return replaced_unpin(&at->replaced, path);
}

static int finish_one(struct run *run, struct attachment *at)
{
	if (run->program->tc)
		return tc_finish(&run->present, run->program->function, at);
	return xdp_finish(&run->present, at);
}

static int detach_one(const struct run *run, struct attachment *at)
{
	const char *name = at->interface.name;
	char path[PIN_PATH_SIZE];
	int code = EXIT_DONE;

	/* If another process removed the filter, the qdisc is still ours to remove. */
	if (at->tried && hook_is_clsact(at->hook) && !at->replaced.attached)
		code = tc_detach_clsact(&at->interface, at->hook,
					run->image.info.id);
	if (at->pinned) {
		path_of(run, at, path);
		code = pin_remove(path);
		at->pinned = false;
	}
	/* The program that was there is restored to its own link. */
	if (at->link_fd >= 0 && at->link_fd != at->replaced.link_fd) {
		if (at->attached && link_detach(at->link_fd, name))
			code = EXIT_SYSTEM;
		close(at->link_fd);
	}
	at->link_fd = -1;
	at->attached = false;
	at->tried = false;
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
	watch_renew(run, true);
	return code ? code : attach_one(run, at);
}

typedef int (*attach_step)(struct run *run, struct attachment *at);

static int for_all(struct run *run, attach_step step)
{
	int code = EXIT_DONE;
	size_t i;

	for (i = 0; i < run->chosen.count && !code; i++)
		code = step(run, &run->attachments[i]);
	return code;
}

/*
 * If a device above has an XDP program, none can be attached or restored below it
 * (dev_xdp_attach()): only a link of ours can be updated there.
 */
static int check_above(struct run *run, struct attachment *at)
{
	const struct replaced *replaced = &at->replaced;
	size_t i;

	if (run->program->tc || !replaced->attached ||
	    (replaced->pin && replaced->turn == TURN_LINK))
		return EXIT_DONE;
	for (i = 0; i < run->all.count; i++) {
		const struct interface *upper = &run->all.list[i];

		if (interface_is_above(upper, &at->interface) &&
		    (upper->xdp_native || upper->xdp_generic ||
		     upper->xdp_offload))
			return fail(
				EXIT_REFUSED,
				"%s: %s, a device above it, has an XDP program, so the one here could not be restored. Nothing was changed. Detach the one above first; --list shows its owner.",
				at->interface.name, upper->name);
	}
	return EXIT_DONE;
}

/* So ours above is attached after those below. */
static void order_above(struct run *run, int level)
{
	size_t i, j;

	for (j = 0; j < run->chosen.count; j++) {
		struct replaced *lower = &run->attachments[j].replaced;

		for (i = 0; i < run->chosen.count; i++) {
			struct replaced *upper = &run->attachments[i].replaced;

			if (lower->turn == TURN_FREE)
				break;
			if (run->attachments[i].level != level ||
			    !interface_is_above(&run->chosen.list[i],
						&run->chosen.list[j]))
				continue;
			if (upper->turn == TURN_FREE)
				upper->turn = TURN_LINK_GOES;
			if (lower->turn == TURN_LINK && !lower->pin)
				lower->turn = TURN_LINK_GOES;
		}
	}
}

static int attach_turn(struct run *run, enum turn turn, int level)
{
	int code = EXIT_DONE;
	size_t i;

	for (i = 0; i < run->chosen.count && !code; i++) {
		struct attachment *at = &run->attachments[i];

		if (at->replaced.turn == turn && at->level == level)
			code = attach_next(run, at);
	}
	return code;
}

/*
 * One turn after the other; what cannot be done in its turn is left to a later one. In
 * each, lower devices first: no XDP program can be attached below one (dev_xdp_attach()).
 */
static int attach_all(struct run *run)
{
	int code = EXIT_DONE, turn, level;

	for (turn = 0; turn < TURN_COUNT; turn++) {
		for (level = 0; level <= INTERFACE_LEVELS && !code; level++)
			code = attach_turn(run, turn, level);
	}
	return code;
}

/*
 * From here on it is without a lease, but for a clsact filter in the foreground. In this
 * order: if it is killed in between, the pinned filter drops no more.
 */
static void end_lease(struct run *run)
{
	const bool clsact = hook_is_clsact(run->attachments[0].hook);

	if (clsact && run->options.pin)
		run->image.state->pinned = 1;
	watch_renew(run, clsact && !run->options.pin);
}

static void let_go_of_replaced(struct run *run)
{
	size_t i;

	for (i = 0; i < run->chosen.count; i++)
		replaced_close(&run->attachments[i]);
}

void stage_undo(struct run *run)
{
	size_t i;

	stage_detach(run);
	for (i = 0; i < run->chosen.count; i++) {
		struct attachment *at = &run->attachments[i];

		if (run->program->tc)
			tc_put_back(at, run->image.fd);
		else
			xdp_put_back(at, image_on(run, at)->fd);
	}
	let_go_of_replaced(run);
	if (run->chosen.count > 1)
		note("attached to none of the %zu interfaces.",
		     run->chosen.count);
}

static void start_clock(struct run *run)
{
	size_t i;

	run->watch.started_ns = clock_ns(CLOCK_MONOTONIC);
	run->watch.last_ns = run->watch.started_ns;
	run->image.state->started_ns = run->watch.started_ns;
	for (i = 0; i < run->chosen.count; i++)
		run->attachments[i].began_ns = run->watch.started_ns;
	/* That of one that comes later is the run's. */
	if (run->options.common.timeout_ns &&
	    run->watch.deadline_ns == UINT64_MAX)
		run->watch.deadline_ns =
			run->watch.started_ns + run->options.common.timeout_ns;
}

int stage_attach(struct run *run)
{
	int level, code = for_all(run, check_room);

	if (!code)
		code = for_all(run, check_above);
	for (level = 1; level <= INTERFACE_LEVELS && !run->program->tc; level++)
		order_above(run, level);
	if (!code) {
		start_clock(run);
		code = attach_all(run);
	}
	if (code)
		stage_undo(run);
	return code;
}

/* What can be undone comes before what cannot. */
int stage_commit(struct run *run)
{
	static const attach_step steps[] = {
		pin_one, /* those that have a link */
		settle_one, /* another's link goes, ours comes */
		unpin_one, /* the old name of a pin */
		finish_one, /* what stood beside ours goes, and is told */
	};
	int code = go_on(run);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(steps) && !code; i++)
		code = for_all(run, steps[i]);
	if (code) {
		stage_undo(run);
		return code;
	}
	end_lease(run);
	let_go_of_replaced(run);
	return EXIT_DONE;
}
