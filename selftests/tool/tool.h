/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the sub-commands of tool have in common. What returns an int here, and in the
 * headers of their parts, returns what the program exits with, and has said what there
 * is to say.
 */
#ifndef TOOL_H
#define TOOL_H

struct command {
	const char *name;
	const char *summary; /* what it does, in one line */
	const char *usage; /* its arguments, and what it exits with */
	int untried; /* that, if the arguments are wrong or something failed */
	int (*main)(int argc, char **argv);
};

extern const struct command deny_command, enter_command, jited_command,
	netstate_command, pcapng_check_command, pcapng_wait_command,
	probe_command, screen_command, stage_command, foreign_command,
	spent_command;

/* Say how this command is used. */
int usage(void);

/* Say what failed, by errno. */
int failed(const char *what);

/* The same, and exit. */
void give_up(const char *what) __attribute__((noreturn));

/* Become this program; returns if it cannot be run, with a shell's exit status. */
int run(char **argv);

/* What wait() says of a process, as an exit status of a shell. */
int exit_status(int status);

/* SIGALRM after so many seconds; if $EMULATED is set, as many times that. 0: never. */
void alarm_after(unsigned int seconds);

/* Milliseconds, of a clock that nobody sets. */
double now_ms(void);

#endif
