// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run a command in a network namespace, as nsenter does. But tests do so
 * thousands of times, and where every instruction is emulated it is the start
 * of processes that takes the time. So this one is static, and it does itself
 * what would take timeout(1) and env(1) besides.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tool/netns.h"
#include "tool/tool.h"

static int enter(const char *file, int type)
{
	errno = namespace_enter(file, type);
	return errno ? failed(file) : 0;
}

/* setns() would leave a chroot for the root of the namespace. */
static int enter_mounts(const char *pid)
{
	char here[PATH_MAX], path[64];
	int root, status;

	if (!getcwd(here, sizeof(here)))
		return failed("the current directory");
	snprintf(path, sizeof(path), "/proc/%s/root", pid);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return failed(path);
	snprintf(path, sizeof(path), "/proc/%s/ns/mnt", pid);
	status = enter(path, CLONE_NEWNS);
	if (!status && (fchdir(root) || chroot(".")))
		status = failed("its root");
	if (!status && chdir(here))
		status = failed(here);
	close(root);
	return status;
}

static int enter_main(int argc, char **argv)
{
	const char *mount = NULL;
	int option, seconds = 0;

	while ((option = getopt(argc, argv, "+im:t:")) != -1) {
		switch (option) {
		case 'i':
			signal(SIGINT, SIG_DFL);
			signal(SIGQUIT, SIG_DFL);
			break;
		case 'm':
			mount = optarg;
			break;
		case 't':
			seconds = atoi(optarg);
			break;
		default:
			return usage();
		}
	}
	argv += optind;
	if (argc - optind < 2)
		return usage();
	if (enter(netns_path(argv[0]), CLONE_NEWNET))
		return 125;
	if (mount && enter_mounts(mount))
		return 125;
	alarm_after(seconds);
	return run(argv + 1);
}

const struct command enter_command = {
	.name = "enter",
	.summary = "run a command in a network namespace, as nsenter does",
	.usage =
		"tool enter [-i] [-m PID] [-t SECONDS] NETNS COMMAND [ARGUMENT...]\n"
		"  -i          SIGINT and SIGQUIT are not ignored\n"
		"  -m PID      enter the mount namespace of this process as well, and its root;\n"
		"              stay in the directory\n"
		"  -t SECONDS  then SIGALRM ends the command; $EMULATED times that, if it is set\n"
		"NETNS is a name, as ip netns has it, or a path. Exit: the command's; 125 if it was not tried.\n",
	.untried = 125,
	.main = enter_main,
};
