// SPDX-License-Identifier: GPL-2.0-only
/* Addresses in the kernel to the functions they are in, by /proc/kallsyms. */
#include "symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "grow.h"

/* No function is that long: beyond, it is code that has no name. */
#define LONGEST 0x100000

static void forget(struct symbols *symbols)
{
	free(symbols->list);
	free(symbols->names);
	symbols->list = NULL;
	symbols->names = NULL;
	symbols->count = 0;
	symbols->used = 0;
	symbols->size = 0;
}

void symbols_close(struct symbols *symbols)
{
	forget(symbols);
	if (symbols->file >= 0)
		close(symbols->file);
	symbols->file = -1;
}

static int add(struct symbols *symbols, __u64 address, const char *name)
{
	size_t length = strcspn(name, "\t\n");
	struct symbol *list;

	list = grow_list(symbols->list, symbols->count, sizeof(*list));
	if (!list)
		return -ENOMEM;
	symbols->list = list;
	if (symbols->used + length + 1 > symbols->size) {
		size_t size = 2 * symbols->size + length + 65536;
		char *names = realloc(symbols->names, size);

		if (!names)
			return -ENOMEM;
		symbols->names = names;
		symbols->size = size;
	}
	list[symbols->count++] = (struct symbol){ address, symbols->used };
	memcpy(symbols->names + symbols->used, name, length);
	symbols->names[symbols->used + length] = '\0';
	symbols->used += length + 1;
	return 0;
}

static int by_address(const void *left, const void *right)
{
	const struct symbol *a = left, *b = right;

	if (a->address != b->address)
		return a->address > b->address ? 1 : -1;
	return (a->name > b->name) - (a->name < b->name);
}

/* Lines are "ADDRESS TYPE NAME", and "\t[MODULE]" behind if it is one's. */
static void read_all(struct symbols *symbols)
{
	int fd = fcntl(symbols->file, F_DUPFD_CLOEXEC, 0);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	char line[1024], *end;
	int error = 0;

	forget(symbols);
	if (!file)
		return;
	rewind(file);
	while (!error && fgets(line, sizeof(line), file)) {
		__u64 address = strtoull(line, &end, 16);

		if (address && *end == ' ' && strchr("tTwW", end[1]) &&
		    end[2] == ' ')
			error = add(symbols, address, end + 3);
	}
	fclose(file);
	if (error)
		forget(symbols);
	else if (symbols->count)
		qsort(symbols->list, symbols->count, sizeof(*symbols->list),
		      by_address);
}

int symbols_open(struct symbols *symbols)
{
	*symbols = (struct symbols){};
	symbols->file = open("/proc/kallsyms", O_RDONLY | O_CLOEXEC);
	if (symbols->file < 0)
		return -errno;
	/* Now: when packets die there is no time to lose. */
	read_all(symbols);
	return 0;
}

static const char *find(const struct symbols *symbols, __u64 address)
{
	size_t low = 0, high = symbols->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (symbols->list[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	/* The first of those with the same address is the oldest name. */
	while (low > 1 &&
	       symbols->list[low - 1].address == symbols->list[low - 2].address)
		low--;
	if (!low || address - symbols->list[low - 1].address > LONGEST)
		return NULL;
	return symbols->names + symbols->list[low - 1].name;
}

void symbols_find(struct symbols *symbols, __u64 address, char *text,
		  size_t size)
{
	/* It is where the call returns to. */
	const char *name = find(symbols, address - 1);

	/* It may be in a module that was loaded since. */
	if (!name && symbols->missed != address) {
		read_all(symbols);
		name = find(symbols, address - 1);
		if (!name)
			symbols->missed = address;
	}
	if (name)
		snprintf(text, size, "%.*s", (int)strcspn(name, "."), name);
	else
		snprintf(text, size, "0x%llx", (unsigned long long)address);
}
