// SPDX-License-Identifier: GPL-2.0-only
/* What rules were compiled to, into the kernel side's maps. */
#include "select/maps.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

int select_configure(const struct selection *selection,
		     struct select_config *config, struct compiled *compiled)
{
	config->flags = (selection->session_spared ? SELECT_NEIGHBOURS : 0) |
			(selection->ratio ? SELECT_RATIO : 0) |
			(selection->every ? SELECT_EVERY : 0) |
			(selection->first ? SELECT_FIRST : 0) |
			(selection->on_ns ? SELECT_FLAP : 0);
	config->ratio = selection->ratio;
	config->every = selection->every;
	config->first = selection->first;
	config->on_ns = selection->on_ns;
	config->period_ns = selection->on_ns + selection->off_ns;
	return rules_compile(&selection->rules, config, compiled);
}

static struct bpf_map *find(const struct bpf_object *object, const char *name)
{
	return bpf_object__find_map_by_name(object, name);
}

static int make_room(const struct bpf_object *object, const char *name,
		     size_t entries)
{
	return bpf_map__set_max_entries(find(object, name), entries ?: 1);
}

int select_size_maps(const struct bpf_object *object,
		     const struct compiled *compiled, __u32 counters)
{
	int error;

	error = make_room(object, "select_classes", compiled->class_count);
	if (!error)
		error = make_room(object, "select_ports", compiled->port_count);
	if (!error)
		error = make_room(object, "select_ipv6", compiled->ipv6_count);
	if (!error && compiled->ipv6_count && !compiled->ipv6_is_trie)
		error = bpf_map__set_type(find(object, "select_ipv6"),
					  BPF_MAP_TYPE_HASH);
	if (!error)
		error = make_room(object, "select_turns", counters);
	if (!error)
		error = bpf_map__set_value_size(find(object, "select_ipv4"),
						compiled->ipv4_size ?: 8);
	return error;
}

/* An array's entries, @size bytes each. */
static int fill_array(const struct bpf_object *object, const char *name,
		      const void *entries, size_t count, size_t size)
{
	int fd = bpf_map__fd(find(object, name));
	__u32 i;

	for (i = 0; i < count; i++) {
		if (bpf_map_update_elem(
			    fd, &i, (const char *)entries + i * size, BPF_ANY))
			return -errno;
	}
	return 0;
}

/* Mapped: up to Linux 6.0 an update of a value of megabytes needs as much memory in one piece. */
static int fill_ipv4(const struct bpf_object *object,
		     const struct compiled *compiled)
{
	size_t size = compiled->ipv4_size;
	void *value;

	if (!size)
		return 0;
	value = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
		     bpf_map__fd(find(object, "select_ipv4")), 0);
	if (value == MAP_FAILED)
		return -errno;
	memcpy(value, compiled->ipv4, size);
	munmap(value, size);
	return 0;
}

static int fill_ipv6(const struct bpf_object *object,
		     const struct compiled *compiled)
{
	int fd = bpf_map__fd(find(object, "select_ipv6"));
	size_t i;

	for (i = 0; i < compiled->ipv6_count; i++) {
		const struct compiled_ipv6 *entry = &compiled->ipv6[i];

		if (bpf_map_update_elem(fd, &entry->key, &entry->class,
					BPF_ANY))
			return -errno;
	}
	return 0;
}

int select_fill_maps(const struct bpf_object *object,
		     const struct compiled *compiled)
{
	int error;

	error = fill_array(object, "select_classes", compiled->classes,
			   compiled->class_count, sizeof(*compiled->classes));
	if (!error)
		error = fill_array(object, "select_ports", compiled->ports,
				   compiled->port_count,
				   sizeof(*compiled->ports));
	if (!error)
		error = fill_ipv4(object, compiled);
	return error ? error : fill_ipv6(object, compiled);
}
