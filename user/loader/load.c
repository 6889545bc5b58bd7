// SPDX-License-Identifier: GPL-2.0-only
/* Stage three: the image, configured and loaded. */
#include "loader/stages.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "attach/counters.h"
#include "lib/errors.h"
#include "lib/object.h"
#include "loader/refusal.h"
#include "select/maps.h"

/*
 * Before Linux 6.4 a verifier log that does not fit is an error. Pages that the log
 * does not reach take no memory. At level 1 it has only the way to where the program is refused.
 */
#define LOG_SIZE (16 << 20)

static struct bpf_map *find_map(const struct run *run, const char *name)
{
	return bpf_object__find_map_by_name(run->image.object, name);
}

int stage_map(const struct run *run, const char *name)
{
	return bpf_map__fd(find_map(run, name));
}

/* The ring, and a buffer for each CPU; errno on failure. */
static int configure_capture(struct run *run)
{
	struct bpf_map *scratch = find_map(run, "scratch");
	int cpus = libbpf_num_possible_cpus();

	if (cpus < 0)
		return cpus;
	return bpf_map__set_max_entries(find_map(run, "captured"),
					CAPTURE_RING_SIZE) ||
	       bpf_map__set_max_entries(scratch, cpus) ||
	       bpf_map__set_value_size(scratch,
				       sizeof(struct drop_scratch) +
					       run->image.config->snaplen);
}

/* The mark of this run's trace lines, and of no other run's; never 0. */
static __u32 new_mark(void)
{
	__u32 mark = 0;

	if (getrandom(&mark, sizeof(mark), 0) != sizeof(mark) || !mark)
		mark = getpid();
	return mark;
}

/* Bytes of each packet: as many as are to be written, or as flows are read from. */
static __u32 snaplen(const struct options *options)
{
	__u32 written = options->common.write ? options->common.snaplen : 0;

	return options->top && written < FLOWS_SNAPLEN ? FLOWS_SNAPLEN :
							 written;
}

/* The rules as constants, and room for the rest of them. */
static int configure_selection(struct run *run, struct compiled *compiled)
{
	const struct selection *selection = &run->options.select;
	struct select_config *config = run->image.select;
	int error;

	if (!config)
		return EXIT_DONE;
	error = select_configure(selection, config, compiled);
	if (error == -E2BIG)
		return fail(
			EXIT_USAGE,
			"--only and --except: there are too many selectors. Give fewer, or larger prefixes.");
	if (!error)
		error = select_size_maps(run->image.object, compiled,
					 slots_counters(run->room));
	return error ? fail_at(AT_LOAD, -error, run->program->name, NULL) :
		       EXIT_DONE;
}

static int fill_selection(struct run *run, const struct compiled *compiled)
{
	int error = 0;

	if (run->image.select)
		error = select_fill_maps(run->image.object, compiled);
	return error ? fail_at(AT_MAP, -error, run->program->name, NULL) :
		       EXIT_DONE;
}

static int configure(struct run *run)
{
	struct drop_config *config = run->image.config;
	const bool many = slots_are_many(run->room);

	config->frame_type = slots_unknown_type(&run->chosen);
	config->unknown = many ? run->room : 0;
	config->modes =
		(many ? MODE_MANY : 0) |
		(run->options.observe ? MODE_OBSERVE : 0) |
		(run->options.drop_undecided ? MODE_DROP_UNDECIDED : 0) |
		(run->options.trace ? MODE_TRACE : 0) |
		(run->image.select ? MODE_SELECTS : 0);
	/*
	 * A clsact filter outlives its loader: it needs one until it is pinned. So does
	 * what --force lets run in another's link.
	 */
	if (run->options.common.timeout_ns || run->options.common.force ||
	    hook_is_clsact(run->attachments[0].hook))
		config->modes |= MODE_DEADLINE;
	config->snaplen = snaplen(&run->options);
	if (config->snaplen)
		config->modes |= MODE_CAPTURE;
	config->trace = run->options.trace ? new_mark() : 0;
	if (bpf_map__set_max_entries(find_map(run, "counters"),
				     slots_counters(run->room)) ||
	    bpf_map__set_max_entries(find_map(run, "slots"),
				     slots_entries(run->room)) ||
	    (config->snaplen && configure_capture(run)))
		return fail_at(AT_LOAD, errno, run->program->name, NULL);
	return EXIT_DONE;
}

/* CONFIG_BPF_EVENTS brings these helpers and this type of programs. */
static bool lacks_events(void)
{
	return !libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_TRACEPOINT, NULL);
}

/* Prints why the kernel rejects the program. */
static int refused(const struct run *run, int error, char *log)
{
	struct refusal refusal;
	char reason[512];
	size_t i;

	if (error == EINVAL && lacks_events()) {
		if (run->options.trace)
			return fail(
				EXIT_LACKING,
				"--trace needs bpf_trace_printk(), which this kernel lacks. Use a kernel with CONFIG_BPF_EVENTS, or no --trace.");
		if (run->image.config->snaplen && !run->program->tc)
			return fail(
				EXIT_LACKING,
				"--write and --top at XDP need bpf_probe_read_kernel(), which this kernel lacks. Use a kernel with CONFIG_BPF_EVENTS, or neither of them.");
	}
	if (!refusal_read(&refusal, log))
		return fail_at(AT_LOAD, error, run->program->name, NULL);
	for (i = 0; i < refusal.count && !run->options.common.verbose; i++)
		note("the verifier: %s", refusal.lines[i]);
	snprintf(reason, sizeof(reason), "%s%s%s", refusal.reason,
		 *refusal.where ? ", at " : "", refusal.where);
	return fail_at(AT_LOAD, error, run->program->name, reason);
}

