/* SPDX-License-Identifier: GPL-2.0-only */
/* Drawing over what was drawn before. */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

/* ECMA-48: erase to the end of the line, and all below as well. */
#define TERMINAL_ERASE_LINE "\033[K"
#define TERMINAL_ERASE_BELOW "\033[J"

/* Can lines of so many columns be drawn over? Not if they wrap. */
bool terminal_is_live(FILE *out, unsigned int columns);

/* Goes back to the start of what is so many lines above. */
void terminal_go_up(FILE *out, unsigned int lines);

#endif
