// SPDX-License-Identifier: GPL-2.0-only
/* drop-where: tells where packets are dropped; the loader of drop_where_kern.c. */
#include <errno.h>

#include "where_abi.h" /* first: the skeleton uses its types */
#include "drop_where_kern.skel.h"
#include "where/where.h"

static int open_image(struct where_image *image)
{
	struct drop_where_kern *skeleton = drop_where_kern__open();

	if (!skeleton)
		return errno ? -errno : -EINVAL;
	*image = (struct where_image){
		.skeleton = skeleton,
		.parts = skeleton->skeleton,
		.object = skeleton->obj,
		.with_reason = skeleton->progs.drop_where,
		.without_reason = skeleton->progs.drop_where_old,
		.config = &skeleton->rodata->config,
		.state = &skeleton->bss->state,
	};
	return 0;
}

static void destroy_image(void *skeleton)
{
	drop_where_kern__destroy(skeleton);
}

int main(int argc, char **argv)
{
	static const struct where_program program = {
		.open = open_image,
		.destroy = destroy_image,
	};

	return where_run(&program, argc, argv);
}
