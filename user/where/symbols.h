/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses in the kernel to the functions they are in, by /proc/kallsyms. */
#ifndef SYMBOLS_H
#define SYMBOLS_H

#include <linux/types.h>
#include <stddef.h>

struct symbol {
	__u64 address;
	const char *name; /* and what follows it in its line */
};

struct symbols {
	int file; /* what it tells depends on who opened it: done early */
	char *text; /* all of it, as it was read last */
	struct symbol *list; /* its functions, by address */
	size_t count;
	__u64 missed; /* the last address that is nowhere */
};

/*
 * Opens the list; returns 0 or a negative errno. It is read when it is needed.
 * Close it in any case.
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
