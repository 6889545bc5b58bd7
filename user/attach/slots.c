// SPDX-License-Identifier: GPL-2.0-only
/* The map "slots": the counters of each interface's number. */
#include "attach/slots.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/frame_type.h"
#include "lib/sorted.h"

static struct drop_slot slot_of(const struct attachment *at)
{
	return (struct drop_slot){
		.counters = at->slot,
		.frame_type = interface_frame_type(&at->interface),
	};
}

/* What is to be written: the attachments that are somewhere, by their numbers. */
struct numbered {
	const struct slots *slots;
	const struct interfaces *all;
	const struct attachment **list;
	size_t count;
};

static int by_number(const void *left, const void *right)
{
	return (*(const struct attachment *const *)left)->index -
	       (*(const struct attachment *const *)right)->index;
}

/* Returns 0 or -ENOMEM. */
static int sort(struct numbered *numbered)
{
	const struct slots *slots = numbered->slots;
	size_t i;

	numbered->list = calloc(slots->count + 1, sizeof(*numbered->list));
	if (!numbered->list)
		return -ENOMEM;
	/* Interfaces that are gone have none. */
	for (i = 0; i < slots->count; i++) {
		if (slots->attachments[i].index)
			numbered->list[numbered->count++] =
				&slots->attachments[i];
	}
	qsort(numbered->list, numbered->count, sizeof(*numbered->list),
	      by_number);
	return 0;
}

static int by_ifindex(const void *attachment, const void *ifindex)
{
	return (*(const struct attachment *const *)attachment)->index -
	       *(const int *)ifindex;
}

/* The first one behind the last with a lower number. */
static size_t find_first(const struct numbered *numbered, int ifindex)
{
	return sorted_first(numbered->list, numbered->count,
			    sizeof(*numbered->list), &ifindex, by_ifindex);
}

/* The map's entry for an attachment's number; false: it has none. */
static bool is_attachment(const struct numbered *numbered, int ifindex,
			  struct drop_slot *slot)
{
	const size_t first = find_first(numbered, ifindex);
	struct drop_slot other;
	size_t i;

	for (i = first;
	     i < numbered->count && numbered->list[i]->index == ifindex; i++) {
		other = slot_of(numbered->list[i]);
		if (i == first) {
			*slot = other;
			continue;
		}
		/* The same number in two namespaces: the packets cannot be told apart. */
		if (slot->frame_type != other.frame_type)
			slot->frame_type = TYPE_ETHERNET;
		slot->counters = numbered->slots->room;
	}
	return i > first;
}

/* And of a port of theirs. */
static bool is_port(const struct numbered *numbered, int ifindex,
		    struct drop_slot *slot)
{
	const struct interface *port = interfaces_find(numbered->all, ifindex);
	size_t i;

	if (!slots_are_many(numbered->slots->room) || !port || !port->master)
		return false;
	for (i = find_first(numbered, port->master);
	     i < numbered->count && numbered->list[i]->index == port->master;
	     i++) {
		if (!slots_has_ports(numbered->list[i]))
			continue;
		*slot = slot_of(numbered->list[i]);
		return true;
	}
	return false;
}

static bool is_wanted(const struct numbered *numbered, int ifindex,
		      struct drop_slot *slot)
{
	return is_attachment(numbered, ifindex, slot) ||
	       is_port(numbered, ifindex, slot);
}

/* A correct entry is not rewritten: programs may be reading it. */
static int write_entry(const struct numbered *numbered, int ifindex)
{
	const int map_fd = numbered->slots->map_fd;
	struct drop_slot slot, was;

	if (!is_wanted(numbered, ifindex, &slot) ||
	    (!bpf_map_lookup_elem(map_fd, &ifindex, &was) &&
	     !memcmp(&was, &slot, sizeof(was))))
		return 0;
	return bpf_map_update_elem(map_fd, &ifindex, &slot, BPF_ANY) ? -errno :
								       0;
}

static int remove_others(const struct numbered *numbered)
{
	const int map_fd = numbered->slots->map_fd;
	struct drop_slot slot;
	int next, ifindex;
	bool more = !bpf_map_get_next_key(map_fd, NULL, &next);

	while (more) {
		ifindex = next;
		more = !bpf_map_get_next_key(map_fd, &ifindex, &next);
		if (!is_wanted(numbered, ifindex, &slot) &&
		    bpf_map_delete_elem(map_fd, &ifindex) && errno != ENOENT)
			return -errno;
	}
	return 0;
}

int slots_write(const struct slots *slots, const struct interfaces *all)
{
	struct numbered numbered = { .slots = slots, .all = all };
	int error = sort(&numbered), full = 0;
	size_t i;

	/* First add, then remove, so that no packet misses an entry. */
	for (i = 0; i < numbered.count + all->count && !error; i++) {
		const struct interface *port =
			i < numbered.count ? NULL :
					     &all->list[i - numbered.count];

		if (!port)
			error = write_entry(&numbered, numbered.list[i]->index);
		else if (port->master)
			error = write_entry(&numbered, port->index);
		if (error == -E2BIG) {
			full = error;
			error = 0;
		}
	}
	if (!error)
		error = remove_others(&numbered);
	free(numbered.list);
	return error ? error : full;
}

size_t slots_find(const struct slots *slots, __u32 ifindex)
{
	struct drop_slot slot;

	if (!slots_are_many(slots->room))
		return 0;
	return bpf_map_lookup_elem(slots->map_fd, &ifindex, &slot) ?
		       slots->room :
		       slot.counters;
}

__u32 slots_unknown_type(const struct interfaces *chosen)
{
	size_t i;

	for (i = 0; i < chosen->count; i++) {
		if (interface_frame_type(&chosen->list[i]) != TYPE_IP)
			return TYPE_ETHERNET;
	}
	return chosen->count ? TYPE_IP : TYPE_ETHERNET;
}
