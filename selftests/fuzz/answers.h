/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs are told: the input instead of the system's answers. user/ and libbpf
 * call told_read() for read(), say: see foreign.mk. A target has a table of operations; the
 * input's first byte says which one it is for.
 */
#ifndef ANSWERS_H
#define ANSWERS_H

#include <linux/types.h>
#include <stdio.h>
#include <sys/types.h>

/* Descriptors from here on are not real; standard output and error are the first. */
#define FAKE 0x100000

struct operation {
	const char *name;
	void (*run)(void);
};

extern const struct operation operations[]; /* ends with one without a name */

/* $RECORD: the system answers, and this becomes an input for $OPERATION. Else NULL. */
extern FILE *record;

/* The next bytes of the input; zero where it has ended. */
void input_bytes(void *to, size_t size);
__u8 input_byte(void);
/* The rest of it as a string, as long as it is; valid until the next call. */
char *input_text(size_t *size);

/* The next answer: its size, or -1 with errno; to be recorded: @real. */
ssize_t answer_begin(ssize_t real);
/* Its next bytes, zero where it has ended; to be recorded: what is there. */
void answer_pass(void *bytes, size_t size);
/* There are no more of them. Returns @result. */
long answer_end(long result);

/* A descriptor that is not real; @kind: the command of bpf(2) that opened it. */
int fake_open(int kind, long real);
int fake_map(size_t value_size);
/* All of them are closed. */
void fakes_check(void);

void wrong(const char *what) __attribute__((noreturn));

#endif
