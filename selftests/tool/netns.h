/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Network namespaces by name, as ip netns has them: making one, entering one,
 * and its end. What returns an int here returns 0 or an errno, and says nothing.
 */
#ifndef NETNS_H
#define NETNS_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#define NETNS "/run/netns"

/* The file of the namespace with this name, or path; valid until the next call. */
static inline const char *netns_path(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s", strchr(name, '/') ? "" : NETNS "/",
		 name);
	return path;
}

/* Enter the namespace that has this file, of this type (CLONE_NEW…). */
static inline int namespace_enter(const char *path, int type)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), error = 0;

	if (fd < 0)
		return errno;
	if (setns(fd, type))
		error = errno;
	close(fd);
	return error;
}

/* A new network namespace, which this process is in then. */
static inline int netns_make(const char *path)
{
	int fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);

	if (fd < 0)
		return errno;
	close(fd);
	if (unshare(CLONE_NEWNET) ||
	    mount("/proc/self/ns/net", path, "none", MS_BIND, NULL))
		return errno;
	return 0;
}

/* Its name goes, and with its last process all of it. */
static inline int netns_remove(const char *path)
{
	umount2(path, MNT_DETACH); /* if not, then the next fails */
	return unlink(path) && errno != ENOENT ? errno : 0;
}

#endif
