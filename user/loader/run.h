/* SPDX-License-Identifier: GPL-2.0-only */
/* The life of a run: guard, load, attach, watch, detach. */
#ifndef RUN_H
#define RUN_H

#include "loader/program.h"

/* All that main() does. Return: the exit code, see errors.h. */
int run(const struct program *program, int argc, char **argv);

#endif
