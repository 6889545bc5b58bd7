// SPDX-License-Identifier: GPL-2.0-only
/* A private instance of the kernel's tracing. */
#include "lib/tracefs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/errors.h"
#include "lib/macros.h"
#include "lib/mounts.h"

#define TRACEFS "/sys/kernel/tracing"
#define PREFIX "bpf-drop-" /* then the process id, then chance */
/* Somebody may just be reading a file of it. */
#define REMOVE_TRIES 20
#define REMOVE_PAUSE_US 50000

static bool is_mounted(void)
{
	struct statfs info;

	return !statfs(TRACEFS, &info) && info.f_type == TRACEFS_MAGIC;
}

static int refuse(const char *what, int error)
{
	switch (error) {
	case EPERM:
	case EACCES:
		return fail(
			EXIT_SYSTEM,
			"cannot %s: this needs more privilege (%s). Run it as root (sudo); if it is, the kernel is locked down or a container forbids tracing.",
			what, strerror(error));
	case ENOENT:
	case ENODEV:
		return fail(
			EXIT_LACKING,
			"cannot %s: this kernel has no tracing (%s). Use a kernel with CONFIG_TRACING and its events.",
			what, strerror(error));
	case EROFS:
		return fail(
			EXIT_SYSTEM,
			"cannot %s: %s is read-only. Run it outside of the container, or remount it: mount -o remount,rw %s.",
			what, TRACEFS, TRACEFS);
	case EMFILE:
		return fail(
			EXIT_SYSTEM,
			"cannot %s: too few file descriptors. Raise the limit: ulimit -n 4096.",
			what);
	case ENOMEM:
		return fail(
			EXIT_SYSTEM,
			"cannot %s: the kernel is out of memory. Free memory and try again.",
			what);
	default:
		return fail(EXIT_SYSTEM,
			    "cannot %s: the kernel refused (%s). See dmesg.",
			    what, strerror(error));
	}
}

static int mount_privately(void)
{
	int error;

	if (access(TRACEFS, F_OK))
		return refuse("find " TRACEFS, errno);
	error = -mounts_own(MS_PRIVATE);
	if (!error && mount("tracefs", TRACEFS, "tracefs",
			    MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL))
		error = errno;
	return error ? refuse("mount tracefs", error) : EXIT_DONE;
}

/* The name of a process's program, or "". */
static void program_of(long pid, char *name, size_t size)
{
	char path[64];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%ld/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? 0 : read(fd, name, size - 1);
	name[got > 0 ? got - 1 : 0] = '\0'; /* without the line feed */
	if (fd >= 0)
		close(fd);
}

/* May a process of that number be the one that made an instance? */
static bool is_running(long pid)
{
	static const char *const ours[] = { "drop-where", "xdp-drop-world",
					    "xdp-drop-tcp", "tc-drop-tcp" };
	char other[32], self[32];
	size_t i;

	program_of(pid, other, sizeof(other));
	for (i = 0; i < ARRAY_SIZE(ours); i++) {
		if (!strcmp(other, ours[i]))
			return true;
	}
	program_of(getpid(), self, sizeof(self));
	return *other && !strcmp(other, self);
}

/*
 * Removes the instances of killed runs. One that is in use stays in any case,
 * as when its process is out of our sight: it has files open, so this is EBUSY.
 */
static void sweep(int root)
{
	int fd = openat(root, "instances", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *instances = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!instances)
		return;
	while ((entry = readdir(instances))) {
		long pid;

		if (sscanf(entry->d_name, PREFIX "%ld-", &pid) == 1 &&
		    !is_running(pid))
			unlinkat(fd, entry->d_name, AT_REMOVEDIR);
	}
	closedir(instances);
}

static int make_instance(struct tracefs *tracefs)
{
	unsigned int chance = 0;
	char path[96];

	if (getrandom(&chance, sizeof(chance), 0) != sizeof(chance))
		return refuse("name a tracing instance", errno);
	snprintf(tracefs->name, sizeof(tracefs->name), PREFIX "%d-%08x",
		 getpid(), chance);
	snprintf(path, sizeof(path), "instances/%s", tracefs->name);
	if (mkdirat(tracefs->root, path, 0700))
		return refuse("make a tracing instance", errno);
	tracefs->instance =
		openat(tracefs->root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (tracefs->instance < 0) {
		int error = errno;

		unlinkat(tracefs->root, path, AT_REMOVEDIR);
		return refuse("open the tracing instance", error);
	}
	/* Wanted, not needed: a killed run's instance is then idle and small. */
	tracefs_write(tracefs, "options/disable_on_free", "1");
	tracefs->guard =
		openat(tracefs->instance, "free_buffer", O_WRONLY | O_CLOEXEC);
	return EXIT_DONE;
}

int tracefs_open(struct tracefs *tracefs)
{
	int code = EXIT_DONE;

	*tracefs = (struct tracefs){ .root = -1, .instance = -1, .guard = -1 };
	if (!is_mounted())
		code = mount_privately();
	if (code)
		return code;
	tracefs->root = open(TRACEFS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (tracefs->root < 0)
		return refuse("open " TRACEFS, errno);
	sweep(tracefs->root);
	code = make_instance(tracefs);
	if (code)
		tracefs_close(tracefs);
	return code;
}

static void remove_instance(struct tracefs *tracefs)
{
	int tries = 0, error = 0;
	char path[96];

	snprintf(path, sizeof(path), "instances/%s", tracefs->name);
	while (unlinkat(tracefs->root, path, AT_REMOVEDIR)) {
		error = errno;
		if (error != EBUSY || ++tries == REMOVE_TRIES)
			break;
		usleep(REMOVE_PAUSE_US);
		error = 0;
	}
	if (error && error != ENOENT)
		note("%s/%s cannot be removed (%s). The next run does it, or: rmdir %s/%s.",
		     TRACEFS, path, strerror(error), TRACEFS, path);
}

void tracefs_close(struct tracefs *tracefs)
{
	if (tracefs->guard >= 0)
		close(tracefs->guard);
	if (tracefs->instance >= 0) {
		close(tracefs->instance);
		remove_instance(tracefs);
	}
	if (tracefs->root >= 0)
		close(tracefs->root);
	*tracefs = (struct tracefs){ .root = -1, .instance = -1, .guard = -1 };
}

char *tracefs_read(const struct tracefs *tracefs, const char *path)
{
	size_t size = 0, room = 0;
	char *text = NULL, *more;
	ssize_t got = 1;
	int fd, error;

	fd = openat(tracefs->instance, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	while (got > 0) {
		if (size + 1 >= room) {
			room = room ? 2 * room : 8192;
			more = realloc(text, room);
			if (!more) {
				got = -1;
				break;
			}
			text = more;
		}
		got = read(fd, text + size, room - size - 1);
		if (got > 0)
			size += got;
	}
	error = errno;
	close(fd);
	if (got < 0) {
		free(text);
		errno = error;
		return NULL;
	}
	text[size] = '\0';
	return text;
}

int tracefs_write(const struct tracefs *tracefs, const char *path,
		  const char *text)
{
	int fd = openat(tracefs->instance, path, O_WRONLY | O_CLOEXEC);
	ssize_t size = (ssize_t)strlen(text);
	int error = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, size) != size)
		error = errno ? -errno : -EIO;
	close(fd);
	return error;
}
