/* SPDX-License-Identifier: GPL-2.0-only */
/* Network namespaces by inode number, and what 'ip netns' calls them. */
#ifndef NETNS_NAMES_H
#define NETNS_NAMES_H

#include <linux/types.h>
#include <stddef.h>

/* This process's own; 0 with errno if it cannot be told. */
__u32 netns_own(void);

/* Its name if it has one in /run/netns, else its number; "-" for 0. */
void netns_name(__u32 inode, char *text, size_t size);

/* What an interface of our own is called; @name has room for IFNAMSIZ. */
void netns_interface(__u32 ifindex, char *name);

#endif
