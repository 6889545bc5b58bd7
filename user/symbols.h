/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses in the kernel to the functions they are in, by /proc/kallsyms. */
#ifndef SYMBOLS_H
#define SYMBOLS_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct symbol {
	__u64 address;
	size_t name; /* in the names */
};

struct symbols {
	FILE *file; /* what it tells depends on who opened it: done early */
	char buffer[16384]; /* of the file */
	bool ended; /* all of it is in the list */
	struct symbol *list; /* what was read of it, each part by address: */
	size_t ordered, count; /* the kernel's own, then the modules' */
	char *names;
	size_t used, size;
	__u64 missed; /* the last address that is nowhere */
};

/*
 * Opens the list; returns 0 or a negative errno. It is read when it is needed,
 * and only as far. Stays where it is until it is closed.
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
