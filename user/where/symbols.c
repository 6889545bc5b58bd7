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
#define ROOM 0x100000

/*
 * Lines are "ADDRESS TYPE NAME", and "\t[MODULE]" behind if it is not the
 * kernel's own. Those are in order and come first. There are too many to look
 * at each of them: the text is left as it is, and is searched by halves.
 */
struct line {
	__u64 address; /* 0: not told to us */
	bool is_code;
	size_t name; /* in the text */
};

static struct line line_at(const struct symbols *symbols, size_t at)
{
	struct line line = {};
	char *type;

	line.address = strtoull(symbols->text + at, &type, 16);
	if (type[0] == ' ' && type[1] && type[2] == ' ') {
		line.is_code = strchr("tTwW", type[1]);
		line.name = type + 3 - symbols->text;
	}
	return line;
}

/* Where the line begins that @at is in. */
static size_t begin_of(const struct symbols *symbols, size_t at)
{
	const char *feed = memrchr(symbols->text, '\n', at);

	return feed ? feed + 1 - symbols->text : 0;
}

static size_t after(const struct symbols *symbols, size_t at)
{
	const char *feed = strchr(symbols->text + at, '\n');

	return feed ? (size_t)(feed + 1 - symbols->text) : symbols->used;
}

/*
 * The last function of the kernel's own that does not begin behind @address. Of
 * those with the same address the first, which is the oldest name.
 */
static struct line find_own(const struct symbols *symbols, __u64 address)
{
	size_t low = 0, high = symbols->own, middle;
	struct line line, best = {};

	while (low < high) {
		middle = begin_of(symbols, low + (high - low) / 2);
		if (line_at(symbols, middle).address <= address)
			low = after(symbols, middle);
		else
			high = middle;
	}
	while (low) {
		low = begin_of(symbols, low - 1);
		line = line_at(symbols, low);
		if (best.address ? line.address != best.address :
				   address - line.address > LONGEST)
			break;
		if (line.is_code)
			best = line;
	}
	return best;
}

static struct line find_other(const struct symbols *symbols, __u64 address)
{
	size_t low = 0, high = symbols->count;
	const struct symbol *list = symbols->list;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (list[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	while (low > 1 && list[low - 1].address == list[low - 2].address)
		low--;
	if (!low)
		return (struct line){};
	return (struct line){ .address = list[low - 1].address,
			      .name = list[low - 1].name };
}

static const char *find(const struct symbols *symbols, __u64 address)
{
	struct line line = find_own(symbols, address);
	struct line other = find_other(symbols, address);

	if (other.address > line.address)
		line = other;
	if (!line.address || address - line.address > LONGEST)
		return NULL;
	return symbols->text + line.name;
}

static void forget(struct symbols *symbols)
{
	free(symbols->text);
	free(symbols->list);
	*symbols = (struct symbols){ .file = symbols->file,
				     .missed = symbols->missed };
}

void symbols_close(struct symbols *symbols)
{
	forget(symbols);
	if (symbols->file >= 0)
		close(symbols->file);
	symbols->file = -1;
}

int symbols_open(struct symbols *symbols)
{
	*symbols = (struct symbols){
		.file = open("/proc/kallsyms", O_RDONLY | O_CLOEXEC),
	};
	return symbols->file < 0 ? -errno : 0;
}

/* Reads a page or so; false at the end, and without memory. */
static bool read_more(struct symbols *symbols)
{
	char *start, *other;
	ssize_t got;

	if (symbols->room - symbols->used < ROOM / 2) {
		size_t room = symbols->room ? 2 * symbols->room : ROOM;
		char *text = realloc(symbols->text, room);

		if (!text)
			return false;
		symbols->text = text;
		symbols->room = room;
	}
	start = symbols->text + symbols->used;
	got = read(symbols->file, start, ROOM / 4);
	if (got <= 0)
		return false;
	start[got] = '\0';
	if (symbols->own == begin_of(symbols, symbols->used)) {
		other = strchr(symbols->text + symbols->own, '\t');
		symbols->own = begin_of(symbols, (other ? other : start + got) -
							 symbols->text);
	}
	symbols->used += got;
	return true;
}

static int by_address(const void *left, const void *right)
{
	const struct symbol *a = left, *b = right;

	if (a->address != b->address)
		return a->address > b->address ? 1 : -1;
	return (a->name > b->name) - (a->name < b->name);
}

/* Puts what is behind the kernel's own in order. */
static void list_others(struct symbols *symbols)
{
	struct symbol *list;
	struct line line;
	size_t at;

	for (at = symbols->own; at < symbols->used; at = after(symbols, at)) {
		line = line_at(symbols, at);
		if (!line.is_code || !line.address)
			continue;
		list = grow_list(symbols->list, symbols->count, sizeof(*list));
		if (!list)
			break;
		symbols->list = list;
		list[symbols->count++] =
			(struct symbol){ line.address, line.name };
	}
	if (symbols->count)
		qsort(symbols->list, symbols->count, sizeof(*symbols->list),
		      by_address);
}

/* How far the kernel's own go that were read. */
static __u64 last_own(const struct symbols *symbols)
{
	size_t at = symbols->own;

	return at ? line_at(symbols, begin_of(symbols, at - 1)).address : 0;
}

/*
 * Reads on until it is known in which function an address is, or to the end.
 * The kernel puts each name together anew for each reader, which is what takes
 * the time; most that are asked for are its own.
 */
static const char *read_on(struct symbols *symbols, __u64 address)
{
	const char *name;

	while (!symbols->ended) {
		/* Below all of the kernel's own, modules may be. */
		name = last_own(symbols) > address ? find(symbols, address) :
						     NULL;
		if (name)
			return name;
		if (!read_more(symbols)) {
			symbols->ended = true;
			list_others(symbols);
		}
	}
	return find(symbols, address);
}

static const char *look_up(struct symbols *symbols, __u64 address)
{
	bool ended = symbols->ended;
	const char *name = read_on(symbols, address);

	/* It may be in a module that was loaded since. */
	if (!name && ended && symbols->missed != address) {
		forget(symbols);
		if (!lseek(symbols->file, 0, SEEK_SET))
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
		snprintf(text, size, "%.*s", (int)strcspn(name, ".\t\n"), name);
	else
		snprintf(text, size, "0x%llx", (unsigned long long)address);
}
