// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the tests and the lab need and no other program has, or none that starts as fast.
 * One program, so that there is one to build, to install and to find.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tool/tool.h"

static const struct command *const commands[] = {
	&enter_command,	       &stage_command,	     &probe_command,
	&netstate_command,     &foreign_command,     &screen_command,
	&pcapng_check_command, &pcapng_wait_command, &jited_command,
	&deny_command,	       &spent_command,
};

#define COMMANDS (sizeof(commands) / sizeof(*commands))

static const struct command *command; /* the one that runs */

int usage(void)
{
	fprintf(stderr, "Usage: %s", command->usage);
	return command->untried;
}

int failed(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", command->name, what, strerror(errno));
	return command->untried;
}

void give_up(const char *what)
{
	exit(failed(what));
}

int run(char **argv)
{
	int error;

	execvp(argv[0], argv);
	error = errno;
	failed(argv[0]);
	return error == ENOENT ? 127 : 126;
}

void alarm_after(unsigned int seconds)
{
	const char *times = getenv("EMULATED");
	int slower = times ? atoi(times) : 1;

	alarm(slower > 1 ? seconds * slower : seconds);
}

int exit_status(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
}

static int show_commands(void)
{
	unsigned int i;

	fputs("Usage: tool COMMAND ...   COMMAND alone tells how it is used:\n",
	      stderr);
	for (i = 0; i < COMMANDS; i++)
		fprintf(stderr, "  %-12s  %s\n", commands[i]->name,
			commands[i]->summary);
	return 2;
}

int main(int argc, char **argv)
{
	unsigned int i;

	for (i = 0; i < COMMANDS && argc > 1; i++) {
		command = commands[i];
		if (!strcmp(argv[1], command->name))
			return command->main(argc - 1, argv + 1);
	}
	return show_commands();
}
