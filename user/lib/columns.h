/* SPDX-License-Identifier: GPL-2.0-only */
/* Tables as wide as what is in them, and no wider than the terminal. */
#ifndef COLUMNS_H
#define COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The most that a table may have. */
#define COLUMNS_MAX 16

struct column {
	int width; /* of the widest cell so far; at first: what it has at least */
	int least; /* 0: its cells are never cut; else better cut to this than left out */
	bool optional; /* is left out where there is no room for it */
	bool right; /* numbers */
};

/*
 * Where the cells of some rows are put together: tabs between them, a newline behind each
 * row. A line without a tab is shown as it is. NULL: no memory.
 */
FILE *columns_begin(void);

/**
 * columns_end() - show these rows
 * @columns: as in the rows before: their widths grow and stay. One in which all cells are
 *	empty is not shown
 * @room: characters in a line of the terminal; 0: any number
 *
 * Where there is no room, optional columns are left out, the last one first, and cells
 * are cut in the middle, as little as possible.
 */
void columns_end(FILE *to, struct column *columns, size_t count, int room);

#endif
