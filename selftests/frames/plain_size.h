/* SPDX-License-Identifier: GPL-2.0-only */
/* What the objects that select nothing are made of, against what is known of them. */
#ifndef PLAIN_SIZE_H
#define PLAIN_SIZE_H

#include <arpa/inet.h>
#include <limits.h>
#include <stdio.h>
#include "frames/loaded_program.h"
#include "frames/programs.h"

/*
 * The instructions of the plain objects, by the major version of the clang that made them. A
 * change that is meant to make them longer writes the new numbers down here; one of the
 * selection must not.
 */
static const struct {
	int clang;
	size_t instructions[COUNT(programs)]; /* as in programs[] */
} plain_sizes[] = {
	{ 14, { 228, 492, 852 } },
	{ 16, { 227, 491, 839 } },
	{ 19, { 224, 501, 880 } },
};

/* Of the compiler that made a file, by the debug information in it; 0: not told. */
static int clang_of(const char *path)
{
	static const char told[] = "clang version ";
	FILE *file = fopen(path, "re");
	char *line = NULL, *at = NULL;
	size_t size = 0;
	ssize_t length;

	while (file && !at && (length = getline(&line, &size, file)) > 0)
		at = memmem(line, length, told, sizeof(told) - 1);
	if (file)
		fclose(file);
	size = at ? strtoul(at + sizeof(told) - 1, NULL, 10) : 0;
	free(line);
	return size;
}

/* Is it no longer than it was? Headers for the other byte order make other code. */
static bool has_plain_size(const struct program *program, size_t instructions)
{
	char path[PATH_MAX];
	size_t i, most = 0;
	int clang = 0;

	if (htons(1) != 1 &&
	    loaded_find(path, sizeof(path), NULL, program->name))
		clang = clang_of(path);
	for (i = 0; i < ARRAY_SIZE(plain_sizes); i++) {
		if (plain_sizes[i].clang == clang)
			most = plain_sizes[i].instructions[program - programs];
	}
	printf("# %s: %zu instructions by clang %d, known are %zu\n",
	       program->name, instructions, clang, most);
	return !most || instructions <= most;
}

static bool calls_selection(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL) &&
	       insn->src_reg != BPF_PSEUDO_CALL &&
	       (insn->imm == BPF_FUNC_get_prandom_u32 ||
		insn->imm == BPF_FUNC_spin_lock);
}

#endif
