// SPDX-License-Identifier: GPL-2.0-only
/* The map "slots": which interface's number means which counters. */
#include "attach/slots.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int by_ifindex(const void *left, const void *right)
{
	const struct slots_entry *a = left, *b = right;

	return (a->ifindex > b->ifindex) - (a->ifindex < b->ifindex);
}

static struct slots_entry *find(const struct slots *slots, __u32 ifindex)
{
	struct slots_entry key = { .ifindex = ifindex };

	if (!slots->entries)
		return NULL;
	return bsearch(&key, slots->list, slots->entries, sizeof(key),
		       by_ifindex);
}

static int add(struct slots *slots, __u32 ifindex, const struct drop_slot *slot)
{
	struct slots_entry *list =
		reallocarray(slots->list, slots->entries + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	slots->list = list;
	list[slots->entries++] = (struct slots_entry){ ifindex, *slot };
	return 0;
}

static struct drop_slot slot_of(const struct attachment *at)
{
	return (struct drop_slot){
		.counters = at->slot,
		.frame_type = interface_frame_type(&at->interface),
		.owns_qdisc = at->owns_qdisc,
	};
}

static int add_interfaces(struct slots *wanted)
{
	size_t i, kept = 0;
	int error = 0;

	for (i = 0; i < wanted->count && !error; i++) {
		const struct attachment *at = &wanted->attachments[i];
		struct drop_slot slot = slot_of(at);

		if (at->index)
			error = add(wanted, at->index, &slot);
	}
	if (error || !wanted->entries)
		return error;
	qsort(wanted->list, wanted->entries, sizeof(*wanted->list), by_ifindex);
	for (i = 1; i < wanted->entries; i++) {
		struct slots_entry *last = &wanted->list[kept];
		const struct slots_entry *next = &wanted->list[i];

		if (next->ifindex != last->ifindex) {
			wanted->list[++kept] = *next;
			continue;
		}
		/* The same number in two namespaces: the packets cannot be told apart. */
		if (last->slot.frame_type != next->slot.frame_type)
			last->slot.frame_type = TYPE_ETHERNET;
		last->slot.counters = wanted->count;
		last->slot.owns_qdisc = 0;
	}
	wanted->entries = kept + 1;
	return 0;
}

static int add_ports(struct slots *wanted, const struct interfaces *all)
{
	size_t i, j, interfaces = wanted->entries;
	struct slots known = *wanted;
	int error = 0;

	for (i = 0; i < wanted->count && !error; i++) {
		const struct attachment *at = &wanted->attachments[i];
		struct drop_slot slot = slot_of(at);

		if (!slots_has_ports(at))
			continue;
		slot.owns_qdisc = 0;
		for (j = 0; j < all->count && !error; j++) {
			if (all->list[j].master != at->index)
				continue;
			known.list = wanted->list;
			known.entries = interfaces;
			if (!find(&known, all->list[j].index))
				error = add(wanted, all->list[j].index, &slot);
		}
	}
	if (wanted->entries > interfaces)
		qsort(wanted->list, wanted->entries, sizeof(*wanted->list),
		      by_ifindex);
	return error;
}

/* First add, then remove, so that no packet finds an entry missing. */
static int update(struct slots *slots, struct slots *wanted)
{
	size_t i, kept = 0;
	int error = 0;

	for (i = 0; i < wanted->entries; i++) {
		const struct slots_entry *entry = &wanted->list[i], *was;

		was = find(slots, entry->ifindex);
		if ((!was || memcmp(was, entry, sizeof(*was))) &&
		    bpf_map_update_elem(slots->map_fd, &entry->ifindex,
					&entry->slot, BPF_ANY)) {
			error = -errno;
			if (error != -E2BIG)
				return error;
			continue;
		}
		wanted->list[kept++] = *entry;
	}
	wanted->entries = kept;
	for (i = 0; i < slots->entries; i++) {
		const __u32 *ifindex = &slots->list[i].ifindex;

		if (!find(wanted, *ifindex) &&
		    bpf_map_delete_elem(slots->map_fd, ifindex) &&
		    errno != ENOENT)
			return -errno;
	}
	return error;
}

int slots_write(struct slots *slots, const struct interfaces *all)
{
	struct slots wanted = *slots;
	int error;

	wanted.list = NULL;
	wanted.entries = 0;
	error = add_interfaces(&wanted);
	if (!error && slots_are_many(slots->count))
		error = add_ports(&wanted, all);
	if (!error)
		error = update(slots, &wanted);
	if (error && error != -E2BIG) {
		slots_free(&wanted);
		return error;
	}
	slots_free(slots);
	*slots = wanted;
	return error;
}

int slots_write_one(struct slots *slots, const struct attachment *at)
{
	struct slots_entry *entry = find(slots, at->index);

	if (!entry)
		return -ENOENT;
	entry->slot = slot_of(at);
	return bpf_map_update_elem(slots->map_fd, &entry->ifindex, &entry->slot,
				   BPF_ANY) ?
		       -errno :
		       0;
}

size_t slots_find(const struct slots *slots, __u32 ifindex)
{
	const struct slots_entry *entry = find(slots, ifindex);

	if (!slots_are_many(slots->count))
		return 0;
	return entry ? entry->slot.counters : slots->count;
}

__u32 slots_unknown_type(const struct interfaces *chosen)
{
	__u32 type = interface_frame_type(&chosen->list[0]);
	size_t i;

	for (i = 1; i < chosen->count; i++) {
		if (interface_frame_type(&chosen->list[i]) != type)
			return TYPE_ETHERNET;
	}
	return type;
}

void slots_free(struct slots *slots)
{
	free(slots->list);
	slots->list = NULL;
	slots->entries = 0;
}
