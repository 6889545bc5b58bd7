// SPDX-License-Identifier: GPL-2.0-only
/* Tables as wide as what is in them, and no wider than the terminal. */
#include "lib/columns.h"

#include <string.h>

/* No cell is cut to less. */
#define SHORTEST 8

#define CUT ".."

static FILE *cells;
static char *cells_text;
static size_t cells_length;

FILE *columns_begin(void)
{
	if (cells)
		rewind(cells);
	else
		cells = open_memstream(&cells_text, &cells_length);
	return cells;
}

/* The column that comes after column @i, which ends with @end. */
static size_t next_column(size_t i, size_t count, char end)
{
	return end == '\t' && i + 1 < count ? i + 1 : 0;
}

/* Not a row of cells, but a line that is shown as it is. */
static bool is_text(size_t i, char end)
{
	return !i && end == '\n';
}

static void measure(struct column *columns, size_t count, const char *rows)
{
	size_t i = 0;
	int length;

	for (; *rows; rows += length + 1) {
		length = strcspn(rows, "\t\n");
		if (columns[i].width < length && !is_text(i, rows[length]))
			columns[i].width = length;
		i = next_column(i, count, rows[length]);
	}
}

/* How much wider a column is than it need be before another is left out. */
static int slack_of(const struct column *column)
{
	return column->least && column->least < column->width ?
		       column->width - column->least :
		       0;
}

/* The widths to show: of those left out, 0. */
static void fit(const struct column *columns, size_t count, int room,
		int widths[COLUMNS_MAX])
{
	int excess = -1 - room, slack = 0;
	size_t i, widest;

	for (i = 0; i < count; i++) {
		widths[i] = columns[i].width;
		excess += widths[i] + !!widths[i];
		slack += slack_of(&columns[i]);
	}
	for (i = count; room && i-- > 0 && excess > slack;) {
		if (!columns[i].optional)
			continue;
		excess -= widths[i] + !!widths[i];
		widths[i] = 0;
	}
	for (; room && excess > 0; excess--) {
		widest = count;
		for (i = 0; i < count; i++) {
			if (columns[i].least && widths[i] > SHORTEST &&
			    (widest == count ||
			     widths[i] - columns[i].least >
				     widths[widest] - columns[widest].least))
				widest = i;
		}
		if (widest == count)
			return;
		widths[widest]--;
	}
}

static bool is_inside_character(char byte)
{
	return (byte & 0xc0) == 0x80;
}

/* Of a cell that is too long, its start and its end. */
static void put_cut(FILE *to, const char *cell, int length, int width)
{
	int head = (width - (int)strlen(CUT)) / 2;
	const char *tail = cell + length - (width - strlen(CUT) - head);

	while (head && is_inside_character(cell[head]))
		head--;
	while (is_inside_character(*tail))
		tail++;
	fprintf(to, "%.*s" CUT "%.*s", head, cell, (int)(cell + length - tail),
		tail);
}

/* @ends: it is the last one of its row. */
static void put_cell(FILE *to, const struct column *column, int width,
		     const char *cell, int length, bool ends)
{
	if (length > width)
		put_cut(to, cell, length, width);
	else if (ends && !column->right)
		fprintf(to, "%.*s", length, cell);
	else
		fprintf(to, "%*.*s", column->right ? width : -width, length,
			cell);
}

void columns_end(FILE *to, struct column *columns, size_t count, int room)
{
	int widths[COLUMNS_MAX], width, length;
	bool begun = false, ends;
	const char *rows;
	size_t i = 0;

	fflush(cells);
	cells_text[cells_length] = '\0';
	rows = cells_text;
	measure(columns, count, rows);
	fit(columns, count, room, widths);
	for (; *rows; rows += length + 1) {
		length = strcspn(rows, "\t\n");
		ends = rows[length] == '\n';
		width = is_text(i, rows[length]) ? length : widths[i];
		if (width && begun && !(ends && !length))
			fputc(' ', to);
		if (width)
			put_cell(to, &columns[i], width, rows, length, ends);
		if (ends)
			fputc('\n', to);
		begun = !ends && (begun || width);
		i = next_column(i, count, rows[length]);
	}
}
