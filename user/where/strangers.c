// SPDX-License-Identifier: GPL-2.0-only
/* Interfaces' names in other network namespaces. */
#include "where/strangers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/errors.h"
#include "lib/grow.h"
#include "lib/interfaces.h"

struct walk {
	struct strangers *strangers;
	int home; /* our own network namespace */
	ino_t *seen; /* ours, and those where we have been */
	size_t count;
	int error;
};

static int add_seen(struct walk *walk, ino_t inode)
{
	ino_t *list = grow_list(walk->seen, walk->count, sizeof(*list));

	if (!list)
		return -ENOMEM;
	walk->seen = list;
	list[walk->count++] = inode;
	return 0;
}

static bool is_seen(const struct walk *walk, ino_t inode)
{
	size_t i;

	for (i = 0; i < walk->count; i++) {
		if (walk->seen[i] == inode)
			return true;
	}
	return false;
}

static int add_name(struct strangers *strangers, const char *name)
{
	char(*names)[IFNAMSIZ];
	size_t i;

	for (i = 0; i < strangers->count; i++) {
		if (!strcmp(strangers->names[i], name))
			return 0;
	}
	names = grow_list(strangers->names, strangers->count, sizeof(*names));
	if (!names)
		return -ENOMEM;
	strangers->names = names;
	snprintf(names[strangers->count++], sizeof(*names), "%s", name);
	return 0;
}

/* Negative errno: we are elsewhere, or cannot go on. */
static int look_into(struct walk *walk, int directory, const char *path)
{
	int error = 0, fd = openat(directory, path, O_RDONLY | O_CLOEXEC);
	struct interfaces all;
	struct stat status;
	size_t i;

	if (fd < 0 || fstat(fd, &status) || is_seen(walk, status.st_ino)) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	error = add_seen(walk, status.st_ino);
	/* A file of another kind, or another user's: EINVAL, EPERM. */
	if (!error && setns(fd, CLONE_NEWNET)) {
		if (errno == EPERM)
			walk->strangers->all = true;
	} else if (!error) {
		if (interfaces_read(&all))
			walk->strangers->all = true;
		if (setns(walk->home, CLONE_NEWNET))
			error = -errno;
		for (i = 0; i < all.count && !error; i++)
			error = add_name(walk->strangers, all.list[i].name);
		interfaces_free(&all);
	}
	close(fd);
	return error;
}

static int look_through(struct walk *walk, const char *path, const char *suffix)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	char inside[300];
	int error = 0;

	if (!directory)
		return 0;
	while (!error && (entry = readdir(directory))) {
		/* Of /proc, the processes only. */
		if (*suffix && (*entry->d_name < '1' || *entry->d_name > '9'))
			continue;
		snprintf(inside, sizeof(inside), "%s%s", entry->d_name, suffix);
		error = look_into(walk, dirfd(directory), inside);
	}
	closedir(directory);
	return error;
}

/* A thread's; returns NULL, the error is in the walk. */
static void *go(void *context)
{
	struct walk *walk = context;
	struct stat status;
	int error = 0;

	walk->home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (walk->home < 0 || fstat(walk->home, &status))
		error = -errno;
	if (!error)
		error = add_seen(walk, status.st_ino);
	if (!error)
		error = look_through(walk, "/proc", "/ns/net");
	if (!error)
		error = look_through(walk, "/run/netns", "");
	if (walk->home >= 0)
		close(walk->home);
	free(walk->seen);
	walk->error = error;
	return NULL;
}

/*
 * By a thread of its own, as each has a network namespace of its own. Who ends all
 * processes of a namespace, which /proc tells him by their first thread, would else
 * end this one, too, while it looks in.
 */
int strangers_read(struct strangers *strangers)
{
	struct walk walk = { .strangers = strangers };
	pthread_t thread;
	int error;

	error = -pthread_create(&thread, NULL, go, &walk);
	if (!error) {
		pthread_join(thread, NULL);
		error = walk.error;
	}
	if (error)
		return fail(
			EXIT_SYSTEM,
			"cannot look into the other network namespaces: %s. Is /proc mounted?",
			strerror(-error));
	return EXIT_DONE;
}

void strangers_free(struct strangers *strangers)
{
	free(strangers->names);
	*strangers = (struct strangers){};
}

bool strangers_have(const struct strangers *strangers, const char *name)
{
	size_t i;

	for (i = 0; i < strangers->count; i++) {
		if (!strcmp(strangers->names[i], name))
			return true;
	}
	return strangers->all;
}
