// SPDX-License-Identifier: GPL-2.0-only
/* Addresses in the kernel to the functions they are in, by /proc/kallsyms. */
#include "where/symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/grow.h"

/* No function is that long: beyond, it is code that has no name. */
#define LONGEST 0x100000
/* At first; all of it are some megabytes. */
#define ROOM (8 << 20)

int symbols_open(struct symbols *symbols)
{
	*symbols = (struct symbols){
		.file = open("/proc/kallsyms", O_RDONLY | O_CLOEXEC),
	};
	return symbols->file < 0 ? -errno : 0;
}

static void forget(struct symbols *symbols)
{
	free(symbols->text);
	free(symbols->list);
	symbols->text = NULL;
	symbols->list = NULL;
	symbols->count = 0;
}

void symbols_close(struct symbols *symbols)
{
	forget(symbols);
	if (symbols->file >= 0)
		close(symbols->file);
	symbols->file = -1;
}

/* All of a file, as a string; NULL without memory. */
static char *read_all(int file)
{
	size_t room = ROOM, used = 0;
	char *text = malloc(room), *more;
	ssize_t got;

	while (text) {
		got = pread(file, text + used, room - used - 1, (off_t)used);
		if (got <= 0)
			break;
		used += got;
		if (room - used > 1)
			continue;
		room *= 2;
		more = realloc(text, room);
		if (!more)
			free(text);
		text = more;
	}
	if (text)
		text[used] = '\0';
	return text;
}

/* Of those with the same address the first, which is the oldest name. */
static int by_address(const void *left, const void *right)
{
	const struct symbol *a = left, *b = right;

	if (a->address != b->address)
		return a->address > b->address ? 1 : -1;
	return (a->name > b->name) - (a->name < b->name);
}

/* Lines are "ADDRESS TYPE NAME", and "\t[MODULE]" behind it; address 0: not told to us. */
static void read_symbols(struct symbols *symbols)
{
	struct symbol *list;
	__u64 address;
	char *at, *type;

	forget(symbols);
	symbols->text = read_all(symbols->file);
	for (at = symbols->text; at && *at; at += !!*at) {
		address = strtoull(at, &type, 16);
		at += strcspn(at, "\n");
		if (!address || at - type < 4 || !strchr("tTwW", type[1]))
			continue;
		list = grow_list(symbols->list, symbols->count, sizeof(*list));
		if (!list)
			break;
		symbols->list = list;
		list[symbols->count++] = (struct symbol){ address, type + 3 };
	}
	if (symbols->count)
		qsort(symbols->list, symbols->count, sizeof(*symbols->list),
		      by_address);
}

static const char *find(const struct symbols *symbols, __u64 address)
{
	const struct symbol *list = symbols->list;
	size_t low = 0, high = symbols->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (list[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	while (low > 1 && list[low - 1].address == list[low - 2].address)
		low--;
	if (!low || address - list[low - 1].address > LONGEST)
		return NULL;
	return list[low - 1].name;
}

void symbols_find(struct symbols *symbols, __u64 address, char *text,
		  size_t size)
{
	/* It is where the call returns to. */
	const char *name = find(symbols, address - 1);

	/* Not read yet, or in a module that was loaded since. */
	if (!name && symbols->missed != address) {
		read_symbols(symbols);
		name = find(symbols, address - 1);
		if (!name)
			symbols->missed = address;
	}
	if (name)
		snprintf(text, size, "%.*s", (int)strcspn(name, ".\t\n"), name);
	else
		snprintf(text, size, "0x%llx", (unsigned long long)address);
}
