/* SPDX-License-Identifier: GPL-2.0-only */
/* A program that selects, in the kernel. For select.c and bench_select.c only. */
#ifndef SELECTING_H
#define SELECTING_H

#include "frames/loaded_program.h"
#include "frames/programs.h"
#include "select/maps.h"

/* Opens, configures and loads @program as its loader does. @ago_ns: since it was attached. */
static inline int open_selecting(struct loaded *loaded,
				 const struct program *program,
				 const struct selection *selection, __u32 flags,
				 __u64 ago_ns)
{
	struct drop_state *state;
	struct compiled compiled = {};
	struct select_config *config;
	char name[64], path[PATH_MAX];
	int error = -ENOENT;

	*loaded = (struct loaded){ .slots = 1 };
	snprintf(name, sizeof(name), "%s_select", program->name);
	if (!loaded_find(path, sizeof(path), NULL, name))
		return error;
	loaded->object = bpf_object__open_file(path, NULL);
	if (!loaded->object)
		return -errno;
	config = loaded_section(loaded, ".rodata.select");
	state = loaded_section(loaded, ".bss");
	state->started_ns = loaded_now_ns() - ago_ns;
	loaded->program =
		bpf_object__find_program_by_name(loaded->object, program->name);
	bpf_program__set_flags(loaded->program, flags);
	error = select_configure(selection, config, &compiled);
	if (!error)
		error = select_size_maps(loaded->object, &compiled, 1);
	if (!error)
		error = bpf_object__load(loaded->object);
	if (!error)
		error = select_fill_maps(loaded->object, &compiled);
	compiled_free(&compiled);
	if (error) {
		loaded_close(loaded);
		return error;
	}
	loaded->fd = bpf_program__fd(loaded->program);
	loaded->counters =
		bpf_object__find_map_fd_by_name(loaded->object, "counters");
	return 0;
}

#endif
