/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A program in the kernel, set up like the loaders set theirs up, but not
 * attached to anything. For verdict.c, preempt.c and bench.c only.
 *
 * It comes from the object's file, not from a skeleton: that would have a copy of its own
 * in it, and what is judged has to be the file that is installed, and that ip(8) and
 * tc(8) load.
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
	bool busy; /* capture as if another packet was being captured on each CPU */
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

/* Can the simplest program be loaded, with these flags? 0 or a negative errno. */
static inline int loaded_simplest(__u32 flags)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .prog_flags = flags);
	static const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, NULL, "GPL", pass, 2, &opts);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* Root of a container may be refused it: by capabilities, or by seccomp. */
static inline bool loaded_permitted(void)
{
	return loaded_simplest(0) != -EPERM;
}

/* Linux 5.18 and later. */
static inline bool loaded_takes_frags(void)
{
	return !loaded_simplest(BPF_F_XDP_HAS_FRAGS);
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

/*
 * A section's initial value, written until the object is loaded, as skeletons do; or NULL.
 * What verdict.h defines, "config" and "state", is the first variable of its section.
 */
static inline void *loaded_section(const struct loaded *loaded,
				   const char *name)
{
	struct bpf_map *map =
		bpf_object__find_map_by_name(loaded->object, name);
	size_t size;

	return map ? (void *)bpf_map__initial_value(map, &size) : NULL;
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
	return bpf_map__set_value_size(scratch, sizeof(struct drop_scratch) +
							setup->config.snaplen);
}

/* CLOCK_MONOTONIC, ns */
static inline __u64 loaded_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* Before loading. */
static inline int loaded_configure(struct loaded *loaded,
				   const struct setup *setup)
{
	struct drop_config *config = loaded_section(loaded, ".rodata.config");
	struct drop_state *state = loaded_section(loaded, ".bss");
	struct bpf_map *counters;

	loaded->slots = setup->config.modes & MODE_MANY ? SLOTS_MAX : 1;
	counters = bpf_object__find_map_by_name(loaded->object, "counters");
	if (!config || !state ||
	    bpf_map__set_max_entries(counters, loaded->slots))
		return -1;
	*config = setup->config;
	if (setup->deadline)
		state->deadline_ns =
			loaded_now_ns() + setup->deadline * 1000000000LL;
	return setup->config.snaplen ? loaded_configure_capture(loaded, setup) :
				       0;
}

/* Has each buffer of the map "scratch" in use. */
static inline int loaded_occupy(const struct loaded *loaded)
{
	struct bpf_map *scratch =
		bpf_object__find_map_by_name(loaded->object, "scratch");
	struct drop_scratch *buffer = calloc(1, bpf_map__value_size(scratch));
	__u32 cpu;
	int error = buffer ? 0 : -1;

	if (buffer)
		buffer->users = 1;
	for (cpu = 0; cpu < bpf_map__max_entries(scratch) && !error; cpu++)
		error = bpf_map_update_elem(bpf_map__fd(scratch), &cpu, buffer,
					    BPF_ANY);
	free(buffer);
	return error;
}

/* After loading. */
static inline int loaded_fill(struct loaded *loaded, const struct setup *setup)
{
	int slots = bpf_object__find_map_fd_by_name(loaded->object, "slots");

	if (setup->busy && loaded_occupy(loaded))
		return -1;
	if (!setup->ifindex)
		return 0;
	return bpf_map_update_elem(slots, &setup->ifindex, &setup->slot,
				   BPF_ANY);
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
