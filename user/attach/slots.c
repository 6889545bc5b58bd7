// SPDX-License-Identifier: GPL-2.0-only
/* The map "slots": the counters of each interface's number. */
#include "attach/slots.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "lib/frame_type.h"

static struct drop_slot slot_of(const struct attachment *at)
{
	return (struct drop_slot){
		.counters = at->slot,
		.frame_type = interface_frame_type(&at->interface),
	};
}

/* The map's entry for an attachment's number; false: it has none. */
static bool is_attachment(const struct slots *slots, int ifindex,
			  struct drop_slot *slot)
{
	struct drop_slot other;
	bool found = false;
	size_t i;

	/* Interfaces that are gone have none. */
	for (i = 0; i < slots->count && ifindex; i++) {
		if (slots->attachments[i].index != ifindex)
			continue;
		other = slot_of(&slots->attachments[i]);
		if (!found) {
			*slot = other;
			found = true;
			continue;
		}
		/* The same number in two namespaces: the packets cannot be told apart. */
		if (slot->frame_type != other.frame_type)
			slot->frame_type = TYPE_ETHERNET;
		slot->counters = slots->room;
	}
	return found;
}

/* And of a port of theirs. */
static bool is_port(const struct slots *slots, const struct interfaces *all,
		    int ifindex, struct drop_slot *slot)
{
	const struct interface *port = interfaces_find(all, ifindex);
	size_t i;

	if (!slots_are_many(slots->room) || !port || !port->master)
		return false;
	for (i = 0; i < slots->count; i++) {
		const struct attachment *at = &slots->attachments[i];

		if (at->index != port->master || !slots_has_ports(at))
			continue;
		*slot = slot_of(at);
		return true;
	}
	return false;
}

static bool is_wanted(const struct slots *slots, const struct interfaces *all,
		      int ifindex, struct drop_slot *slot)
{
	return is_attachment(slots, ifindex, slot) ||
	       is_port(slots, all, ifindex, slot);
}

/* A correct entry is not rewritten: programs may be reading it. */
static int write_entry(const struct slots *slots, const struct interfaces *all,
		       int ifindex)
{
	struct drop_slot slot, was;

	if (!is_wanted(slots, all, ifindex, &slot) ||
	    (!bpf_map_lookup_elem(slots->map_fd, &ifindex, &was) &&
	     !memcmp(&was, &slot, sizeof(was))))
		return 0;
	return bpf_map_update_elem(slots->map_fd, &ifindex, &slot, BPF_ANY) ?
		       -errno :
		       0;
}

static int remove_others(const struct slots *slots,
			 const struct interfaces *all)
{
	struct drop_slot slot;
	int next, ifindex;
	bool more = !bpf_map_get_next_key(slots->map_fd, NULL, &next);

	while (more) {
		ifindex = next;
		more = !bpf_map_get_next_key(slots->map_fd, &ifindex, &next);
		if (!is_wanted(slots, all, ifindex, &slot) &&
		    bpf_map_delete_elem(slots->map_fd, &ifindex) &&
		    errno != ENOENT)
			return -errno;
	}
	return 0;
}

int slots_write(const struct slots *slots, const struct interfaces *all)
{
	int error = 0, full = 0;
	size_t i;

	/* First add, then remove, so that no packet misses an entry. */
	for (i = 0; i < slots->count + all->count && !error; i++) {
		error = write_entry(slots, all,
				    i < slots->count ?
					    slots->attachments[i].index :
					    all->list[i - slots->count].index);
		if (error == -E2BIG) {
			full = error;
			error = 0;
		}
	}
	if (!error)
		error = remove_others(slots, all);
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
