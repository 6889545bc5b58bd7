// SPDX-License-Identifier: GPL-2.0-only
/* tc-drop-tcp: the loader of tc_drop_tcp_kern.c. */
#include <errno.h>

#include "loader/program.h" /* first: the skeleton uses its types */
#include "tc_drop_tcp_kern.skel.h"
#include "loader/run.h"

static int open_image(struct image *image,
		      const struct bpf_object_open_opts *opts)
{
	struct tc_drop_tcp_kern *skeleton = tc_drop_tcp_kern__open_opts(opts);

	if (!skeleton)
		return errno ? -errno : -EINVAL;
	*image = (struct image){
		.skeleton = skeleton,
		.parts = skeleton->skeleton,
		.object = skeleton->obj,
		.program = skeleton->progs.tc_drop_tcp,
		.config = &skeleton->rodata->config,
		.state = &skeleton->bss->state,
	};
	return 0;
}

static void destroy_image(void *skeleton)
{
	tc_drop_tcp_kern__destroy(skeleton);
}

int main(int argc, char **argv)
{
	static const struct program program = {
		.name = "tc-drop-tcp",
		.function = "tc_drop_tcp",
		.summary =
			"Drop every TCP packet that leaves (or enters) an interface, by TC.",
		.tc = true,
		.matches = true,
		.open = open_image,
		.destroy = destroy_image,
	};

	return run(&program, argc, argv);
}
