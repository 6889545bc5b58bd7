// SPDX-License-Identifier: GPL-2.0-only
#include "lib/object.h"

#include <linux/bpf.h>

#include "lib/errors.h"

int object_check(const struct bpf_object *object, const char *name)
{
	const struct bpf_map *map =
		bpf_object__find_map_by_name(object, ".bss");

	if (map && bpf_map__map_flags(map) & BPF_F_MMAPABLE)
		return EXIT_DONE;
	return fail(
		EXIT_SYSTEM,
		"%s: the kernel has loaded the program, but its variables cannot be reached. Nothing was attached. Try again; --verbose twice shows what libbpf asked.",
		name);
}
