// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run a program on a terminal of so many columns and rows, and print what is on its
 * screen in the end. The terminal is a pseudo terminal; of ECMA-48 it knows what the
 * programs use: CR, LF, going up, erasing. A line that is too long goes on in the
 * next one, as with any terminal: not before there is more to print. Lines on
 * standard input tell what happens meanwhile:
 *
 *	show		print the screen, then a line "--"
 *	size 60x24	another size; what is on the screen stays where it is
 *	stop, start	as Ctrl-S and Ctrl-Q
 *	hang, go	read nothing any more, and go on reading
 *	type WORDS	as if somebody typed this line
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "tool/tool.h"

#define MOST 512 /* columns, and rows */

static char cells[MOST][MOST];
static int columns, rows, column, row;

/* The screen */

static void erase(int from_row, int from_column, int to_row)
{
	for (; from_row < to_row; from_row++, from_column = 0)
		memset(cells[from_row] + from_column, ' ', MOST - from_column);
}

static void line_feed(void)
{
	if (++row < rows)
		return;
	memmove(cells[0], cells[1], (size_t)(rows - 1) * MOST);
	row = rows - 1;
	erase(row, 0, rows);
}

static void put(char c)
{
	if (column == columns) {
		column = 0;
		line_feed();
	}
	cells[row][column++] = c;
}

static void control(char what, int number)
{
	int at = column < columns ? column : columns - 1;

	switch (what) {
	case 'A':
		row -= number ? number : 1;
		if (row < 0)
			row = 0;
		break;
	case 'J':
		erase(row, at, rows);
		break;
	case 'K':
		erase(row, at, row + 1);
		break;
	default: /* to be seen, and so to fail a test */
		put('?');
		put(what);
	}
}

static void take(char c)
{
	static enum { TEXT, ESCAPE, NUMBER } state;
	static int number;

	if (state == ESCAPE) {
		state = c == '[' ? NUMBER : TEXT;
		number = 0;
	} else if (state == NUMBER && c >= '0' && c <= '9') {
		number = 10 * number + c - '0';
	} else if (state == NUMBER) {
		control(c, number);
		state = TEXT;
	} else if (c == '\033') {
		state = ESCAPE;
	} else if (c == '\r') {
		column = 0;
	} else if (c == '\n') {
		line_feed();
	} else {
		put(c);
	}
}

static void show(void)
{
	int last = rows, i, end;

	for (; last; last--) {
		for (end = MOST; end && cells[last - 1][end - 1] == ' '; end--)
			;
		if (end)
			break;
	}
	for (i = 0; i < last; i++) {
		for (end = MOST; end && cells[i][end - 1] == ' '; end--)
			;
		printf("%.*s\n", end, cells[i]);
	}
}

/* The terminal */

static bool set_size(int terminal, const char *text)
{
	struct winsize size = {};
	int wide, high;

	if (sscanf(text, "%dx%d", &wide, &high) != 2 || wide < 1 || high < 1 ||
	    wide > MOST || high > MOST)
		return false;
	size.ws_col = wide;
	size.ws_row = high;
	columns = wide;
	rows = high;
	if (row >= rows)
		row = rows - 1;
	if (column > columns)
		column = columns;
	return !ioctl(terminal, TIOCSWINSZ, &size);
}

/* False: there is no such command. */
static bool obey(const char *line, int terminal, bool *hangs)
{
	if (!strcmp(line, "show\n")) {
		show();
		puts("--");
		return !fflush(stdout);
	}
	if (!strcmp(line, "stop\n"))
		return write(terminal, "\023", 1) == 1;
	if (!strcmp(line, "start\n"))
		return write(terminal, "\021", 1) == 1;
	if (!strcmp(line, "hang\n") || !strcmp(line, "go\n")) {
		*hangs = line[0] == 'h';
		return true;
	}
	if (!strncmp(line, "type ", 5))
		return write(terminal, line + 5, strlen(line + 5)) > 0;
	return !strncmp(line, "size ", 5) && set_size(terminal, line + 5);
}

static int start(int fd, char **argv)
{
	if (setsid() < 0 || ioctl(fd, TIOCSCTTY, 0) || dup2(fd, 0) < 0 ||
	    dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
		return failed("the terminal");
	return run(argv);
}

/* All that it printed; false once nobody has the terminal open any more. */
static bool read_some(int terminal)
{
	char bytes[4096];
	ssize_t got = read(terminal, bytes, sizeof(bytes)), i;

	for (i = 0; i < got; i++)
		take(bytes[i]);
	return got > 0 || (got < 0 && errno == EINTR);
}

/* Returns what wait() says of it, once that has ended and all is on the screen. */
static int serve_terminal(int terminal, pid_t child)
{
	struct pollfd polled[] = { { .fd = terminal, .events = POLLIN },
				   { .fd = STDIN_FILENO, .events = POLLIN } };
	bool hangs = false, open = true;
	char line[64];
	int status;

	setvbuf(stdin, NULL, _IONBF, 0); /* poll tells of all there is */
	while (waitpid(child, &status, WNOHANG) != child) {
		polled[0].fd = open && !hangs ? terminal : -1;
		poll(polled, 2, 20);
		if (polled[0].revents)
			open = read_some(terminal);
		if (!polled[1].revents)
			continue;
		if (!fgets(line, sizeof(line), stdin))
			polled[1].fd = -1;
		else if (!obey(line, terminal, &hangs))
			fprintf(stderr, "screen: cannot obey: %s", line);
	}
	while (open)
		open = read_some(terminal);
	return status;
}

static int screen_main(int argc, char **argv)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), fd, status;
	pid_t child;

	if (argc < 3)
		return usage();
	if (terminal < 0 || grantpt(terminal) || unlockpt(terminal))
		return failed("a pseudo terminal");
	if (!set_size(terminal, argv[1]))
		return usage();
	erase(0, 0, MOST);
	fd = open(ptsname(terminal), O_RDWR | O_NOCTTY | O_CLOEXEC);
	child = fd < 0 ? -1 : fork();
	if (child < 0)
		return failed("a process on it");
	if (!child)
		_exit(start(fd, argv + 2));
	close(fd);
	status = serve_terminal(terminal, child);
	show();
	return exit_status(status);
}

const struct command screen_command = {
	.name = "screen",
	.summary = "run a program on a terminal, and print its screen",
	.usage =
		"tool screen COLUMNSxROWS COMMAND [ARGUMENT...]\n"
		"Exit: the command's status, 128 more than the signal that ended it,\n"
		"or 125 if it was not tried.\n",
	.untried = 125,
	.main = screen_main,
};
