// SPDX-License-Identifier: GPL-2.0-only
/* Other processes, by /proc. */
#include "lib/process.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

FILE *process_open(int pid, const char *file)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	return fopen(path, "re");
}

char *process_variable(int pid, const char *name)
{
	size_t length = strlen(name), room = 0;
	char *line = NULL, *value = NULL;
	FILE *file;

	/* /proc shows what a process started with; ours may have changed. */
	if (pid == getpid())
		return getenv(name) ? strdup(getenv(name)) : NULL;
	file = process_open(pid, "environ");
	while (file && !value && getdelim(&line, &room, '\0', file) > 0) {
		if (!strncmp(line, name, length) && line[length] == '=')
			value = strdup(line + length + 1);
	}
	free(line);
	if (file)
		fclose(file);
	return value;
}

int process_parent(int pid, char name[PROCESS_NAME])
{
	FILE *file = process_open(pid, "stat");
	char line[512], state, *end;
	int parent = 0;

	*name = '\0';
	if (!file)
		return 0;
	line[fread(line, 1, sizeof(line) - 1, file)] = '\0';
	fclose(file);
	/* The name may contain anything, even parentheses and spaces. */
	end = strrchr(line, ')');
	if (!end || sscanf(end, ") %c %d", &state, &parent) != 2)
		return 0;
	*end = '\0';
	if (sscanf(line, "%*d (%31s", name) != 1)
		*name = '\0';
	return parent;
}

bool process_is_near(int pid)
{
	struct stat ours, theirs;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	return stat("/proc/self/ns/net", &ours) || stat(path, &theirs) ||
	       (ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino);
}

int process_each(int (*visit)(int pid, void *context), void *context)
{
	const struct dirent *entry;
	DIR *dir = opendir("/proc");
	int result = 0, pid;

	while (dir && !result && (entry = readdir(dir))) {
		pid = atoi(entry->d_name);
		if (pid > 0)
			result = visit(pid, context);
	}
	if (dir)
		closedir(dir);
	return result;
}

int process_each_fd(int pid, process_fd_visit visit, void *context)
{
	char path[64], target[256];
	const struct dirent *entry;
	int result = 0;
	ssize_t size;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	if (!dir)
		return -errno;
	/* In the order of their numbers, see proc_readfd_common(). */
	while (!result && (entry = readdir(dir))) {
		size = readlinkat(dirfd(dir), entry->d_name, target,
				  sizeof(target) - 1);
		if (size < 0)
			continue;
		target[size] = '\0';
		result = visit(pid, atoi(entry->d_name), target, context);
	}
	closedir(dir);
	return result;
}
