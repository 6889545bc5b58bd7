// SPDX-License-Identifier: GPL-2.0-only
/* Programs that are in the kernel, by their id: names, maps, state. */
#include "attach/loaded.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Ours have six: counters, slots, captured, scratch, .rodata, .bss. */
#define MOST_MAPS 16

int loaded_identify_fd(int fd, struct identity *identity)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);
	size_t i;

	*identity = (struct identity){};
	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return -errno;
	identity->id = info.id;
	snprintf(identity->name, sizeof(identity->name), "%s", info.name);
	for (i = 0; i < BPF_TAG_SIZE; i++)
		snprintf(identity->tag + 2 * i, 3, "%02x", info.tag[i]);
	return 0;
}

int loaded_identify(__u32 id, struct identity *identity)
{
	int fd = bpf_prog_get_fd_by_id(id), error;

	*identity = (struct identity){ .id = id };
	if (fd < 0)
		return -errno;
	error = loaded_identify_fd(fd, identity);
	close(fd);
	return error;
}

static const struct layout {
	const char *suffix; /* libbpf puts the object's name before ".bss" */
	__u32 type;
	__u32 value_size;
} layouts[] = {
	[LOADED_COUNTERS] = { "counters", BPF_MAP_TYPE_PERCPU_ARRAY,
			      sizeof(struct drop_counters) },
	[LOADED_SLOTS] = { "slots", BPF_MAP_TYPE_HASH,
			   sizeof(struct drop_slot) },
	[LOADED_STATE] = { ".bss", BPF_MAP_TYPE_ARRAY,
			   sizeof(struct drop_state) },
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

int loaded_map(int program_fd, enum loaded_map map, __u32 *entries)
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

/* Reads one value of one of a program's maps. Returns 0 or a negative errno. */
static int read_value(__u32 id, enum loaded_map map, __u32 key, void *value)
{
	int program_fd, map_fd, error = 0;

	program_fd = bpf_prog_get_fd_by_id(id);
	if (program_fd < 0)
		return -errno;
	map_fd = loaded_map(program_fd, map, NULL);
	close(program_fd);
	if (map_fd < 0)
		return map_fd;
	if (bpf_map_lookup_elem(map_fd, &key, value))
		error = -errno;
	close(map_fd);
	return error;
}

int loaded_slot(__u32 id, int ifindex, struct drop_slot *slot)
{
	return read_value(id, LOADED_SLOTS, ifindex, slot);
}

int loaded_state(__u32 id, struct drop_state *state)
{
	return read_value(id, LOADED_STATE, 0, state);
}
