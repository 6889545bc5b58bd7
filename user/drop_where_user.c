// SPDX-License-Identifier: GPL-2.0-only
/* drop-where: reports where packets are dropped; the loader of drop_where_kern.c. */
#include "where/where.h"

int main(int argc, char **argv)
{
	return where_run(argc, argv);
}
