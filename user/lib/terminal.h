/* SPDX-License-Identifier: GPL-2.0-only */
/* A table that is redrawn in place, on terminals that can. */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <linux/types.h>
#include <stdbool.h>

#include "lib/output.h"

struct terminal {
	struct output *out; /* NULL: is never drawn on */
	unsigned int columns, rows; /* its size at the last look */
	unsigned int drawn; /* lines of the last frame, if to be drawn over */
	__u64 seen; /* output_count() after it */
};

/* How many characters its lines have room for; 0: it is no terminal. */
unsigned int terminal_columns(const struct output *out);

/*
 * Does a heading stand above the next @rows? Above the first ones and, on a terminal, for
 * each screenful. @lines: how many there are below the last one; 0 at first.
 */
bool terminal_heading(const struct output *out, unsigned int *lines,
		      unsigned int rows);

/* @terminal is @out, if that is a terminal that can redraw. */
void terminal_open(struct terminal *terminal, struct output *out);

/**
 * terminal_fits() - is there a terminal, with room for a frame?
 * @lines: of the frame; it can only be drawn over while all of it is on the screen
 *
 * To be called before each frame: sizes change.
 */
bool terminal_fits(struct terminal *terminal, unsigned int lines);

/**
 * terminal_draw() - what was put together in the output is a frame
 * @last: no frame will be drawn over this one
 *
 * Takes the place of the last frame, if nothing was written after it. Lines that
 * are too long are cut behind a word, except in the last frame. While the terminal is
 * stopped, frames are left out.
 */
void terminal_draw(struct terminal *terminal, bool last);

#endif
