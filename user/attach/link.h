/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Links of others, and links that outlive their loader, pinned in the BPF file system.
 * A pin's name has the network namespace and the ifindex, so the same interface name in
 * two namespaces is no collision; and the interface's name, to show when the interface
 * is gone. Pins are trusted only if nobody but us, or the owner of the whole directory,
 * can have made them.
 */
#ifndef LINK_H
#define LINK_H

#include "attach/query.h"

#define PIN_DIRECTORY "/sys/fs/bpf/bpf-drop"
#define PIN_PATH_SIZE 128

/* XDP and TCX links start with the ifindex: info->xdp.ifindex. Returns 0 or -errno. */
int link_read(int link_fd, struct bpf_link_info *info);

/* The ifindex that a link is attached to, 0 if it is gone, or -errno. */
int link_ifindex(int link_fd, __u32 *link_id);

/* Detaches a link and checks that it is gone. Returns an exit code. */
int link_detach(int link_fd, const char *name);

/* Where the link of @function at @hook on @interface is pinned. */
void pin_path(char path[PIN_PATH_SIZE], const char *function,
	      const struct interface *interface, enum hook hook);

/* Makes the directory if needed and checks that it is safe. Returns an exit code. */
int pin_prepare(void);

/* Pins a link; replaces the pin of an interface that is gone. Returns an exit code. */
int pin_link(int link_fd, const char *path);

/* Can the directory of the pins be trusted? 0 or a negative errno (-ENOENT: no). */
int pin_check_directory(void);

/* Opens a pinned link: a descriptor, or a negative errno (-ENOENT: no pin of ours). */
int pin_open(const char *path);

/*
 * Removes the pin of an interface that has gone. 0; or a negative errno (-ENOENT: no pin
 * of ours); or the ifindex that its link is attached to.
 */
int pin_remove_stale(const char *path);

/* Removes a pin, and the directory once it is empty. Returns an exit code. */
int pin_remove(const char *path);

/*
 * Is this link pinned where our programs pin theirs? Then @path says where. 1, 0 or
 * a negative errno.
 */
int link_is_pinned(const struct attached *attached, char path[PIN_PATH_SIZE]);

/*
 * Opens the link that holds it; an exit code. @link_fd is -1 if it has gone meanwhile.
 * Refused if it could be the link of another network namespace.
 */
int link_open(const struct attached *attached, int *link_fd);

/*
 * Detaches it, and removes its pin if it has one of ours; an exit code. Refused in the
 * same cases as by link_open().
 */
int link_take_off(const struct attached *attached);

#endif
