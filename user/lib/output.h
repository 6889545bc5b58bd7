/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Standard output and standard error, line by line. Nothing here waits for a
 * reader: lines that a pipe, a terminal or a socket does not take at once stay in
 * memory, and lines that find no room there are lost and counted.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdio.h>

#include "lib/sink.h"

struct output {
	struct sink sink;
	FILE *text; /* the line that is put together, and its buffer */
	char *buffer;
	size_t length;
	size_t most; /* with this many bytes waiting, lines are lost */
	/* Which counter takes a line that is lost: of those from @lost_from on, @lost. */
	__u64 *lost, *lost_before;
	__u64 lost_from; /* as sink.whole counts */
};

extern struct output standard_output, standard_error;

/* To be called first of all, once the standard descriptors are open. */
void output_open(void);

/* Starts the next line; returns where to put it together. NULL: no memory. */
FILE *output_text(struct output *out);

/* The line so far: a string, valid until more is put together. */
char *output_so_far(struct output *out);

/**
 * output_add() - add what was put together: one complete line or more
 * @lost: counts the lines that the reader does not take; NULL: not counted
 * @always: keep them where others are lost already, up to 32 MiB
 *
 * A pipe gets a line whole or not at all, if it is not longer than PIPE_BUF.
 *
 * Return: 0, or the negative errno that ended the writing.
 */
int output_add(struct output *out, __u64 *lost, bool always);

/* Writes what can be written without waiting; 0 or a negative errno. */
int output_flush(struct output *out);

/* How many times something was added, to either of them. */
__u64 output_count(void);

/**
 * output_drain() - at the end: wait for the reader, as long as it goes on reading
 * @signal_fd: a signal that can be read here ends the waiting; -1: none
 *
 * What it does not take is lost, and counted. Return: false if anything was.
 */
bool output_drain(struct output *out, int signal_fd);

/* The last call: drains both. */
void output_close(int signal_fd);

#endif
