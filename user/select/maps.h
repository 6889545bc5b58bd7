/* SPDX-License-Identifier: GPL-2.0-only */
/* What rules were compiled to, into the kernel side's maps. */
#ifndef MAPS_H
#define MAPS_H

#include <bpf/libbpf.h>

#include "select/compile.h"
#include "select/select_options.h"

/**
 * select_configure() - before loading: the constants of a selection
 * @config: filled in
 * @compiled: what the maps are to have; free by compiled_free()
 *
 * Return: as rules_compile().
 */
int select_configure(const struct selection *selection,
		     struct select_config *config, struct compiled *compiled);

/**
 * select_size_maps() - before loading: make the maps as large as they have to be
 * @counters: the number of entries of the map "counters"
 *
 * Return: 0 or a negative errno.
 */
int select_size_maps(const struct bpf_object *object,
		     const struct compiled *compiled, __u32 counters);

/**
 * select_fill_maps() - after loading, before attaching: fill them
 *
 * Return: 0 or a negative errno.
 */
int select_fill_maps(const struct bpf_object *object,
		     const struct compiled *compiled);

#endif
