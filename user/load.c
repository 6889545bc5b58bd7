// SPDX-License-Identifier: GPL-2.0-only
/* Stage one: the image, configured and loaded. */
#include "stages.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "errors.h"

/* Before Linux 6.4 a verifier log that does not fit is an error. */
#define LOG_SIZE (16 << 20)

bool stage_is_leased(const struct run *run)
{
	return hook_is_clsact(run->attachments[0].hook) && !run->options.pin;
}

static struct bpf_map *find_map(const struct run *run, const char *name)
{
	return bpf_object__find_map_by_name(run->image.object, name);
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
	       bpf_map__set_value_size(scratch, sizeof(struct drop_record) +
							run->options.snaplen);
}

static int configure(struct run *run)
{
	struct drop_config *config = run->image.config;
	__u32 count = run->chosen.count;
	size_t i;

	for (i = 0; i < count; i++) {
		const struct interface *interface = &run->chosen.list[i];
		char why[INTERFACE_WHY_SIZE];

		if (run->program->matches &&
		    interface_is_strange(interface, why))
			return fail(
				EXIT_USAGE,
				"%s: %s, so TCP could not be told in them. Choose another interface; xdp-drop-world does not look into frames.",
				interface->name, why);
		if (!i)
			config->link = interface_link(interface);
	}
	config->many = count > 1;
	config->observe = run->options.observe;
	config->deadline = run->options.timeout_ns || stage_is_leased(run);
	config->capture = !!run->options.write;
	config->snaplen = run->options.snaplen;
	config->trace = run->trace.mark;
	if (bpf_map__set_max_entries(find_map(run, "counters"), count) ||
	    bpf_map__set_max_entries(find_map(run, "slots"), count) ||
	    (config->capture && configure_capture(run)))
		return fail_at(AT_LOAD, errno, run->program->name, NULL);
	return EXIT_DONE;
}

/* What else than the kernel's version may be why it does not take the program. */
static int refused(const struct run *run, int error)
{
	/* This helper and this type come by the same option. */
	if (error == EINVAL && run->image.config->capture &&
	    bpf_program__type(run->image.program) == BPF_PROG_TYPE_XDP &&
	    !libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_TRACEPOINT, NULL))
		return fail(
			EXIT_LACKING,
			"--write at XDP needs bpf_probe_read_kernel(), which this kernel lacks. Use a kernel with CONFIG_BPF_EVENTS, or no --write.");
	return fail_at(AT_LOAD, error, run->program->name, NULL);
}

/* Loads, showing the verifier's log if asked. */
static int load_image(struct run *run)
{
	char *log = NULL;
	int error;

	if (run->options.verbose) {
		log = calloc(1, LOG_SIZE);
		if (!log)
			return fail_at(AT_LOAD, ENOMEM, run->program->name,
				       NULL);
		bpf_program__set_log_buf(run->image.program, log, LOG_SIZE);
		bpf_program__set_log_level(run->image.program, 1);
	}
	error = bpf_object__load_skeleton(run->image.parts);
	if (log && *log)
		fprintf(stderr, "%s", log);
	free(log);
	return error ? refused(run, -error) : EXIT_DONE;
}

int stage_map(const struct run *run, const char *name)
{
	return bpf_map__fd(find_map(run, name));
}

int stage_write_slot(const struct run *run, const struct attachment *at)
{
	struct drop_slot slot = {
		.counters = at->slot,
		.link = interface_link(&at->interface),
		.owns_qdisc = at->owns_qdisc,
	};
	__u32 key = at->interface.index;

	if (bpf_map_update_elem(stage_map(run, "slots"), &key, &slot, BPF_ANY))
		return fail_at(AT_LOAD, errno, at->interface.name, NULL);
	return EXIT_DONE;
}

int stage_load(struct run *run)
{
	DECLARE_LIBBPF_OPTS(bpf_object_open_opts, opts);
	size_t i;
	int code, error;

	error = run->program->open(&run->image, &opts);
	if (error)
		return fail_at(AT_LOAD, -error, run->program->name, NULL);
	code = configure(run);
	if (!code)
		code = load_image(run);
	for (i = 0; i < run->chosen.count && !code; i++)
		code = stage_write_slot(run, &run->attachments[i]);
	if (code)
		return code;
	run->program_fd = bpf_program__fd(run->image.program);
	error = loaded_identify_fd(run->program_fd, &run->identity);
	if (error)
		return fail_at(AT_LOAD, -error, run->program->name, NULL);
	return EXIT_DONE;
}
