/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs that are in the kernel, by their id: names, maps, state. */
#ifndef PROGRAM_INFO_H
#define PROGRAM_INFO_H

#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>

#include "drop_abi.h"

#define TAG_SIZE (2 * BPF_TAG_SIZE + 1)

struct program_info {
	__u32 id;
	char name[BPF_OBJ_NAME_LEN]; /* "" if it has none or is gone */
	char tag[TAG_SIZE];
};

/*
 * Name and tag of a program, by its id. Returns 0 or a negative errno: -ENOENT,
 * and only that: it is gone; -EPERM: only CAP_SYS_ADMIN may look. Name and tag are
 * "" then.
 */
int program_info_of_id(__u32 id, struct program_info *info);
/* The same of a program we have a descriptor of. Returns 0 or -errno. */
int program_info_of_fd(int fd, struct program_info *info);

/* The maps of our programs that are read from elsewhere; see drop_abi.h. */
enum program_map {
	PROGRAM_COUNTERS,
	PROGRAM_SLOTS,
	PROGRAM_STATE, /* .bss */
	PROGRAM_CONFIG, /* .rodata.config */
	PROGRAM_MAP_COUNT,
};

struct program_maps {
	/* -ENOENT: it has no map of that name; -EPROTO: it has, but laid out differently */
	int fds[PROGRAM_MAP_COUNT];
	__u32 rooms[PROGRAM_MAP_COUNT]; /* for so many entries */
	__u32 ids[PROGRAM_MAP_COUNT];
};

/**
 * program_maps_open() - open these maps of a program
 * @program_fd: the program
 *
 * They are found by the ends of their names. A map is not ours because of its name: its
 * type and sizes are compared with those of this version before anything of it is read.
 *
 * Return: 0, and then program_maps_close() closes them; or a negative errno, and nothing is open.
 */
int program_maps_open(int program_fd, struct program_maps *maps);
/* The same by the program's id. */
int program_maps_of_id(__u32 id, struct program_maps *maps);
void program_maps_close(struct program_maps *maps);

/* Could this errno of those below mean that the program is not of this version? */
static inline bool program_is_foreign(int error)
{
	return error == -ENOENT || error == -EPROTO;
}

/* One value of one of these maps. Returns 0 or a negative errno. */
int program_read(const struct program_maps *maps, enum program_map map,
		 __u32 key, void *value);

/*
 * The counters of a program with these constants on an interface; if it has many and not
 * this one, those of all unknown ones. Returns 0 or a negative errno.
 */
int program_counters(const struct program_maps *maps, int ifindex,
		     const struct drop_config *config,
		     struct drop_counters *sum);

/* The variables of one of our programs, by its id. Returns 0 or a negative errno. */
int program_state(__u32 id, struct drop_state *state);

/* No loader attached it: a loader sets the deadline first. */
static inline bool program_is_bare(const struct drop_state *state)
{
	return !state->deadline_ns && !state->pinned;
}

#endif
