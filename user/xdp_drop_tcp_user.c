// SPDX-License-Identifier: GPL-2.0-only
/* xdp-drop-tcp: the loader of xdp_drop_tcp_kern.c. */
#include "loader/program.h" /* first: the skeleton uses its types */
#include "xdp_drop_tcp_kern.skel.h"
#include "xdp_drop_tcp_select_kern.skel.h"
#include "loader/run.h"

PROGRAM_IMAGE(xdp_drop_tcp)

int main(int argc, char **argv)
{
	static const struct program program = {
		.name = "xdp-drop-tcp",
		.function = "xdp_drop_tcp",
		.summary =
			"Drop every TCP packet that arrives on an interface, by XDP.",
		.matches = "TCP",
		.protocol = IPPROTO_TCP,
		.open = open_image,
		.destroy = destroy_image,
	};

	return run(&program, argc, argv);
}
