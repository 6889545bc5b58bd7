// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a lab takes but for its wires and NAT: network namespaces with settings, and
 * servers (see stage_up.c), the wait until all of it answers and is at rest, its end.
 * Each is one process, where a shell would start dozens. lab_net.sh calls this; see the end.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/netns.h"
#include "tool/stage.h"
#include "tool/tool.h"

#define PAUSE_MS 10

const char *const stage_places[PLACES] = {
	[OUT] = "out",
	[CTR] = "ctr",
	[HOST] = "host",
};

/* False if @end (of now_ms()) has come. */
static int pause_until(double end)
{
	if (now_ms() >= end)
		return 0;
	poll(NULL, 0, PAUSE_MS);
	return 1;
}

const char *stage_namespace(const char *dir, const char *place)
{
	const char *id = strrchr(dir, '.');
	char name[NAME_MAX + 1];

	snprintf(name, sizeof(name), "drop-%s-%s", id ? id + 1 : dir, place);
	return netns_path(name);
}

int stage_enter(const char *path)
{
	errno = namespace_enter(path, CLONE_NEWNET);
	return errno ? failed(path) : 0;
}

/* --- ready, rest --- */

/*
 * Does a web page come from there before @end? All of it: a connection that is
 * given up sooner may make the relay begin another when nobody looks any more.
 */
static int answers(const char *address, int port, double end)
{
	static const char request[] = "GET / HTTP/1.0\r\n\r\n";
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(port) };
	struct linger reset = { .l_onoff = 1 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct pollfd pfd = { .fd = fd, .events = POLLOUT };
	ssize_t size = -1, total = 0;
	char page[4096];

	inet_pton(AF_INET, address, &to.sin_addr);
	/* Leave nothing in TIME_WAIT that could answer later. */
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) &&
	    errno != EINPROGRESS)
		end = 0;
	while (now_ms() < end && poll(&pfd, 1, (int)(end - now_ms()) + 1) > 0) {
		if (pfd.events == POLLOUT) {
			size = write(fd, request, sizeof(request) - 1);
			pfd.events = POLLIN;
		} else {
			size = read(fd, page, sizeof(page));
			total += size;
		}
		if (size <= 0)
			break;
	}
	close(fd);
	return !size && total;
}

/* Each path once, the servers included. */
static const struct {
	const char *from, *to;
	int port;
} paths[] = {
	{ "ctr", "203.0.113.1", 80 },	{ "ctr", "203.0.113.1", 8080 },
	{ "ctr", "198.51.100.2", 80 },	{ "out", "198.51.100.1", 80 },
	{ "host", "203.0.113.10", 80 },
};

#define TRY_MS 1000

static int ready(const char *dir, double end)
{
	unsigned int i;
	double now;

	for (i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		if (stage_enter(stage_namespace(dir, paths[i].from)))
			return 2;
		while (now = now_ms(),
		       !answers(paths[i].to, paths[i].port, now + TRY_MS)) {
			if (pause_until(end))
				continue;
			fprintf(stderr, "stage: %s does not reach %s:%d\n",
				paths[i].from, paths[i].to, paths[i].port);
			return 1;
		}
	}
	return 0;
}

enum { TIME_WAIT = 6, LISTEN = 10 };

/* Copy the line that tells of a connection, even half of one; 0 if none does.
 */
static int is_busy(const char *file, char *line, int size)
{
	FILE *list = fopen(file, "re");
	unsigned int state;
	int busy = 0;

	while (!busy && list && fgets(line, size, list))
		busy = sscanf(line, " %*d: %*[0-9A-F]:%*x %*[0-9A-F]:%*x %x",
			      &state) == 1 &&
		       state != TIME_WAIT && state != LISTEN;
	if (list)
		fclose(list);
	return busy;
}

/* In the network namespace at @path. */
static int rest(const char *path, double end)
{
	char line[256];

	if (stage_enter(path))
		return 2;
	while (is_busy("/proc/self/net/tcp", line, sizeof(line)) ||
	       is_busy("/proc/self/net/tcp6", line, sizeof(line))) {
		if (pause_until(end))
			continue;
		fprintf(stderr, "stage: busy: %s: %s", path, line);
		return 1;
	}
	return 0;
}

static int rest_lab(const char *dir, double end)
{
	int i, status = 0;

	for (i = 0; i < PLACES && !status; i++)
		status = rest(stage_namespace(dir, stage_places[i]), end);
	return status;
}

