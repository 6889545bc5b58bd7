// SPDX-License-Identifier: GPL-2.0-only
/* What a session's packets become in a tun or tap device: what its process makes of them. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guard/connections.h"
#include "guard/process.h"
#include "guard/tunnels.h"

struct search {
	const char *name; /* of the device */
	struct holders holders; /* sockets of the processes that have it open */
};

/* Is that descriptor one of the device? */
static bool is_device(int pid, const char *fd, const char *name)
{
	char path[32], found[64] = "", *line = NULL;
	size_t room = 0;
	FILE *file;

	snprintf(path, sizeof(path), "fdinfo/%.16s", fd);
	file = process_open(pid, path);
	while (file && getline(&line, &room, file) > 0)
		sscanf(line, "iff: %63s", found);
	free(line);
	if (file)
		fclose(file);
	return !strcmp(found, name);
}

static int read_process(int pid, void *context)
{
	struct search *search = context;
	char path[64], target[256];
	const struct dirent *entry;
	bool found = false;
	ssize_t size;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	while (dir && !found && (entry = readdir(dir))) {
		size = readlinkat(dirfd(dir), entry->d_name, target,
				  sizeof(target) - 1);
		if (size < 0)
			continue;
		target[size] = '\0';
		found = strstr(target, "/tun") &&
			is_device(pid, entry->d_name, search->name);
	}
	if (dir)
		closedir(dir);
	return found && holders_add(&search->holders, pid) == -ENOMEM ?
		       -ENOMEM :
		       0;
}

static int add_connections(const struct holders *holders, int protocol,
			   struct sessions *carriers)
{
	const struct connection *connection;
	struct connections all;
	struct session carrier;
	int error;
	size_t i;

	error = connections_read(&all, protocol);
	for (i = 0; i < holders->count && !error; i++) {
		connection = connections_find(&all, holders->list[i].inode);
		if (!connection)
			continue;
		carrier = connection->ends;
		if (protocol == IPPROTO_TCP)
			carrier.arrival = holder_arrival(&holders->list[i]);
		error = sessions_add(carriers, &carrier);
	}
	free(all.list);
	return error;
}

int tun_carriers(const char *name, struct sessions *carriers)
{
	struct search search = { .name = name };
	int error = process_each(read_process, &search);

	if (!error)
		error = add_connections(&search.holders, IPPROTO_TCP, carriers);
	if (!error)
		error = add_connections(&search.holders, IPPROTO_UDP, carriers);
	free(search.holders.list);
	return error;
}
