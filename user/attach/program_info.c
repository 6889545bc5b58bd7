// SPDX-License-Identifier: GPL-2.0-only
/* Programs that are in the kernel, by their id: names, maps, state. */
#include "attach/program_info.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attach/counters.h"

/* Ours have seven: counters, slots, captured, scratch, .rodata, .rodata.config, .bss. */
#define MOST_MAPS 16

int program_info_of_fd(int fd, struct program_info *info)
{
	struct bpf_prog_info kernel = {};
	__u32 size = sizeof(kernel);
	size_t i;

	*info = (struct program_info){};
	if (bpf_obj_get_info_by_fd(fd, &kernel, &size))
		return -errno;
	info->id = kernel.id;
	snprintf(info->name, sizeof(info->name), "%s", kernel.name);
	for (i = 0; i < BPF_TAG_SIZE; i++)
		snprintf(info->tag + 2 * i, 3, "%02x", kernel.tag[i]);
	return 0;
}

int program_info_of_id(__u32 id, struct program_info *info)
{
	int fd = bpf_prog_get_fd_by_id(id), error;

	*info = (struct program_info){ .id = id };
	if (fd < 0)
		return -errno;
	error = program_info_of_fd(fd, info);
	close(fd);
	return error;
}

static const struct layout {
	const char *suffix; /* libbpf puts the object's name before ".bss" */
	__u32 type;
	__u32 value_size;
} layouts[] = {
	[PROGRAM_COUNTERS] = { "counters", BPF_MAP_TYPE_PERCPU_ARRAY,
			       sizeof(struct drop_counters) },
	[PROGRAM_SLOTS] = { "slots", BPF_MAP_TYPE_HASH,
			    sizeof(struct drop_slot) },
	[PROGRAM_STATE] = { ".bss", BPF_MAP_TYPE_ARRAY,
			    sizeof(struct drop_state) },
	[PROGRAM_CONFIG] = { ".rodata.config", BPF_MAP_TYPE_ARRAY,
			     sizeof(struct drop_config) },
};

static bool ends_with(const char *text, const char *suffix)
{
	size_t length = strlen(text), tail = strlen(suffix);

	return length >= tail && !strcmp(text + length - tail, suffix);
}

/* Which of them is it by its name? PROGRAM_MAP_COUNT: none. */
static size_t find_layout(const char *name)
{
	size_t map = 0;

	while (map < PROGRAM_MAP_COUNT && !ends_with(name, layouts[map].suffix))
		map++;
	return map;
}

static bool is_laid_out(const struct bpf_map_info *info,
			const struct layout *layout)
{
	return info->type == layout->type && info->key_size == sizeof(__u32) &&
	       info->value_size == layout->value_size;
}

/* Keeps the map if it is one of ours. Returns 0 or a negative errno. */
static int open_one(__u32 id, struct program_maps *maps)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);
	int error = 0, fd = bpf_map_get_fd_by_id(id);
	size_t map = PROGRAM_MAP_COUNT;

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		error = -errno;
	else
		map = find_layout(info.name);
	if (map < PROGRAM_MAP_COUNT && maps->fds[map] < 0) {
		maps->fds[map] = -EPROTO;
		if (is_laid_out(&info, &layouts[map])) {
			maps->fds[map] = fd;
			maps->rooms[map] = info.max_entries;
			maps->ids[map] = id;
			return 0;
		}
	}
	if (fd >= 0)
		close(fd);
	return error;
}

int program_maps_open(int program_fd, struct program_maps *maps)
{
	__u32 ids[MOST_MAPS];
	struct bpf_prog_info program = {
		.nr_map_ids = MOST_MAPS,
		.map_ids = (uintptr_t)ids,
	};
	__u32 i, size = sizeof(program);
	int error = 0;

	*maps = (struct program_maps){};
	for (i = 0; i < PROGRAM_MAP_COUNT; i++)
		maps->fds[i] = -ENOENT;
	if (bpf_obj_get_info_by_fd(program_fd, &program, &size))
		return -errno;
	for (i = 0; i < program.nr_map_ids && i < MOST_MAPS && !error; i++)
		error = open_one(ids[i], maps);
	if (error)
		program_maps_close(maps);
	return error;
}

int program_maps_of_id(__u32 id, struct program_maps *maps)
{
	int error, program_fd = bpf_prog_get_fd_by_id(id);

	if (program_fd < 0)
		return -errno;
	error = program_maps_open(program_fd, maps);
	close(program_fd);
	return error;
}

void program_maps_close(struct program_maps *maps)
{
	size_t map;

	for (map = 0; map < PROGRAM_MAP_COUNT; map++) {
		if (maps->fds[map] >= 0)
			close(maps->fds[map]);
	}
}

int program_read(const struct program_maps *maps, enum program_map map,
		 __u32 key, void *value)
{
	int fd = maps->fds[map];

	if (fd < 0)
		return fd;
	return bpf_map_lookup_elem(fd, &key, value) ? -errno : 0;
}

int program_counters(const struct program_maps *maps, int ifindex,
		     const struct drop_config *config,
		     struct drop_counters *sum)
{
	/* The kernel side's slot_of() does the same. */
	struct drop_slot slot = { .counters = config->unknown };
	int error = 0, fd = maps->fds[PROGRAM_COUNTERS];

	if (config->modes & MODE_MANY)
		error = program_read(maps, PROGRAM_SLOTS, ifindex, &slot);
	if (error && error != -ENOENT)
		return error;
	return fd < 0 ? fd : counters_read(fd, slot.counters, sum);
}

int program_state(__u32 id, struct drop_state *state)
{
	struct program_maps maps;
	int error = program_maps_of_id(id, &maps);

	if (error)
		return error;
	error = program_read(&maps, PROGRAM_STATE, 0, state);
	program_maps_close(&maps);
	return error;
}
