// SPDX-License-Identifier: GPL-2.0-only
/* Whose is it? The pin or the process that holds a link or a program. */
#include "owners.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "macros.h"
#include "pins.h"
#include "tc_hook.h"

/* The kernel side's names of the programs that pin. */
static const char *const functions[] = {
	"xdp_drop_world",
	"xdp_drop_tcp",
	"tc_drop_tcp",
};

/* Is this link the one that is pinned at our place for it? */
static bool is_pinned(const struct attached *attached, char *path)
{
	__u32 link_id = 0;
	size_t i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(functions); i++) {
		if (strcmp(functions[i], attached->program.name))
			continue;
		pin_path(path, functions[i], attached->interface.index,
			 attached->hook);
		fd = pin_open(path);
		if (fd < 0)
			return false;
		link_ifindex(fd, &link_id);
		close(fd);
		return link_id == attached->link_id;
	}
	return false;
}

/* Does one of a process's descriptors say "<field>:\t<id>"? proc(5), fdinfo. */
static bool process_holds(const char *pid, const char *field, __u32 id)
{
	char path[64 + 2 * 256], line[128], wanted[64];
	struct dirent *entry;
	bool found = false;
	DIR *directory;
	FILE *file;

	snprintf(wanted, sizeof(wanted), "%s:\t%u\n", field, id);
	snprintf(path, sizeof(path), "/proc/%s/fdinfo", pid);
	directory = opendir(path);
	if (!directory)
		return false;
	while (!found && (entry = readdir(directory))) {
		snprintf(path, sizeof(path), "/proc/%s/fdinfo/%s", pid,
			 entry->d_name);
		file = fopen(path, "re");
		if (!file)
			continue;
		while (!found && fgets(line, sizeof(line), file))
			found = !strcmp(line, wanted);
		fclose(file);
	}
	closedir(directory);
	return found;
}

static bool find_process(const char *field, __u32 id, char *text, size_t size)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	bool found = false;

	while (proc && !found && (entry = readdir(proc))) {
		char path[300], name[32] = "";
		FILE *file;

		if (*entry->d_name < '1' || *entry->d_name > '9' ||
		    !process_holds(entry->d_name, field, id))
			continue;
		found = true;
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		file = fopen(path, "re");
		if (file) {
			if (fgets(name, sizeof(name), file))
				name[strcspn(name, "\n")] = '\0';
			fclose(file);
		}
		snprintf(text, size, "held by process %s (%s)", entry->d_name,
			 *name ? name : "?");
	}
	if (proc)
		closedir(proc);
	return found;
}

static void whose_link(const struct attached *attached, char *text, size_t size)
{
	char path[PIN_PATH_SIZE];

	if (is_pinned(attached, path))
		snprintf(text, size, "pinned at %s", path);
	else if (!find_process("link_id", attached->link_id, text, size))
		snprintf(text, size, "by link %u, pinned or held elsewhere",
			 attached->link_id);
}

static void whose_filter(const struct attached *attached, char *text,
			 size_t size)
{
	struct drop_state state;
	bool ours = tc_is_ours(attached, attached->program.name) &&
		    !strcmp(attached->program.name, "tc_drop_tcp");

	if (ours && !loaded_state(attached->program.id, &state) && state.pinned)
		snprintf(text, size, "left by tc-drop-tcp --pin");
	else if (find_process("prog_id", attached->program.id, text, size))
		return;
	else if (ours)
		snprintf(text, size, "left by a tc-drop-tcp that was killed");
	else
		snprintf(text, size, "by netlink (tc)");
}

void attached_whose(const struct attached *attached, char *text, size_t size)
{
	if (attached->link_id)
		whose_link(attached, text, size);
	else if (hook_is_clsact(attached->hook))
		whose_filter(attached, text, size);
	else if (hook_is_xdp(attached->hook))
		snprintf(text, size, "by netlink (ip link)");
	else
		snprintf(text, size, "without a link");
}
