// SPDX-License-Identifier: GPL-2.0-only
/* The owner of what is attached: the pin or the process that holds a link or a program. */
#include "attach/owners.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attach/link.h"
#include "lib/duration.h"

/* One descriptor of a process: it holds this link or this program. */
struct holder {
	bool link;
	__u32 id;
	int pid;
};

/* All of them, read once: thousands of links may be asked about. */
static struct {
	struct holder *list;
	size_t count;
	bool read;
} holders;

static void add_holder(struct holder holder)
{
	struct holder *list =
		reallocarray(holders.list, holders.count + 1, sizeof(*list));

	if (!list)
		return; /* one owner less that can be named */
	holders.list = list;
	list[holders.count++] = holder;
}

static FILE *open_process(int pid, const char *file, const char *entry)
{
	char path[64 + NAME_MAX];

	snprintf(path, sizeof(path), "/proc/%d/%s%s", pid, file, entry);
	return fopen(path, "re");
}

/* Lines of a descriptor that is a link or a program: proc(5), fdinfo. */
static void read_descriptor(int pid, const char *fd)
{
	FILE *file = open_process(pid, "fdinfo/", fd);
	char line[128];
	__u32 id;

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "link_id:\t%u", &id) == 1)
			add_holder((struct holder){ true, id, pid });
		else if (sscanf(line, "prog_id:\t%u", &id) == 1)
			add_holder((struct holder){ false, id, pid });
	}
	if (file)
		fclose(file);
}

static void read_process(int pid)
{
	char path[32], target[64];
	struct dirent *entry;
	DIR *directory;
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	directory = opendir(path);
	while (directory && (entry = readdir(directory))) {
		length = readlinkat(dirfd(directory), entry->d_name, target,
				    sizeof(target) - 1);
		target[length > 0 ? length : 0] = '\0';
		if (strstr(target, "bpf"))
			read_descriptor(pid, entry->d_name);
	}
	if (directory)
		closedir(directory);
}

static void read_holders(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	holders.read = true;
	while (proc && (entry = readdir(proc))) {
		int pid = atoi(entry->d_name);

		/* We ourselves hold what we look at. */
		if (pid > 0 && pid != getpid())
			read_process(pid);
	}
	if (proc)
		closedir(proc);
}

static bool find_holder(bool link, __u32 id, char *text, size_t size)
{
	const struct holder *holder;
	char name[32] = "?";
	FILE *file;

	if (!holders.read)
		read_holders();
	for (holder = holders.list; holder < holders.list + holders.count;
	     holder++) {
		if (holder->id == id && holder->link == link)
			break;
	}
	if (holder == holders.list + holders.count)
		return false;
	file = open_process(holder->pid, "comm", "");
	if (file) {
		if (fgets(name, sizeof(name), file))
			name[strcspn(name, "\n")] = '\0';
		fclose(file);
	}
	snprintf(text, size, "held by process %d (%s)", holder->pid, name);
	return true;
}

static void link_owner(const struct attached *attached, char *text, size_t size)
{
	char path[PIN_PATH_SIZE];

	if (!attached->link_id && !attached->links)
		snprintf(text, size,
			 "by a link that only CAP_SYS_ADMIN may see");
	else if (!attached->link_id)
		snprintf(
			text, size,
			"by one of %u links on interfaces with this number in several network namespaces",
			attached->links);
	else if (link_is_pinned(attached, path) > 0)
		snprintf(text, size, "pinned at %s", path);
	else if (!find_holder(true, attached->link_id, text, size))
		snprintf(text, size, "by link %u, pinned or held elsewhere",
			 attached->link_id);
}

/* Ours, whatever they are called, are those in our place with our maps. */
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
		snprintf(text, size,
			 "by %s of another version, or a stranger's", name);
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
