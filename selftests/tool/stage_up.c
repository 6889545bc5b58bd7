// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bringing a lab up: its network namespaces with their settings, and its servers.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/mounts.h"
#include "tool/netns.h"
#include "tool/serve.h"
#include "tool/stage.h"
#include "tool/tool.h"

static int write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	if (!file)
		return failed(path);
	fprintf(file, "%s\n", text);
	return fclose(file) ? failed(path) : 0;
}

/*
 * No address but those given: no router solicitations, no waiting for
 * duplicates, no link-local ones. Bridges do not ask netfilter, also where
 * somebody has loaded br_netfilter. Settings that this kernel lacks do not
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
	{ "bridge/bridge-nf-call-iptables", "0" },
	{ "bridge/bridge-nf-call-ip6tables", "0" },
	{ "bridge/bridge-nf-call-arptables", "0" },
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

/*
 * A process for a server that outlives this one. Ctrl-C is not for it, but for the
 * lab's owner, which then removes the lab. Returns as fork() does.
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
	char text[64];
	pid_t pid = start(dir, place);

	if (!pid) {
		snprintf(text, sizeof(text), "Hello from the lab's %s.", place);
		exit(serve_listen("80", text));
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
int stage_serve(const char *dir, int web)
{
	int i;

	for (i = 0; web && i < HOST; i++)
		if (stage_enter(stage_namespace(dir, stage_places[i])) ||
		    start_server(dir, stage_places[i]))
			return 2;
	return stage_enter(stage_namespace(dir, stage_places[HOST])) ||
			       start_relay(dir) ?
		       2 :
		       0;
}

/* Process numbers mean something in their namespace only. */
static int write_owner(const char *dir, const char *owner)
{
	char path[PATH_MAX], text[PATH_MAX], numbers[64] = "";

	if (readlink("/proc/self/ns/pid", numbers, sizeof(numbers) - 1) < 0)
		return failed("/proc/self/ns/pid");
	snprintf(path, sizeof(path), "%s/owner", dir);
	snprintf(text, sizeof(text), "%s\n%s", owner, numbers);
	return write_file(path, text);
}

int stage_up(const char *dir, const char *owner)
{
	int i;

	if (mkdir(dir, 0700))
		return failed(dir);
	if (write_owner(dir, owner) || share_namespaces())
		return 2;
	for (i = 0; i < PLACES; i++) {
		errno = netns_make(stage_namespace(dir, stage_places[i]));
		if (errno)
			return failed(stage_namespace(dir, stage_places[i]));
		if (set_all("all") || set_all("default"))
			return 2;
	}
	return 0;
}

int stage_private(char **argv)
{
	if (own_mounts(MS_PRIVATE))
		return 2;
	return run(argv);
}