static int rest_each(char **names, double end)
{
	int status = 0;

	for (; *names && !status; names++)
		status = rest(netns_path(*names), end);
	return status;
}

/* --- pids, down --- */

static int is_among(const char *pid, char **list)
{
	while (*list)
		if (!strcmp(pid, *list++))
			return 1;
	return 0;
}

/*
 * Send those in the lab a signal, or show them if that is 0. Not this process,
 * nor those in @but. Returns how many there are, -1 if that is not known.
 */
static int each_process(const char *dir, char **but, int number)
{
	struct stat theirs, ours[PLACES] = {};
	int i, pid, count = 0;
	struct dirent *entry;
	char path[PATH_MAX];
	DIR *list = opendir("/proc");

	if (!list)
		return -1;
	for (i = 0; i < PLACES; i++)
		stat(stage_namespace(dir, stage_places[i]), &ours[i]);
	while ((entry = readdir(list))) {
		pid = atoi(entry->d_name);
		snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
		if (pid <= 0 || pid == getpid() ||
		    is_among(entry->d_name, but) || stat(path, &theirs))
			continue;
		for (i = 0; i < PLACES; i++)
			if (ours[i].st_ino == theirs.st_ino &&
			    ours[i].st_dev == theirs.st_dev)
				break;
		if (i == PLACES)
			continue;
		count++;
		if (number)
			kill(pid, number);
		else
			printf("%d\n", pid);
	}
	closedir(list);
	return count;
}

static int all_ended(const char *dir, int number, double end, char **but)
{
	while (each_process(dir, but, number)) {
		if (!pause_until(end))
			return 0;
		number = number == SIGTERM ? SIGCONT : number;
	}
	return 1;
}

static int remove_one(const char *path, const struct stat *about, int type,
		      struct FTW *where)
{
	(void)about;
	(void)type;
	(void)where;
	return remove(path) && errno != ENOENT;
}

/* However much of it there is. */
static int down(const char *dir, int ms, char **but)
{
	int i;

	/* Ending a test signals all that it runs just then, this too. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	if (!all_ended(dir, SIGTERM, now_ms() + ms, but))
		all_ended(dir, SIGKILL, now_ms() + ms, but);
	for (i = 0; i < PLACES; i++)
		netns_remove(stage_namespace(dir, stage_places[i]));
	if (nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) &&
	    errno != ENOENT)
		return failed(dir);
	return 0;
}

static int stage_main(int argc, char **argv)
{
	const char *command = argc > 2 ? argv[1] : "";
	double end;
	int status;

	if (!strcmp(command, "up") && argc == 4)
		return stage_up(argv[2], argv[3]);
	if (!strcmp(command, "serve") && (argc == 3 || argc == 4))
		return stage_serve(argv[2], argc == 4);
	if (!strcmp(command, "ready") && argc == 4) {
		end = now_ms() + atoi(argv[3]);
		status = ready(argv[2], end);
		return status ? status : rest_lab(argv[2], end);
	}
	if (!strcmp(command, "rest") && argc > 3)
		return rest_each(argv + 3, now_ms() + atoi(argv[2]));
	if (!strcmp(command, "private"))
		return stage_private(argv + 2);
	if (!strcmp(command, "pids"))
		return each_process(argv[2], argv + 3, 0) < 0 ?
			       failed("/proc") :
			       0;
	if (!strcmp(command, "down") && argc > 3)
		return down(argv[2], atoi(argv[3]), argv + 4);
	return usage();
}

const struct command stage_command = {
	.name = "stage",
	.summary = "bring a lab up, wait for it, take it down",
	.usage =
		"tool stage up DIR OWNER      make DIR with a file \"owner\", which says the process\n"
		"                                    namespace, too, and the lab's network namespaces\n"
		"       tool stage serve DIR [web]   start the relay, and web servers if told to\n"
		"       tool stage ready DIR MS            wait until each path answers, and for rest\n"
		"       tool stage rest MS NETNS...        wait until no TCP connection is in there\n"
		"       tool stage private COMMAND [ARGUMENT...]\n"
		"         run it in a mount namespace of its own, where / is a mount\n"
		"       tool stage pids DIR [PID...]       what runs in the lab, but for these\n"
		"       tool stage down DIR MS [PID...]    end them, in MS by SIGTERM, in MS more by\n"
		"                                          SIGKILL; remove the lab and DIR\n"
		"A lab's id is what follows the last dot of DIR.\n"
		"Exit: 0 done, 1 not in time, 2 failed.\n",
	.untried = 2,
	.main = stage_main,
};
