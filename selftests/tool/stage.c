// SPDX-License-Identifier: GPL-2.0-only
/*
 * A lab but for its NAT: network namespaces with settings, wires and servers,
 * the wait until all of it answers and is at rest, its end. Each is one process,
 * where a shell would start dozens. lab_net.sh calls this; see the end.
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
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/mounts.h"
#include "tool/netns.h"
#include "tool/serve.h"
#include "tool/stage.h"
#include "tool/tool.h"

#define PAUSE_MS 10

static const char *const places[PLACES] = {
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

/* The path of a lab's network namespace; valid until the next call. */
static const char *namespace_of(const char *dir, const char *place)
{
	const char *id = strrchr(dir, '.');
	char name[NAME_MAX + 1];

	snprintf(name, sizeof(name), "drop-%s-%s", id ? id + 1 : dir, place);
	return netns_path(name);
}

static int enter(const char *path)
{
	errno = namespace_enter(path, CLONE_NEWNET);
	return errno ? failed(path) : 0;
}

static int write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	if (!file)
		return failed(path);
	fprintf(file, "%s\n", text);
	return fclose(file) ? failed(path) : 0;
}

/* --- up --- */

/*
 * No address but those given: no router solicitations, no waiting for
 * duplicates, no link-local ones. Settings that this kernel lacks do not
 * matter.
 */
static const struct {
	const char *name, *value;
} settings[] = {
	{ "ipv6/conf/%s/accept_dad", "0" },
	{ "ipv6/conf/%s/accept_ra", "0" },
	{ "ipv6/conf/%s/router_solicitations", "0" },
	{ "ipv6/conf/%s/addr_gen_mode", "1" },
	{ "ipv6/conf/%s/forwarding", "1" },
	{ "ipv4/ip_forward", "1" },
};

static int set_all(const char *which)
{
	char name[128], path[160];
	unsigned int i;

	for (i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
		snprintf(name, sizeof(name), settings[i].name, which);
		snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
		if (!access(path, F_OK) && write_file(path, settings[i].value))
			return 2;
	}
	return 0;
}

/* As ip netns has it: what is mounted here, other mount namespaces see, too. */
static int share_namespaces(void)
{
	int fd, status = 0;

	mkdir(NETNS, 0755);
	fd = open(NETNS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || flock(fd, LOCK_EX))
		return failed(NETNS);
	if (mount("", NETNS, "none", MS_SHARED | MS_REC, NULL) &&
	    (mount(NETNS, NETNS, "none", MS_BIND | MS_REC, NULL) ||
	     mount("", NETNS, "none", MS_SHARED | MS_REC, NULL)))
		status = failed("mount " NETNS);
	close(fd);
	return status;
}

/* This process is in it then. */
static int make_namespace(const char *path, struct stage_place *place)
{
	errno = netns_make(path);
	if (errno)
		return failed(path);
	if (set_all("all") || set_all("default"))
		return 2;
	place->fd = open(path, O_RDONLY | O_CLOEXEC);
	errno = place->fd < 0 ? errno : -netlink_open(&place->nl, 0);
	return errno ? failed(path) : 0;
}

/*
 * A process for a server that outlives this one. Ctrl-C is not for it, but for the
 * lab's owner, who then removes the lab. Returns as fork() does.
 */
static pid_t start(const char *dir, const char *name)
{
	char path[PATH_MAX];
	pid_t pid = fork();
	int in, out;

	if (pid)
		return pid;
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	snprintf(path, sizeof(path), "%s/%s.log", dir, name);
	in = open("/dev/null", O_RDONLY);
	out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (in < 0 || out < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 ||
	    dup2(out, 2) < 0)
		_exit(failed(path));
	close(in);
	close(out);
	return 0;
}

static int start_server(const char *dir, const char *place)
{
	char words[64];
	pid_t pid = start(dir, place);

	if (!pid) {
		snprintf(words, sizeof(words), "Hello from the lab's %s.",
			 place);
		exit(serve_listen("80", words));
	}
	return pid < 0 ? failed("fork") : 0;
}

/*
 * A mount namespace of our own. In a chroot, / is made a mount: else nothing that is
 * run here could have such a namespace, neither unshare(1) nor ip netns exec.
 */
static int own_mounts(unsigned long propagation)
{
	char here[PATH_MAX];

	errno = -mounts_own(propagation);
	if (errno)
		return failed("a mount namespace");
	if (!mount("", "/", "none", propagation, NULL))
		return 0;
	if (!getcwd(here, sizeof(here)) ||
	    mount("/", "/", "none", MS_BIND | MS_REC, NULL) || chdir("/..") ||
	    chroot(".") || chdir(here))
		return failed("the root of a chroot as a mount");
	return 0;
}

/*
 * What docker-proxy does. And this process keeps a mount namespace with a bpffs
 * of the lab's own, which all enter that run in the lab.
 */
