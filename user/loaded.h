/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs that are in the kernel, by their id: names, maps, state. */
#ifndef LOADED_H
#define LOADED_H

#include <linux/bpf.h>
#include <stdbool.h>

#include "drop_abi.h"

#define TAG_SIZE (2 * BPF_TAG_SIZE + 1)

struct identity {
	__u32 id;
	char name[BPF_OBJ_NAME_LEN]; /* "" if it has none or is gone */
	char tag[TAG_SIZE];
};

/* Name and tag of a program; both "" if it is gone or we may not look. */
void loaded_identify(__u32 id, struct identity *identity);
/* The same of a program we have a descriptor of. Returns 0 or -errno. */
int loaded_identify_fd(int fd, struct identity *identity);

/**
 * loaded_map() - open one of a program's maps
 * @program_fd: the program
 * @suffix: what the map's name ends with: "counters", "slots", ".bss"
 *
 * Return: a descriptor to close, or a negative errno.
 */
int loaded_map(int program_fd, const char *suffix);

/* What one of our programs knows of an interface. Returns 0 or a negative errno. */
int loaded_slot(__u32 id, int ifindex, struct drop_slot *slot);

/* The variables of one of our programs. Returns 0 or a negative errno. */
int loaded_state(__u32 id, struct drop_state *state);

#endif
