// SPDX-License-Identifier: GPL-2.0-only
/* The owner of what is attached: the pin or the process that holds a link or a program. */
#include "attach/owners.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attach/pins.h"
#include "lib/duration.h"
#include "lib/grow.h"
#include "lib/macros.h"
#include "lib/process.h"
#include "lib/sorted.h"

/* One descriptor of a process: it holds this link or this program. */
struct holder {
	bool link;
	__u32 id;
	int pid;
};

/* All of them, and all pins, read once: there may be thousands of links. */
static struct {
	struct holder *list; /* by_holding() */
	size_t count;
	struct pins pins; /* by_link_id() */
	bool read;
} holders;

static void add_holder(struct holder holder)
{
	/* Without memory, one owner less is known. */
	grow_list(&holders.list, &holders.count, &holder, sizeof(holder));
}

/* Lines of a descriptor that is a link or a program: proc(5), fdinfo. */
static int read_descriptor(int pid, int fd, const char *target,
			   void *context __maybe_unused)
{
	char path[32], line[128];
	FILE *file;
	__u32 id;

	if (!strstr(target, "bpf"))
		return 0;
	snprintf(path, sizeof(path), "fdinfo/%d", fd);
	file = process_open(pid, path);
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "link_id:\t%u", &id) == 1)
			add_holder((struct holder){ true, id, pid });
		else if (sscanf(line, "prog_id:\t%u", &id) == 1)
			add_holder((struct holder){ false, id, pid });
	}
	if (file)
		fclose(file);
	return 0;
}

static int read_process(int pid, void *context)
{
	/* We hold what we look at ourselves. */
	if (pid != getpid())
		process_each_fd(pid, read_descriptor, context);
	return 0;
}

static int by_holding(const void *left, const void *right)
{
	const struct holder *one = left, *other = right;

	if (one->link != other->link)
		return one->link - other->link;
	if (one->id != other->id)
		return one->id < other->id ? -1 : 1;
	return one->pid - other->pid;
}

static int by_link_id(const void *left, const void *right)
{
	const __u32 one = ((const struct pin *)left)->link_id;
	const __u32 other = ((const struct pin *)right)->link_id;

	return one < other ? -1 : one > other;
}

static void read_holders(void)
{
	struct pins *pins = &holders.pins;

	if (holders.read)
		return;
	holders.read = true;
	process_each(read_process, NULL);
	if (holders.count)
		qsort(holders.list, holders.count, sizeof(*holders.list),
		      by_holding);
	/* Without access there are none to be seen. */
	if (pins_read(pins))
		pins->count = 0;
	if (pins->count)
		qsort(pins->list, pins->count, sizeof(*pins->list), by_link_id);
}

/* Where that link is pinned, or NULL. */
static const char *find_pin(__u32 link_id)
{
	const struct pin key = { .link_id = link_id }, *pin = NULL;

	read_holders();
	if (holders.pins.count)
		pin = bsearch(&key, holders.pins.list, holders.pins.count,
			      sizeof(key), by_link_id);
	return pin ? pin->path : NULL;
}

/* The process that holds it, of several the one with the lowest number; 0: none. */
static int find_pid(bool link, __u32 id)
{
	const struct holder key = { .link = link, .id = id };
	size_t first;

	read_holders();
	first = sorted_first(holders.list, holders.count, sizeof(key), &key,
			     by_holding);
	return first < holders.count && holders.list[first].id == id &&
			       holders.list[first].link == link ?
		       holders.list[first].pid :
		       0;
}

static bool find_holder(bool link, __u32 id, char *text, size_t size)
{
	static char name[32]; /* of that process */
	static int named;
	const int pid = find_pid(link, id);
	FILE *file;

	if (!pid)
		return false;
	if (pid != named) {
		named = pid;
		strcpy(name, "?");
		file = process_open(pid, "comm");
		if (file && fgets(name, sizeof(name), file))
			name[strcspn(name, "\n")] = '\0';
		if (file)
			fclose(file);
	}
	snprintf(text, size, "held by process %d (%s)", pid, name);
	return true;
}

static void link_owner(const struct attached *attached, char *text, size_t size)
{
	const char *path = find_pin(attached->link_id);

	if (!attached->link_id && !attached->links)
		snprintf(text, size,
			 "by a link that only CAP_SYS_ADMIN may see");
	else if (!attached->link_id)
		snprintf(
			text, size,
			"by one of %u links on interfaces with this number in several network namespaces",
			attached->links);
	else if (path)
		snprintf(text, size, "pinned at %s", path);
	else if (!find_holder(true, attached->link_id, text, size))
		snprintf(text, size, "by link %u, pinned or held elsewhere",
			 attached->link_id);
}

/* Ours are those in our place with our maps, whatever their name. */
static void filter_owner(const struct attached *attached, char *text,
			 size_t size)
{
	char name[BPF_OBJ_NAME_LEN], *at; /* in user space, it has dashes */
	struct drop_state state;
	bool ours;
	int error;

	memcpy(name, attached->program.name, sizeof(name));
	for (at = name; (at = strchr(at, '_'));)
		*at = '-';
	ours = *name && attached_is_ours(attached, attached->program.name);
	error = ours ? program_state(attached->program.id, &state) : 0;
	if (ours && !error && state.pinned)
		snprintf(text, size, "left by %s --pin", name);
	else if (find_holder(false, attached->program.id, text, size))
		return;
	else if (ours && !error &&
		 state.deadline_ns > clock_ns(CLOCK_MONOTONIC))
		snprintf(
			text, size,
			"left by a %s that was killed just now, or held by one that cannot be seen from here",
			name);
	else if (ours && !error && !program_is_bare(&state))
		snprintf(text, size, "left by a %s that was killed", name);
	else if (program_is_foreign(error))
		snprintf(text, size, "by %s of another version, or foreign",
			 name);
	else
		snprintf(text, size, "by netlink (tc)");
}

bool attached_is_held(const struct attached *attached)
{
	char text[64];

	return find_holder(attached->by_link,
			   attached->by_link ? attached->link_id :
					       attached->program.id,
			   text, sizeof(text));
}

const char *attached_owner(const struct attached *attached)
{
	static char text[256];
	const size_t size = sizeof(text);

	if (!*attached->program.tag)
		snprintf(text, size, "only CAP_SYS_ADMIN may see the owner");
	else if (attached->by_link)
		link_owner(attached, text, size);
	else if (hook_is_clsact(attached->hook))
		filter_owner(attached, text, size);
	else if (hook_is_xdp(attached->hook))
		snprintf(text, size, "by netlink (ip link)");
	else
		snprintf(text, size, "without a link");
	return text;
}