/*
 * Loads, and shows the verifier's log if asked. Otherwise there is one only if the
 * verifier rejects the program: libbpf then tries again with a log.
 */
static int load_image(struct run *run)
{
	char *log = calloc(1, LOG_SIZE);
	int error, code;

	if (!log)
		return fail_memory("the verifier's log");
	bpf_program__set_log_buf(run->image.program, log, LOG_SIZE);
	if (run->options.common.verbose)
		bpf_program__set_log_level(run->image.program, 1);
	error = bpf_object__load_skeleton(run->image.parts);
	if (run->options.common.verbose)
		note("the verifier's log:\n%s", log);
	code = error ? refused(run, -error, log) : EXIT_DONE;
	free(log);
	return code;
}

/* Counters that cannot be read now cannot be read later, with fewer privileges. */
static int try_counters(const struct run *run)
{
	struct drop_counters sum;
	int error = counters_read(run->counters_fd, 0, &sum);

	return error ? fail(EXIT_SYSTEM,
			    "%s: the counters cannot be read: %s. Nothing was attached.",
			    run->program->name, strerror(-error)) :
		       EXIT_DONE;
}

static int write_slots(struct run *run)
{
	int error;

	run->slots = (struct slots){
		.map_fd = stage_map(run, "slots"),
		.attachments = run->attachments,
		.count = run->chosen.count,
		.room = run->room,
		.unknown_type = run->image.config->frame_type,
	};
	error = slots_write(&run->slots, &run->all);
	if (error == -E2BIG)
		note(SLOTS_FULL);
	else if (error)
		return fail_at(AT_MAP, -error, run->program->name, NULL);
	return EXIT_DONE;
}

static int read_info(struct image *image)
{
	image->fd = bpf_program__fd(image->program);
	return program_info_of_fd(image->fd, &image->info);
}

/*
 * If libbpf's probe for names failed, without memory for example, a program is loaded
 * without its name, and its maps without theirs.
 */
static int identify(struct run *run)
{
	int error;

	run->counters_fd = stage_map(run, "counters");
	error = read_info(&run->image);
	if (error)
		return fail_at(AT_LOAD, -error, run->program->name, NULL);
	if (strcmp(run->image.info.name, run->program->function))
		return fail(
			EXIT_SYSTEM,
			"%s: the kernel has loaded the program without its name, '%s', by which --list and --detach know it. Nothing was attached. Try again; --verbose twice shows what libbpf asked.",
			run->program->name, run->program->function);
	return object_check(run->image.object, run->program->name);
}

int stage_load(struct run *run)
{
	DECLARE_LIBBPF_OPTS(bpf_object_open_opts, opts);
	struct compiled compiled = {};
	int code, error;

	error = run->program->open(
		&run->image, selection_is_on(&run->options.select), &opts);
	if (error)
		return fail_at(AT_LOAD, -error, run->program->name, NULL);
	code = configure(run);
	if (!code)
		code = configure_selection(run, &compiled);
	if (!code)
		code = load_image(run);
	if (!code)
		code = identify(run);
	if (!code)
		code = fill_selection(run, &compiled);
	compiled_free(&compiled);
	if (!code)
		code = try_counters(run);
	return code ? code : write_slots(run);
}

static int open_frags(struct run *run)
{
	DECLARE_LIBBPF_OPTS(bpf_object_open_opts, opts);
	struct bpf_map *map = NULL, *shared = NULL;
	struct image *frags = &run->frags;
	int error = run->program->open(frags, run->image.select, &opts);

	if (error)
		return error;
	*frags->config = *run->image.config;
	if (frags->select)
		*frags->select = *run->image.select;
	frags->config->modes |= MODE_FRAGS;
	bpf_program__set_flags(frags->program, BPF_F_XDP_HAS_FRAGS);
	/* The same object, so the same maps in the same order. */
	while (!error && (map = bpf_object__next_map(frags->object, map))) {
		shared = bpf_object__next_map(run->image.object, shared);
		if (!strstr(bpf_map__name(map), ".rodata."))
			error = bpf_map__reuse_fd(map, bpf_map__fd(shared));
	}
	return error;
}

int load_frags(void *context)
{
	struct run *run = context;
	struct image *frags = &run->frags;
	int error;

	if (frags->skeleton)
		return frags->fd;
	frags->fd = -1;
	error = open_frags(run);
	if (!error)
		error = bpf_object__load_skeleton(frags->parts);
	if (!error)
		error = read_info(frags);
	/* As in identify(). */
	if (!error && strcmp(frags->info.name, run->program->function))
		error = -ENOMEM;
	if (error)
		frags->fd = -1;
	/* EINVAL: frags came with Linux 5.18. */
	if (error && error != -EINVAL)
		note("the program for packets in several buffers (frags) cannot be loaded: %s.",
		     strerror(-error));
	return frags->fd;
}
