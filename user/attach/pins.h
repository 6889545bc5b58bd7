/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Links that outlive their loader, pinned in the BPF file system. A pin's name
 * holds the network namespace and the ifindex, so the same interface name in
 * two namespaces is no collision. Directory and pins are root's alone: nothing
 * is trusted that another user could have put there.
 */
#ifndef PINS_H
#define PINS_H

#include <limits.h>

#include "attach/hook.h"

#define PIN_DIRECTORY "/sys/fs/bpf/bpf-drop"
#define PIN_PATH_SIZE 128

/* Where the link of @function at @hook on @ifindex is pinned. */
void pin_path(char path[PIN_PATH_SIZE], const char *function, int ifindex,
	      enum hook hook);

/* Makes the directory if need be and sees that it is safe. Returns an exit code. */
int pin_prepare(void);

/* Pins a link; replaces the pin of an interface that is gone. Returns an exit code. */
int pin_link(int link_fd, const char *path);

/* Opens a pinned link: a descriptor, or a negative errno (-ENOENT: no pin of ours). */
int pin_open(const char *path);

/* Removes a pin, and the directory once it is empty. Returns an exit code. */
int pin_remove(const char *path);

/* The ifindex that a link is attached to, 0 if it is gone, or -errno. */
int link_ifindex(int link_fd, __u32 *link_id);

#endif
