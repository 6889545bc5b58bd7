// SPDX-License-Identifier: GPL-2.0-only
/* xdp-drop-world: the loader of xdp_drop_world_kern.c. */
#include <errno.h>

#include "loader/program.h" /* first: the skeleton uses its types */
#include "xdp_drop_world_kern.skel.h"
#include "loader/run.h"

static int open_image(struct image *image,
		      const struct bpf_object_open_opts *opts)
{
	struct xdp_drop_world_kern *skeleton =
		xdp_drop_world_kern__open_opts(opts);

	if (!skeleton)
		return errno ? -errno : -EINVAL;
	*image = (struct image){
		.skeleton = skeleton,
		.parts = skeleton->skeleton,
		.object = skeleton->obj,
		.program = skeleton->progs.xdp_drop_world,
		.config = &skeleton->rodata->config,
		.state = &skeleton->bss->state,
	};
	return 0;
}

static void destroy_image(void *skeleton)
{
	xdp_drop_world_kern__destroy(skeleton);
}

int main(int argc, char **argv)
{
	static const struct program program = {
		.name = "xdp-drop-world",
		.function = "xdp_drop_world",
		.summary =
			"Drop every packet that arrives on an interface, by XDP.",
		.tc = false,
		.matches = false,
		.open = open_image,
		.destroy = destroy_image,
	};

	return run(&program, argc, argv);
}
