// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of a network namespace, and whether a command changes it: that takes
 * one process and a child, where a shell would start three.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool/netns.h"
#include "tool/netstate.h"
#include "tool/tool.h"

#define CHANGED 125 /* or not tried */
#define ALARM_SECONDS 20

static int run_in_time(char **argv)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		alarm_after(ALARM_SECONDS);
		_exit(run(argv));
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return failed("fork");
	return exit_status(status);
}

static int has_line(const char *text, const char *line, size_t size)
{
	for (; text; text = strchr(text, '\n')) {
		text += *text == '\n';
		if (!strncmp(text, line, size))
			return 1;
	}
	return 0;
}

/* The lines of one that the other lacks. */
static void show_difference(char mark, const char *text, const char *other)
{
	size_t size;

	for (; *text; text += size) {
		size = strcspn(text, "\n") + 1;
		if (!has_line(other, text, size))
			fprintf(stderr, "%c %.*s", mark, (int)size, text);
	}
}

static int watch(struct netlink *nl, unsigned long inode, const char *before,
		 char **command)
{
	int status = run_in_time(command);
	char *after;

	errno = netstate_show(nl, inode, &after);
	if (errno)
		return failed("the state afterwards");
	if (strcmp(before, after)) {
		fprintf(stderr, "netstate: %s changed it, exit status %d:\n",
			*command, status);
		show_difference('-', before, after);
		show_difference('+', after, before);
		status = CHANGED;
	}
	free(after);
	return status;
}

static int netstate_main(int argc, char **argv)
{
	struct netlink nl;
	struct stat about;
	const char *path;
	int status = 0;
	char *text;

	if (argc < 2)
		return usage();
	path = netns_path(argv[1]);
	errno = namespace_enter(path, CLONE_NEWNET);
	if (errno || stat(path, &about))
		return failed(path);
	errno = -netlink_open(&nl, 0);
	if (!errno)
		errno = netstate_show(&nl, about.st_ino, &text);
	if (errno)
		return failed(path);
	if (argc > 2)
		status = watch(&nl, about.st_ino, text, argv + 2);
	else if (fputs(text, stdout) < 0 || fflush(stdout))
		status = failed("standard output");
	free(text);
	return status;
}

const struct command netstate_command = {
	.name = "netstate",
	.summary =
		"the state of a network namespace, and whether a command changes it",
	.usage =
		"tool netstate NETNS                         show its state\n"
		"       tool netstate NETNS COMMAND [ARGUMENT...]  run a command there, until SIGALRM\n"
		"                                                  after 20 s, and show what it changed\n"
		"NETNS is a name, as ip netns has it. Exit: the command's; 125 if it changed something,\n"
		"or was not tried.\n",
	.untried = CHANGED,
	.main = netstate_main,
};
