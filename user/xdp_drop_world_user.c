// SPDX-License-Identifier: GPL-2.0-only
/* xdp-drop-world: the loader of xdp_drop_world_kern.c. */
#include "loader/program.h" /* first: the skeleton uses its types */
#include "xdp_drop_world_kern.skel.h"
#include "xdp_drop_world_select_kern.skel.h"
#include "loader/run.h"

PROGRAM_IMAGE(xdp_drop_world)

int main(int argc, char **argv)
{
	static const struct program program = {
		.name = "xdp-drop-world",
		.function = "xdp_drop_world",
		.summary =
			"Drop every packet that arrives on an interface, by XDP.",
		.open = open_image,
		.destroy = destroy_image,
	};

	return run(&program, argc, argv);
}
