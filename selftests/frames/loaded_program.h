/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A program in the kernel, set up like the loaders set theirs up, but not
 * attached to anything. For verdict.c and bench.c only.
 */
#ifndef LOADED_PROGRAM_H
#define LOADED_PROGRAM_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include "drop_abi.h"

#define SLOTS_MAX 3 /* entries of "counters", if there are many interfaces */

/* What to load, and how. */
struct setup {
	const char *name;
	struct drop_config config;
	int deadline; /* seconds from now, 0: leave it alone */
	__u32 ifindex; /* what to enter in "slots", 0: nothing */
	struct drop_slot slot;
	__u32 ring; /* bytes of the map "captured", 0: leave it alone */
	__u32 flags; /* BPF_F_* to load the program with */
};

struct loaded {
	struct bpf_object *object;
	struct bpf_program *program;
	int fd;
	int counters;
	__u32 slots; /* entries of "counters" */
};

/* The entries of the map "counters", summed over the CPUs. */
struct counted {
	struct drop_counters slot[SLOTS_MAX];
};

/* libbpf's warnings, among them the verifier's log, as diagnostic lines. */
static inline int loaded_print(enum libbpf_print_level level,
			       const char *format, va_list list)
{
	char *text, *rest, *line;

	if (level != LIBBPF_WARN || vasprintf(&text, format, list) < 0)
		return 0;
	rest = text;
	while ((line = strsep(&rest, "\n")))
		if (*line)
			printf("# %s\n", line);
	free(text);
	return 0;
}

static inline bool loaded_at(char *path, size_t size, const char *directory,
			     const char *below, const char *name)
{
	int length =
		snprintf(path, size, "%s%s/%s_kern.o", directory, below, name);

	return length < (int)size && !access(path, R_OK);
}

/*
 * A program's object: where we were told, beside us, or where it is built; and if we were
 * built elsewhere (OUTPUT=), this is run in the directory of the tests.
 */
static inline bool loaded_find(char *path, size_t size, const char *directory,
			       const char *name)
{
	char self[PATH_MAX];
	ssize_t length;

	if (directory)
		return loaded_at(path, size, directory, "", name);
	length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (length < 0)
		return false;
	self[length] = '\0';
	*strrchr(self, '/') = '\0';
	return loaded_at(path, size, self, "", name) ||
	       loaded_at(path, size, self, "/../samples/bpf", name) ||
	       loaded_at(path, size, "..", "/samples/bpf", name);
}

/* Where a variable is in its section, or -1. */
static inline int loaded_offset(const struct loaded *loaded,
				const char *section, const char *name)
{
	const struct btf *btf = bpf_object__btf(loaded->object);
	const struct btf_type *type, *variable;
	const struct btf_var_secinfo *info;
	int id, i;

	id = btf__find_by_name_kind(btf, section, BTF_KIND_DATASEC);
	if (id < 0)
		return -1;
	type = btf__type_by_id(btf, id);
	info = btf_var_secinfos(type);
	for (i = 0; i < btf_vlen(type); i++) {
		variable = btf__type_by_id(btf, info[i].type);
		if (!strcmp(btf__name_by_offset(btf, variable->name_off), name))
			return info[i].offset;
	}
	return -1;
}

/* The ring's size, and a buffer for each CPU. */
static inline int loaded_configure_capture(struct loaded *loaded,
					   const struct setup *setup)
{
	struct bpf_object *object = loaded->object;
	struct bpf_map *scratch, *ring;

	scratch = bpf_object__find_map_by_name(object, "scratch");
	ring = bpf_object__find_map_by_name(object, "captured");
	if (setup->ring && bpf_map__set_max_entries(ring, setup->ring))
		return -1;
	if (bpf_map__set_max_entries(scratch, libbpf_num_possible_cpus()))
		return -1;
	return bpf_map__set_value_size(scratch, sizeof(struct drop_record) +
							setup->config.snaplen);
}

