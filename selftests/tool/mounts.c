// SPDX-License-Identifier: GPL-2.0-only
/* A mount namespace of this process's own. */
#include "tool/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mount.h>
#include <unistd.h>

static int propagate(unsigned long propagation)
{
	return mount("", "/", "none", propagation | MS_REC, NULL) ? -errno : 0;
}

/*
 * A chroot's root need not be a mount, and nothing else can be told how to
 * propagate. setns() goes to the root of the namespace, which is one; then back.
 */
static int propagate_chroot(unsigned long propagation)
{
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int self = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	int error = 0;

	if (root < 0 || here < 0 || self < 0 || setns(self, CLONE_NEWNS)) {
		error = -errno;
	} else {
		error = propagate(propagation);
		if ((fchdir(root) || chroot(".") || fchdir(here)) && !error)
			error = -errno;
	}
	if (root >= 0)
		close(root);
	if (here >= 0)
		close(here);
	if (self >= 0)
		close(self);
	return error;
}

int mounts_own(unsigned long propagation)
{
	int error;

	if (unshare(CLONE_NEWNS))
		return -errno;
	error = propagate(propagation);
	return error == -EINVAL ? propagate_chroot(propagation) : error;
}
