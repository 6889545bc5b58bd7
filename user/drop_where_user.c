// SPDX-License-Identifier: GPL-2.0-only
/* drop-where: tells where packets die, by the kernel's tracepoints. */
#include "lib/errors.h"
#include "where/where.h"

int main(int argc, char **argv)
{
	struct where_options options;
	int code;

	code = where_parse(&options, argc, argv);
	return code ? code : where_run(&options);
}
