// SPDX-License-Identifier: GPL-2.0-only
/* Names of the kernel's functions, drop reasons and namespaces. */
#include "where/names.h"

#include <bpf/btf.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/errors.h"
#include "lib/interfaces.h"

#define REASON_PREFIX "SKB_DROP_REASON_"

/* No function is that long: code beyond this has no name. */
#define LONGEST 0x100000

#define NETNS_NAMES "/run/netns"

int names_open(struct names *names)
{
	int id;

	*names = (struct names){ .btf = btf__load_vmlinux_btf() };
	if (!names->btf)
		return fail(
			errno == ENOMEM ? EXIT_SYSTEM : EXIT_LACKING,
			"this kernel's types cannot be read: %s. drop-where needs a kernel with CONFIG_DEBUG_INFO_BTF, and /sys/kernel/btf/vmlinux.",
			strerror(errno));
	if (btf__find_by_name_kind(names->btf, "btf_trace_kfree_skb",
				   BTF_KIND_TYPEDEF) < 0)
		return fail(
			EXIT_LACKING,
			"this kernel has no tracepoint kfree_skb. Use Linux 5.10 or newer with CONFIG_TRACEPOINTS and CONFIG_NET.");
	names->kallsyms = fopen("/proc/kallsyms", "re");
	if (!names->kallsyms)
		return fail(
			EXIT_LACKING,
			"cannot read /proc/kallsyms: %s. Functions have no names without it: use a kernel with CONFIG_KALLSYMS.",
			strerror(errno));
	id = btf__find_by_name_kind(names->btf, "skb_drop_reason",
				    BTF_KIND_ENUM);
	if (id >= 0)
		names->reasons = btf__type_by_id(names->btf, id);
	return EXIT_DONE;
}

void names_close(struct names *names)
{
	btf__free(names->btf);
	if (names->kallsyms)
		fclose(names->kallsyms);
	free(names->text);
	free(names->list);
	*names = (struct names){};
}

/* Lines are "ADDRESS TYPE NAME", and "\t[MODULE]" behind it; address 0: not told to us. */
static void read_symbols(struct names *names)
{
	struct symbol *list;
	size_t lines = 1;
	__u64 address;
	char *at, *type;

	names->count = 0;
	rewind(names->kallsyms);
	/* It does not contain this character, so this reads all of it. */
	if (getdelim(&names->text, &names->size, '\0', names->kallsyms) < 0)
		return;
	for (at = names->text; *at; at++)
		lines += *at == '\n';
	list = reallocarray(names->list, lines, sizeof(*list));
	if (!list)
		return;
	names->list = list;
	for (at = names->text; *at; at += !!*at) {
		address = strtoull(at, &type, 16);
		at += strcspn(at, "\n");
		if (!address || at - type < 4 || !strchr("tTwW", type[1]))
			continue;
		list[names->count++] = (struct symbol){ address, type + 3 };
	}
}

/* The nearest one before it; of several at one address the first, the oldest name. */
static const char *find(const struct names *names, __u64 address)
{
	struct symbol best = { .address = address - LONGEST };
	size_t i;

	for (i = 0; i < names->count; i++) {
		if (names->list[i].address > best.address &&
		    names->list[i].address <= address)
			best = names->list[i];
	}
	return best.name;
}

void names_function(struct names *names, __u64 address, char *text, size_t size)
{
	/* It is the return address of the call. */
	const char *name = find(names, address - 1);

	/* Not read yet, or in a module that was loaded since. */
	if (!name && names->missed != address) {
		read_symbols(names);
		name = find(names, address - 1);
		if (!name)
			names->missed = address;
	}
	if (name)
		snprintf(text, size, "%.*s", (int)strcspn(name, ".\t\n"), name);
	else
		snprintf(text, size, "0x%llx", (unsigned long long)address);
}

void names_reason(const struct names *names, __u32 reason, char *text,
		  size_t size)
{
	const struct btf_enum *value;
	const char *name;
	__u32 i;

	*text = '\0';
	if (!names->reasons)
		return;
	snprintf(text, size, "0x%x", reason);
	value = btf_enum(names->reasons);
	for (i = 0; i < btf_vlen(names->reasons); i++, value++) {
		if ((__u32)value->val != reason)
			continue;
		name = btf__name_by_offset(names->btf, value->name_off);
		if (!strncmp(name, REASON_PREFIX, strlen(REASON_PREFIX)))
			name += strlen(REASON_PREFIX);
		snprintf(text, size, "%s", name);
	}
}

void names_netns(__u32 inode, char *text, size_t size)
{
	DIR *directory = inode ? opendir(NETNS_NAMES) : NULL;
	struct dirent *entry;
	struct stat own, status;

	snprintf(text, size, inode ? "%u" : "-", inode);
	while (directory && (entry = readdir(directory))) {
		/* If its namespace is gone, the name is a file on another file system. */
		if (!fstatat(dirfd(directory), entry->d_name, &status, 0) &&
		    !stat(NETNS_OWN, &own) && status.st_dev == own.st_dev &&
		    status.st_ino == inode) {
			snprintf(text, size, "%s", entry->d_name);
			break;
		}
	}
	if (directory)
		closedir(directory);
}