static int start_relay(const char *dir)
{
	char path[PATH_MAX], text[16];
	pid_t pid;

	if (own_mounts(MS_SLAVE))
		return 2;
	if (mount("bpf", "/sys/fs/bpf", "bpf", 0, NULL))
		return failed("a bpffs of the lab's own");
	pid = start(dir, "relay");
	if (!pid)
		exit(serve_relay("80", "203.0.113.10", "80"));
	if (pid < 0)
		return failed("fork");
	snprintf(path, sizeof(path), "%s/relay.pid", dir);
	snprintf(text, sizeof(text), "%d", pid);
	return write_file(path, text);
}

/* Those for the web stand for nginx. */
static int start_all(const char *dir, int serve)
{
	int i;

	for (i = 0; serve && i < HOST; i++)
		if (enter(namespace_of(dir, places[i])) ||
		    start_server(dir, places[i]))
			return 2;
	return enter(namespace_of(dir, places[HOST])) || start_relay(dir) ? 2 :
									    0;
}

static int make_namespaces(const char *dir, const char *unit)
{
	struct stage_place made[PLACES];
	int i, status;

	for (i = 0; i < PLACES; i++)
		if (make_namespace(namespace_of(dir, places[i]), &made[i]))
			return 2;
	status = stage_wire(made, unit);
	for (i = 0; i < PLACES; i++) {
		netlink_close(&made[i].nl);
		close(made[i].fd);
	}
	return status;
}

static int up(const char *dir, const char *owner, const char *unit, int serve)
{
	char path[PATH_MAX];

	if (mkdir(dir, 0700))
		return failed(dir);
	snprintf(path, sizeof(path), "%s/owner", dir);
	return write_file(path, owner) || share_namespaces() ||
			       make_namespaces(dir, unit) ||
			       start_all(dir, serve) ?
		       2 :
		       0;
}

/* --- ready, rest --- */

/*
 * Does a web page come from there before @end? All of it: a connection that is
 * given up sooner may make the relay begin another when nobody looks any more.
 */
static int answers(const char *address, double end)
{
	static const char request[] = "GET / HTTP/1.0\r\n\r\n";
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(80) };
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
} paths[] = {
	{ "ctr", "203.0.113.1" },
	{ "ctr", "198.51.100.2" },
	{ "out", "198.51.100.1" },
	{ "host", "203.0.113.10" },
};

#define TRY_MS 1000

static int ready(const char *dir, double end)
{
	unsigned int i;
	double now;

	for (i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		if (enter(namespace_of(dir, paths[i].from)))
			return 2;
		while (now = now_ms(), !answers(paths[i].to, now + TRY_MS)) {
			if (pause_until(end))
				continue;
			fprintf(stderr, "stage: %s does not reach %s\n",
				paths[i].from, paths[i].to);
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

	if (enter(path))
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
		status = rest(namespace_of(dir, places[i]), end);
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
		stat(namespace_of(dir, places[i]), &ours[i]);
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

	/* Who ends a test signals all that it runs just then, this too. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	if (!all_ended(dir, SIGTERM, now_ms() + ms, but))
		all_ended(dir, SIGKILL, now_ms() + ms, but);
	for (i = 0; i < PLACES; i++)
		netns_remove(namespace_of(dir, places[i]));
	if (nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) &&
	    errno != ENOENT)
		return failed(dir);
	return 0;
}

static int run_private(char **argv)
{
	if (own_mounts(MS_PRIVATE))
		return 2;
	return run(argv);
}

static int stage_main(int argc, char **argv)
{
	const char *command = argc > 2 ? argv[1] : "";
	double end;
	int status;

	if (!strcmp(command, "up") && (argc == 5 || argc == 6))
		return up(argv[2], argv[3], argv[4], argc == 6);
	if (!strcmp(command, "ready") && argc == 4) {
		end = now_ms() + atoi(argv[3]);
		status = ready(argv[2], end);
		return status ? status : rest_lab(argv[2], end);
	}
	if (!strcmp(command, "rest") && argc > 3)
		return rest_each(argv + 3, now_ms() + atoi(argv[2]));
	if (!strcmp(command, "private"))
		return run_private(argv + 2);
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
	.words = "bring a lab up, wait for it, take it down",
	.usage =
		"tool stage up DIR OWNER UNIT [serve]\n"
		"         make DIR with a file \"owner\", and the lab's namespaces, wired; devices'\n"
		"         names end with UNIT; start the relay, and web servers if told to\n"
		"       tool stage ready DIR MS            wait until each path answers, and for rest\n"
		"       tool stage rest MS NETNS...        wait until no TCP connection is in there\n"
		"       tool stage private COMMAND [ARGUMENT...]\n"
		"         run it in a mount namespace of its own, where / is a mount\n"
		"       tool stage pids DIR [PID...]       who runs in the lab, but for these\n"
		"       tool stage down DIR MS [PID...]    end them, in MS by SIGTERM, in MS more by\n"
		"                                          SIGKILL; remove the lab and DIR\n"
		"A lab's id is what follows the last dot of DIR.\n"
		"Exit: 0 done, 1 not in time, 2 failed.\n",
	.untried = 2,
	.main = stage_main,
};
