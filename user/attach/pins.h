/* SPDX-License-Identifier: GPL-2.0-only */
/* All pins of these programs: is their interface gone or elsewhere; do they last? */
#ifndef PINS_H
#define PINS_H

#include <linux/magic.h>
#include <net/if.h>

#include "attach/link.h"

#define BPF_FS "/sys/fs/bpf"

#ifndef BPF_FS_MAGIC
#define BPF_FS_MAGIC 0xcafe4a11
#endif

/* A pinned link. */
struct pin {
	char path[PIN_PATH_SIZE];
	char name[IFNAMSIZ]; /* its interface's when it was pinned; "": not known */
	const char *hook; /* "xdp", "tcx-ingress", "tcx-egress" */
	unsigned long netns; /* inode of the network namespace it was pinned in */
	int index; /* of its interface, wherever that is now; 0: it has gone */
	__u32 link_id;
	struct program_info program;
};

struct pins {
	struct pin *list;
	size_t count;
};

/* Reads all pins in a directory that can be trusted. Returns 0 or a negative errno. */
int pins_read(struct pins *pins);

/* Where a link is pinned, by whatever name: 1, 0 or a negative errno. */
int pins_find(__u32 link_id, char path[PIN_PATH_SIZE]);

/*
 * Does the BPF file system outlive this process, with the pins in it? That of
 * "ip netns exec" ends with it. An exit code.
 */
int pins_check_last(void);

#endif
