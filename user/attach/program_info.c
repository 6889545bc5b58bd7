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

/* 0, -ENOENT: another name, -EPROTO: only the name; or why it could not be asked. */
static int compare(int fd, const struct layout *layout, __u32 *entries)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return -errno;
	if (!ends_with(info.name, layout->suffix))
		return -ENOENT;
	if (info.type != layout->type || info.key_size != sizeof(__u32) ||
	    info.value_size != layout->value_size)
		return -EPROTO;
	if (entries)
		*entries = info.max_entries;
	return 0;
}

int program_map(int program_fd, enum program_map map, __u32 *entries)
{
	__u32 ids[MOST_MAPS];
	struct bpf_prog_info program = {
		.nr_map_ids = MOST_MAPS,
		.map_ids = (uintptr_t)ids,
	};
	__u32 i, size = sizeof(program);
	int fd, error, found = -ENOENT;

	if (bpf_obj_get_info_by_fd(program_fd, &program, &size))
		return -errno;
	for (i = 0; i < program.nr_map_ids && i < MOST_MAPS; i++) {
		fd = bpf_map_get_fd_by_id(ids[i]);
		if (fd < 0)
			return -errno;
		error = compare(fd, &layouts[map], entries);
		if (!error)
			return fd;
		close(fd);
		if (error == -EPROTO)
			found = error;
		else if (error != -ENOENT)
			return error;
	}
	return found;
}

/* As program_map(), by the program's id. */
static int open_map(__u32 id, enum program_map map)
{
	int map_fd, program_fd = bpf_prog_get_fd_by_id(id);

	if (program_fd < 0)
		return -errno;
	map_fd = program_map(program_fd, map, NULL);
	close(program_fd);
	return map_fd;
}

/* Reads one value of one of a program's maps. Returns 0 or a negative errno. */
static int read_value(__u32 id, enum program_map map, __u32 key, void *value)
{
	int map_fd = open_map(id, map), error = 0;

	if (map_fd < 0)
		return map_fd;
	if (bpf_map_lookup_elem(map_fd, &key, value))
		error = -errno;
	close(map_fd);
	return error;
}

int program_slot(__u32 id, int ifindex, struct drop_slot *slot)
{
	return read_value(id, PROGRAM_SLOTS, ifindex, slot);
}

int program_state(__u32 id, struct drop_state *state)
{
	return read_value(id, PROGRAM_STATE, 0, state);
}

int program_config(__u32 id, struct drop_config *config)
{
	return read_value(id, PROGRAM_CONFIG, 0, config);
}

int program_counters(__u32 id, int ifindex, const struct drop_config *config,
		     struct drop_counters *sum)
{
	/* The kernel side's slot_of() does the same. */
	struct drop_slot slot = { .counters = config->unknown };
	int map_fd, error = 0;

	if (config->modes & MODE_MANY)
		error = program_slot(id, ifindex, &slot);
	if (error && error != -ENOENT)
		return error;
	map_fd = open_map(id, PROGRAM_COUNTERS);
	if (map_fd < 0)
		return map_fd;
	error = counters_read(map_fd, slot.counters, sum);
	close(map_fd);
	return error;
}
