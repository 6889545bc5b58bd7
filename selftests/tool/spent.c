// SPDX-License-Identifier: GPL-2.0-only
/* What a program takes: time, CPU time, memory. */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool/tool.h"

static double ms(struct timeval time)
{
	return time.tv_sec * 1e3 + time.tv_usec / 1e3;
}

static int spent_main(int argc, char **argv)
{
	struct rusage usage_of;
	FILE *file;
	double begin;
	int status;
	pid_t pid;

	if (argc < 3)
		return usage();
	file = fopen(argv[1], "we");
	if (!file)
		return failed(argv[1]);
	begin = now_ms();
	pid = fork();
	if (pid < 0)
		return failed("fork");
	if (!pid)
		_exit(run(argv + 2));
	if (wait4(pid, &status, 0, &usage_of) < 0)
		return failed("wait4");
	fprintf(file, "%.3f %.3f %ld\n", now_ms() - begin,
		ms(usage_of.ru_utime) + ms(usage_of.ru_stime),
		usage_of.ru_maxrss);
	fclose(file);
	return exit_status(status);
}

const struct command spent_command = {
	.name = "spent",
	.summary = "measure what a program takes",
	.usage =
		"tool spent FILE PROGRAM [ARGUMENT...]\n"
		"Writes its time in ms, its CPU time in ms and its most memory in KiB to the file.\n"
		"Exits with its status; 2: it did not start\n",
	.untried = 2,
	.main = spent_main,
};
