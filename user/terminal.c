// SPDX-License-Identifier: GPL-2.0-only
/* Drawing over what was drawn before. */
#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool terminal_is_live(FILE *out, unsigned int columns)
{
	const char *terminal = getenv("TERM");
	struct winsize size = {};

	return isatty(fileno(out)) && terminal && strcmp(terminal, "dumb") &&
	       !ioctl(fileno(out), TIOCGWINSZ, &size) && size.ws_col >= columns;
}

void terminal_go_up(FILE *out, unsigned int lines)
{
	if (lines)
		fprintf(out, "\033[%uA\r", lines);
}
