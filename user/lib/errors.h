/* SPDX-License-Identifier: GPL-2.0-only */
/* Error messages: what failed, the likely cause, the next step. */
#ifndef ERRORS_H
#define ERRORS_H

#include <stdbool.h>

#include "lib/macros.h"

/* What the programs exit with. 4 is kselftest's SKIP. */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_SYSTEM = 1, /* the kernel or the system failed */
	EXIT_USAGE = 2, /* wrong options or arguments */
	EXIT_REFUSED = 3, /* a foreign program, or it would cut the user off */
	EXIT_LACKING = 4, /* this kernel lacks what was asked */
};

/* What was being done when the kernel said no. */
enum place {
	AT_LOAD,
	AT_XDP_NATIVE,
	AT_XDP_GENERIC,
	AT_TCX,
	AT_CLSACT_QDISC,
	AT_CLSACT_FILTER,
	AT_DETACH,
	AT_PIN,
	AT_UNPIN,
	AT_LIST,
	AT_NETLINK,
	AT_MAP,
	AT_RING,
	AT_WAIT,
};

/**
 * errors_init() - to be called first: nothing opened later gets a standard descriptor's number
 * @program: the name that messages start with; kept, not copied
 */
void errors_init(const char *program);

/*
 * Which libbpf messages are shown: 0 none, 1 those for users, 2 all. Only with 0 do
 * errors advise to use --verbose.
 */
void verbose_init(int level);

/**
 * fail() - print a whole error
 * @code: returned
 * @format: a sentence: what failed, the cause, the next step
 */
int fail(enum exit_code code, const char *format, ...) __printf(2, 3);

/**
 * fail_at() - print an error that the kernel returned
 * @place: what was being done
 * @error: errno, positive
 * @subject: what it was done to (an interface's name or a path)
 * @kernel: the kernel's own sentence (extack) or NULL
 *
 * Return: the exit code that goes with it.
 */
int fail_at(enum place place, int error, const char *subject,
	    const char *kernel);

/* Print that there is no memory for @what. Return: EXIT_SYSTEM. */
int fail_memory(const char *what);

/* Print a message that is not data: to standard error, with the program's name. */
void note(const char *format, ...) __printf(1, 2);

#endif
