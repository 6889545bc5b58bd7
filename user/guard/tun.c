// SPDX-License-Identifier: GPL-2.0-only
/* The packets that carry a session through a tun or tap device: those of its process. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard/connections.h"
#include "guard/tunnels.h"
#include "lib/process.h"

struct search {
	const char *name; /* of the device */
	struct holders holders; /* sockets of the processes that have it open */
};

/* 1 if that descriptor is one of the device, else 0. */
static int is_device(int pid, int fd, const char *target, void *context)
{
	char path[32], found[64] = "", *line = NULL;
	const struct search *search = context;
	size_t room = 0;
	FILE *file;

	if (!strstr(target, "/tun"))
		return 0;
	snprintf(path, sizeof(path), "fdinfo/%d", fd);
	file = process_open(pid, path);
	while (file && getline(&line, &room, file) > 0)
		sscanf(line, "iff: %63s", found);
	free(line);
	if (file)
		fclose(file);
	return !strcmp(found, search->name);
}

static int read_process(int pid, void *context)
{
	struct search *search = context;

	return process_each_fd(pid, is_device, search) == 1 &&
			       holders_add(&search->holders, pid) == -ENOMEM ?
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
