// SPDX-License-Identifier: GPL-2.0-only
/* What libbpf tells of its doing. */
#include "lib/verbose.h"

#include <bpf/libbpf.h>
#include <stdarg.h>
#include <stdio.h>

#include "lib/errors.h"
#include "lib/output.h"

static int verbosity;

static int print_libbpf(enum libbpf_print_level level, const char *format,
			va_list values)
{
	int written;
	FILE *text;

	if (verbosity < (level == LIBBPF_DEBUG ? 2 : 1))
		return 0;
	text = output_text(&standard_error);
	if (!text)
		return 0;
	written = vfprintf(text, format, values);
	output_add(&standard_error, NULL, true);
	output_flush(&standard_error);
	return written;
}

void verbose_init(int level)
{
	verbosity = level;
	if (verbosity)
		errors_verbose();
	libbpf_set_print(print_libbpf);
}