/* Before loading: write the constants. */
static inline int loaded_configure(struct loaded *loaded,
				   const struct setup *setup)
{
	struct bpf_map *rodata, *counters;
	size_t size;
	int offset;
	char *copy;
	int err;

	loaded->slots = setup->config.many ? SLOTS_MAX : 1;
	counters = bpf_object__find_map_by_name(loaded->object, "counters");
	if (bpf_map__set_max_entries(counters, loaded->slots))
		return -1;
	if (setup->config.capture && loaded_configure_capture(loaded, setup))
		return -1;
	rodata = bpf_object__find_map_by_name(loaded->object, ".rodata");
	offset = loaded_offset(loaded, ".rodata", "config");
	if (!rodata || offset < 0)
		return -1;
	size = bpf_map__value_size(rodata);
	copy = malloc(size);
	if (!copy)
		return -1;
	memcpy(copy, bpf_map__initial_value(rodata, &size), size);
	memcpy(copy + offset, &setup->config, sizeof(setup->config));
	err = bpf_map__set_initial_value(rodata, copy, size);
	free(copy);
	return err;
}

/* After loading: write the variables and the map "slots". */
static inline int loaded_fill(struct loaded *loaded, const struct setup *setup)
{
	struct bpf_object *object = loaded->object;
	int bss, slots, offset;
	struct timespec now;
	char value[4096];
	__u64 deadline;
	__u32 key = 0;

	bss = bpf_object__find_map_fd_by_name(object, ".bss");
	slots = bpf_object__find_map_fd_by_name(object, "slots");
	offset = loaded_offset(loaded, ".bss", "state");
	if (offset < 0 || bpf_map_lookup_elem(bss, &key, value))
		return -1;
	if (setup->ifindex &&
	    bpf_map_update_elem(slots, &setup->ifindex, &setup->slot, BPF_ANY))
		return -1;
	if (!setup->deadline)
		return 0;
	if (clock_gettime(CLOCK_MONOTONIC, &now))
		return -1;
	deadline = (now.tv_sec + setup->deadline) * 1000000000ULL + now.tv_nsec;
	memcpy(value + offset + offsetof(struct drop_state, deadline_ns),
	       &deadline, sizeof(deadline));
	return bpf_map_update_elem(bss, &key, value, BPF_ANY);
}

static inline void loaded_close(struct loaded *loaded)
{
	bpf_object__close(loaded->object);
	memset(loaded, 0, sizeof(*loaded));
}

/* On failure, says why on a diagnostic line. */
static inline int loaded_open(struct loaded *loaded, const char *directory,
			      const char *name, const struct setup *setup)
{
	const char *step = "find";
	char path[PATH_MAX] = "";

	if (!loaded_find(path, sizeof(path), directory, name))
		goto failed;
	step = "open";
	loaded->object = bpf_object__open_file(path, NULL);
	if (!loaded->object)
		goto failed;
	step = "configure";
	loaded->program =
		bpf_object__find_program_by_name(loaded->object, name);
	if (!loaded->program || loaded_configure(loaded, setup) ||
	    bpf_program__set_flags(loaded->program, setup->flags))
		goto failed;
	step = "load";
	if (bpf_object__load(loaded->object))
		goto failed;
	step = "fill the maps of";
	loaded->fd = bpf_program__fd(loaded->program);
	loaded->counters =
		bpf_object__find_map_fd_by_name(loaded->object, "counters");
	if (!loaded_fill(loaded, setup))
		return 0;
failed:
	printf("# %s: cannot %s %s: %s\n", setup->name, step, path,
	       strerror(errno));
	loaded_close(loaded);
	return -1;
}

static inline int loaded_count(const struct loaded *loaded,
			       struct counted *counted)
{
	int cpu, kind, cpus = libbpf_num_possible_cpus();
	struct drop_counters *values;
	struct drop_stats *sum, *one;
	__u32 slot;

	memset(counted, 0, sizeof(*counted));
	if (cpus < 0)
		return -1;
	values = calloc(cpus, sizeof(*values));
	for (slot = 0; values && slot < loaded->slots; slot++) {
		if (bpf_map_lookup_elem(loaded->counters, &slot, values))
			break;
		for (cpu = 0; cpu < cpus; cpu++) {
			for (kind = 0; kind < STAT_COUNT; kind++) {
				sum = &counted->slot[slot].stats[kind];
				one = &values[cpu].stats[kind];
				sum->packets += one->packets;
				sum->bytes += one->bytes;
			}
			counted->slot[slot].captured += values[cpu].captured;
			counted->slot[slot].lost += values[cpu].lost;
		}
	}
	free(values);
	return slot == loaded->slots ? 0 : -1;
}

#endif
