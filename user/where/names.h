/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of the kernel's functions, drop reasons and namespaces. */
#ifndef NAMES_H
#define NAMES_H

#include <linux/types.h>
#include <stddef.h>
#include <stdio.h>

struct btf;
struct btf_type;

struct symbol {
	__u64 address;
	const char *name; /* and what follows it in its line */
};

struct names {
	struct btf *btf; /* the kernel's own */
	const struct btf_type
		*reasons; /* NULL: there are none, before Linux 5.17 */
	FILE *kallsyms; /* what it tells depends on who opened it: done early */
	char *text; /* all of it, as it was read last */
	size_t size; /* of the memory for it */
	struct symbol *list; /* its functions */
	size_t count;
	__u64 missed; /* the last address that is in none of them */
};

/* Returns EXIT_DONE or the exit code of an error it has told. Close it in any case. */
int names_open(struct names *names);
void names_close(struct names *names);

/*
 * The function that an address is in, without the compiler's suffixes
 * (".constprop.0"); "0x…" if the kernel does not tell.
 */
void names_function(struct names *names, __u64 address, char *text,
		    size_t size);

/*
 * The kernel's name of a reason: "NO_SOCKET"; "" if this kernel has no reasons;
 * "0x20001" if this one has no name there: a subsystem's own, from 1 << 16 on.
 */
void names_reason(const struct names *names, __u32 reason, char *text,
		  size_t size);

/*
 * The name of a network namespace in /run/netns if it has one, else its inode number;
 * "-" for 0.
 */
void names_netns(__u32 inode, char *text, size_t size);

#endif
