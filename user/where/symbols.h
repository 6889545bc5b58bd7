/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses in the kernel to the functions they are in, by /proc/kallsyms. */
#ifndef SYMBOLS_H
#define SYMBOLS_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

/* A module's, or of other code that comes and goes. */
struct symbol {
	__u64 address;
	size_t name; /* in the text */
};

struct symbols {
	int file; /* what it tells depends on who opened it: done early */
	char *text; /* what was read of it so far, as it is */
	size_t used, room;
	size_t own; /* so much of it are the kernel's own, by address */
	bool ended; /* all was read; then here is the rest, by address: */
	struct symbol *list;
	size_t count;
	__u64 missed; /* the last address that is nowhere */
};

/*
 * Opens the list; returns 0 or a negative errno. It is read when it is needed,
 * and only as far. Close it in any case.
 */
int symbols_open(struct symbols *symbols);
void symbols_close(struct symbols *symbols);

/**
 * symbols_find() - the function that an address is in
 * @text: room for the answer: without the compiler's suffixes (".constprop.0");
 *	"0x…" if the kernel does not tell
 */
void symbols_find(struct symbols *symbols, __u64 address, char *text,
		  size_t size);

#endif
