// SPDX-License-Identifier: GPL-2.0-only
/* tc-drop-tcp: the loader of tc_drop_tcp_kern.c. */
#include "loader/program.h" /* first: the skeleton uses its types */
#include "tc_drop_tcp_kern.skel.h"
#include "tc_drop_tcp_select_kern.skel.h"
#include "loader/run.h"

PROGRAM_IMAGE(tc_drop_tcp)

int main(int argc, char **argv)
{
	static const struct program program = {
		.name = "tc-drop-tcp",
		.function = "tc_drop_tcp",
		.summary =
			"Drop every TCP packet that leaves (or enters) an interface, by TC.",
		.tc = true,
		.matches = "TCP",
		.protocol = IPPROTO_TCP,
		.open = open_image,
		.destroy = destroy_image,
	};

	return run(&program, argc, argv);
}
