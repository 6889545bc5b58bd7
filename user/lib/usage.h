/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * --help, --usage and --version, on standard output: a child for any program's
 * argp. Its input is what --version says, a string.
 */
#ifndef USAGE_H
#define USAGE_H

#include <argp.h>

extern const struct argp usage_argp;

#endif
