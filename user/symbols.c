// SPDX-License-Identifier: GPL-2.0-only
/* Addresses in the kernel to the functions they are in, by /proc/kallsyms. */
#include "symbols.h"

#include <errno.h>
#include <fcntl.h>
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
	symbols->ordered = 0;
	symbols->used = 0;
	symbols->size = 0;
}

void symbols_close(struct symbols *symbols)
{
	forget(symbols);
	if (symbols->file)
		fclose(symbols->file);
	symbols->file = NULL;
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

/* Of those with the same address the first, which is the oldest name. */
static const struct symbol *find_in(const struct symbol *list, size_t count,
				    __u64 address)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (list[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	while (low > 1 && list[low - 1].address == list[low - 2].address)
		low--;
	return low ? &list[low - 1] : NULL;
}

static const char *find(const struct symbols *symbols, __u64 address)
{
	const struct symbol *at, *other;

	at = find_in(symbols->list, symbols->ordered, address);
	other = find_in(symbols->list + symbols->ordered,
			symbols->count - symbols->ordered, address);
	if (!at || (other && other->address > at->address))
		at = other;
	if (!at || address - at->address > LONGEST)
		return NULL;
	return symbols->names + at->name;
}

/* Lines are "ADDRESS TYPE NAME", and "\t[MODULE]" behind if it is one's. */
static int read_line(struct symbols *symbols, const char *line)
{
	const char *type = strchr(line, ' ');
	__u64 address;
	int error;

	if (!type || !type[1] || !strchr("tTwW", type[1]) || type[2] != ' ')
		return 0;
	address = strtoull(line, NULL, 16);
	if (!address)
		return 0;
	error = add(symbols, address, type + 3);
	/* The kernel's own are in order; what follows is in any. */
	if (!error && symbols->ordered + 1 == symbols->count &&
	    !strchr(type + 3, '\t') &&
	    (!symbols->ordered ||
	     address >= symbols->list[symbols->ordered - 1].address))
		symbols->ordered++;
	return error;
}

/*
 * Reads on until it is known in which function an address is, or to the end.
 * Most are in the kernel itself, and few are read of then: the kernel puts each
 * name together anew for each reader, which is what takes the time.
 */
static const char *read_on(struct symbols *symbols, __u64 address)
{
	char line[1024];
	const char *name;
	int error = 0;

	while (!error && fgets(line, sizeof(line), symbols->file)) {
		size_t known = symbols->ordered;

		error = read_line(symbols, line);
		if (symbols->ordered == known ||
		    symbols->list[known].address <= address)
			continue;
		name = find(symbols, address);
		if (name)
			return name;
	}
	symbols->ended = true;
	if (error)
		forget(symbols);
	else if (symbols->count > symbols->ordered)
		qsort(symbols->list + symbols->ordered,
		      symbols->count - symbols->ordered, sizeof(*symbols->list),
		      by_address);
	return find(symbols, address);
}

int symbols_open(struct symbols *symbols)
{
	int fd = open("/proc/kallsyms", O_RDONLY | O_CLOEXEC);

	*symbols = (struct symbols){ .file = fd < 0 ? NULL : fdopen(fd, "r") };
	if (!symbols->file) {
		int error = errno;

		if (fd >= 0)
			close(fd);
		return -error;
	}
	setvbuf(symbols->file, symbols->buffer, _IOFBF,
		sizeof(symbols->buffer));
	return 0;
}

static const char *look_up(struct symbols *symbols, __u64 address)
{
	const char *name;

	if (!symbols->ended) {
		/* Above what was read, or below: there, modules may be. */
		if (symbols->ordered &&
		    symbols->list[symbols->ordered - 1].address > address) {
			name = find(symbols, address);
			if (name)
				return name;
		}
		return read_on(symbols, address);
	}
	name = find(symbols, address);
	/* It may be in a module that was loaded since. */
	if (!name && symbols->count && symbols->missed != address) {
		forget(symbols);
		rewind(symbols->file);
		symbols->ended = false;
		name = read_on(symbols, address);
		if (!name)
			symbols->missed = address;
	}
	return name;
}

void symbols_find(struct symbols *symbols, __u64 address, char *text,
		  size_t size)
{
	/* It is where the call returns to. */
	const char *name = look_up(symbols, address - 1);

	if (name)
		snprintf(text, size, "%.*s", (int)strcspn(name, "."), name);
	else
		snprintf(text, size, "0x%llx", (unsigned long long)address);
}
