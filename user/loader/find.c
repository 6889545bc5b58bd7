// SPDX-License-Identifier: GPL-2.0-only
/* The first stages: what is spared, what is on the interfaces, and which hook of each. */
#include "loader/stages.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attach/link.h"
#include "attach/tc.h"
#include "guard/guard.h"
#include "guard/spare.h"
#include "lib/descriptors.h"
#include "lib/errors.h"
#include "lib/frame_type.h"
#include "lib/macros.h"

/* Can the program find its protocol in the frames of this interface? */
static int check_frames(const struct run *run,
			const struct interface *interface)
{
	const char *why = interface_why_strange(interface);
	bool arriving = !run->program->tc || run->options.ingress;

	if (!run->program->matches)
		return EXIT_DONE;
	if (why)
		return fail(
			EXIT_USAGE,
			"%s: %s, so %s cannot be recognized in them. Choose another interface, or a program that drops any frame.",
			interface->name, why, run->program->matches);
	if (arriving && interface_arrives_wrapped(interface))
		return fail(
			EXIT_LACKING,
			"%s: before Linux 5.14, packets that arrive on such a tunnel start with the outer headers, so %s cannot be recognized in them. Use a newer kernel, or a program that drops any frame.",
			interface->name, run->program->matches);
	return EXIT_DONE;
}

static int check_all_frames(struct run *run)
{
	int code = EXIT_DONE;
	size_t i;

	for (i = 0; i < run->chosen.count && !code; i++)
		code = check_frames(run, &run->chosen.list[i]);
	return code;
}

/* A run that ends by itself, or drops nothing, does not cut the user off for long. */
static int check_session(struct run *run)
{
	const struct options *options = &run->options;
	const struct program *program = run->program;

	if (options->common.force || options->common.timeout_ns ||
	    options->observe)
		return EXIT_DONE;
	return guard_check(&(struct drops){
		.all = &run->all,
		.chosen = &run->chosen,
		.protocol = program->protocol,
		.leaving = program->tc && !options->ingress,
		.rules = &options->select.rules,
		.session_spared = options->select.session_spared,
	});
}

static int need_descriptors(struct run *run)
{
	/* A link; with --force, also the link and program that it replaces. */
	return descriptors_allow(run->slots.count + run->chosen.count,
				 run->options.common.force ? 3 : 1);
}

/* Counters have a value for each possible CPU: libbpf reads their number from /sys. */
static int need_cpus(struct run *run)
{
	int cpus = libbpf_num_possible_cpus();

	if (cpus > 0)
		return EXIT_DONE;
	return fail(
		EXIT_SYSTEM,
		"%s: /sys/devices/system/cpu/possible cannot be read (%s), so counters cannot be read either. Nothing was attached. Is sysfs mounted? mount -t sysfs nodev /sys.",
		run->program->name, strerror(-cpus));
}

static int read_present(struct run *run)
{
	return query_read(&run->chosen, run->program->tc ? QUERY_TC : QUERY_XDP,
			  &run->present);
}

/* At XDP, attaching finds out which mode there is. */
static int choose_hook(const struct run *run, enum hook *hook)
{
	const struct interfaces *chosen = &run->chosen;
	const struct options *options = &run->options;

	*hook = HOOK_XDP_NATIVE;
	if (!run->program->tc)
		return EXIT_DONE;
	if (options->tc == TC_TCX && !run->present.tcx)
		return fail_at(AT_TCX, EINVAL,
			       chosen->count ? chosen->list[0].name :
					       options->common.patterns[0],
			       NULL);
	*hook = tc_choose(&run->present, chosen, run->program->function,
			  options->tc, options->ingress);
	return EXIT_DONE;
}

static int list_attachments(struct run *run)
{
	const struct interfaces *chosen = &run->chosen;
	enum hook hook;
	int *levels, code = choose_hook(run, &hook);
	size_t i;

	if (code)
		return code;
	run->room = chosen->count + (run->options.follow ? SLOTS_LATER : 0);
	run->attachments = calloc(run->room, sizeof(*run->attachments));
	levels = interface_levels(chosen);
	if (!run->attachments || !levels) {
		free(levels);
		return fail_memory("the list of interfaces");
	}
	for (i = 0; i < run->room; i++)
		run->attachments[i] = (struct attachment){
			.hook = hook,
			.slot = i,
			.link_fd = -1,
			.replaced = { .program_fd = -1, .link_fd = -1 },
		};
	for (i = 0; i < chosen->count; i++) {
		run->attachments[i].interface = chosen->list[i];
		run->attachments[i].index = chosen->list[i].index;
		run->attachments[i].level = levels[i];
	}
	free(levels);
	return EXIT_DONE;
}

static int prepare_pins(struct run *run)
{
	if (!run->options.pin || hook_is_clsact(run->attachments[0].hook))
		return EXIT_DONE;
	return pin_prepare();
}

/* Once: a newcomer's run has the same rules. */
int stage_spare(struct run *run)
{
	struct options *options = &run->options;

	if (!options->select.session_spared)
		return EXIT_DONE;
	if (options->pin && !options->common.timeout_ns &&
	    !options->common.force && !options->observe)
		return fail(
			EXIT_REFUSED,
			"--except session spares the connection that there is now. With --pin it is dropped when you connect again. Give --timeout, too, or leave --pin out; --force does it all the same.");
	return spare_session(&options->select.rules);
}

int stage_find(struct run *run)
{
	static int (*const steps[])(struct run *) = {
		check_session, /* our own SSH session is not cut off */
		need_descriptors, /* a link for each */
		need_cpus, /* for reading counters */
		read_present, /* what is attached already */
		check_all_frames, /* is there what we look for */
	};
	int code = EXIT_DONE;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(steps) && !code; i++)
		code = steps[i](run);
	return code;
}

int stage_choose(struct run *run)
{
	int code = list_attachments(run);

	/* It makes a directory, so it comes last. */
	return code ? code : prepare_pins(run);
}
