/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs that are in the kernel, by their id: names, maps, state. */
#ifndef LOADED_H
#define LOADED_H

#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>

#include "drop_abi.h"

#define TAG_SIZE (2 * BPF_TAG_SIZE + 1)

struct identity {
	__u32 id;
	char name[BPF_OBJ_NAME_LEN]; /* "" if it has none or is gone */
	char tag[TAG_SIZE];
};

/*
 * Name and tag of a program, by its id. Returns 0 or a negative errno: -ENOENT,
 * and only that: it is gone; -EPERM: only CAP_SYS_ADMIN may look. Name and tag are
 * "" then.
 */
int loaded_identify(__u32 id, struct identity *identity);
/* The same of a program we have a descriptor of. Returns 0 or -errno. */
int loaded_identify_fd(int fd, struct identity *identity);

/* The maps of our programs that are read from elsewhere; see drop_abi.h. */
enum loaded_map {
	LOADED_COUNTERS,
	LOADED_SLOTS,
	LOADED_STATE, /* .bss */
};

/**
 * loaded_map() - open one of a program's maps
 * @program_fd: the program
 * @map: which; it is told by the end of its name
 * @entries: how many it has room for, or NULL
 *
 * A map is not ours because of its name: its type and sizes are compared with
 * those of this version before anything of it is read.
 *
 * Return: a descriptor to close, or a negative errno. -ENOENT: it has no map of
 * that name; -EPROTO: it has, but laid out differently.
 */
int loaded_map(int program_fd, enum loaded_map map, __u32 *entries);

/* Could this errno of the two below mean that the program is none of this version's? */
static inline bool loaded_is_foreign(int error)
{
	return error == -ENOENT || error == -EPROTO;
}

/* What one of our programs knows of an interface. Returns 0 or a negative errno. */
int loaded_slot(__u32 id, int ifindex, struct drop_slot *slot);

/* The variables of one of our programs. Returns 0 or a negative errno. */
int loaded_state(__u32 id, struct drop_state *state);

#endif
