// SPDX-License-Identifier: GPL-2.0-only
/* A table that is redrawn in place, on terminals that can. */
#include "lib/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* ECMA-48: so many lines up, to the start of the line, and erase all from there. */
#define DRAW_OVER "\033[%uA\r\033[J"

#define LINES_PER_HEADING 20

unsigned int terminal_columns(const struct output *out)
{
	struct winsize size = {};

	ioctl(out->sink.fd, TIOCGWINSZ, &size);
	return size.ws_col;
}

bool terminal_heading(const struct output *out, unsigned int *lines,
		      unsigned int rows)
{
	bool due = !*lines ||
		   (*lines >= LINES_PER_HEADING && isatty(out->sink.fd));

	*lines = due ? rows : *lines + rows;
	return due;
}

void terminal_open(struct terminal *terminal, struct output *out)
{
	const char *name = getenv("TERM");

	*terminal = (struct terminal){};
	if (isatty(out->sink.fd) && name && strcmp(name, "dumb"))
		terminal->out = out;
}

bool terminal_fits(struct terminal *terminal, unsigned int lines)
{
	struct winsize size = {};

	if (!terminal->out)
		return false;
	ioctl(terminal->out->sink.fd, TIOCGWINSZ, &size);
	/* Only the terminal knows where the last frame is now. */
	if (size.ws_col != terminal->columns || size.ws_row != terminal->rows ||
	    output_count() != terminal->seen)
		terminal->drawn = 0;
	terminal->columns = size.ws_col;
	terminal->rows = size.ws_row;
	/* The cursor is below the frame. */
	return terminal->columns && lines < terminal->rows;
}

/* How much of a line fits: half a number would be another one. */
static size_t whole_words(const char *line, size_t length, size_t columns)
{
	size_t end = columns;

	if (length <= columns)
		return length;
	while (end && line[end] != ' ')
		end--;
	return end ? end : columns;
}

void terminal_draw(struct terminal *terminal, bool last)
{
	struct output *out = terminal->out;
	unsigned int lines = 0;
	char *frame, *line;
	FILE *text;

	if (sink_pending(&out->sink) && !last)
		return;
	frame = strdup(output_so_far(out));
	text = output_text(out);
	if (!frame || !text)
		goto end;
	if (terminal->drawn)
		fprintf(text, DRAW_OVER, terminal->drawn);
	for (line = frame; *line; lines++) {
		size_t length = strcspn(line, "\n");
		size_t shown =
			last ? length :
			       whole_words(line, length, terminal->columns);

		fprintf(text, "%.*s\n", (int)shown, line);
		line += length + 1;
	}
	output_add(out, NULL, true);
	terminal->drawn = lines;
	terminal->seen = output_count();
end:
	free(frame);
}
