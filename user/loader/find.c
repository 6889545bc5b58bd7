// SPDX-License-Identifier: GPL-2.0-only
/* Stage one: what is on the interfaces, and which hook of each. */
#include "loader/stages.h"

#include <bpf/libbpf.h>
#include <stdlib.h>
#include <string.h>

#include "attach/link.h"
#include "attach/tc.h"
#include "guard/guard.h"
#include "lib/descriptors.h"
#include "lib/errors.h"
#include "lib/macros.h"

/* What ends by itself, or drops nothing, does not cut the user off for long. */
static int check_session(struct run *run)
{
	const struct options *options = &run->options;
	const struct program *program = run->program;

	if (options->common.force || options->common.timeout_ns ||
	    options->observe)
		return EXIT_DONE;
	return guard_check(&run->all, &run->chosen, program->protocol,
			   program->tc && !options->ingress);
}

static int need_descriptors(struct run *run)
{
	/* A link; with --force, also the link and program that it replaces. */
	return descriptors_allow(run->chosen.count,
				 run->options.common.force ? 3 : 1);
}

/* A counter has a value for each: libbpf reads how many there may be from /sys. */
static int need_cpus(struct run *run)
{
	int cpus = libbpf_num_possible_cpus();

	if (cpus > 0)
		return EXIT_DONE;
	return fail(
		EXIT_SYSTEM,
		"%s: /sys/devices/system/cpu/possible cannot be read (%s), and with it no counter. Nothing was attached. Is sysfs mounted? mount -t sysfs nodev /sys.",
		run->program->name, strerror(-cpus));
}

static int read_present(struct run *run)
{
	return query_read(&run->chosen, &run->present);
}

static int list_attachments(struct run *run)
{
	/* At XDP, attaching finds out which mode there is. */
	enum hook hook = HOOK_XDP_NATIVE;
	int code = EXIT_DONE;
	size_t i;

	if (run->program->tc)
		code = tc_choose(&run->present, &run->chosen.list[0],
				 run->options.tc, run->options.ingress, &hook);
	if (code)
		return code;
	run->attachments = calloc(run->chosen.count, sizeof(*run->attachments));
	if (!run->attachments)
		return fail_memory("the list of interfaces");
	for (i = 0; i < run->chosen.count; i++)
		run->attachments[i] = (struct attachment){
			.interface = run->chosen.list[i],
			.index = run->chosen.list[i].index,
			.hook = hook,
			.level = interface_level(&run->chosen,
						 &run->chosen.list[i]),
			.slot = i,
			.link_fd = -1,
			.replaced = { .program_fd = -1, .link_fd = -1 },
		};
	return EXIT_DONE;
}

static int prepare_pins(struct run *run)
{
	if (!run->options.pin || hook_is_clsact(run->attachments[0].hook))
		return EXIT_DONE;
	return pin_prepare();
}

int stage_find(struct run *run)
{
	static int (*const steps[])(struct run *) = {
		check_session, /* our own SSH session is not cut off */
		need_descriptors, /* a link for each */
		need_cpus, /* for reading counters */
		read_present, /* what is attached already */
		list_attachments, /* one for each, not attached yet; TCX or clsact */
		prepare_pins, /* makes a directory, so it comes last */
	};
	int code = EXIT_DONE;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(steps) && !code; i++)
		code = steps[i](run);
	return code;
}
