/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A private instance of the kernel's tracing: its own events and buffers. What
 * others trace is neither seen nor disturbed.
 */
#ifndef TRACEFS_H
#define TRACEFS_H

#include <stddef.h>

struct tracefs {
	int root; /* of tracefs */
	int instance; /* our directory in it, or -1 */
	int guard; /* when it is closed, be it by SIGKILL, the memory is freed */
	char name[64]; /* of the instance */
};

/**
 * tracefs_open() - find tracefs, make an instance
 *
 * Where tracefs is not mounted, it is mounted in a mount namespace of our own:
 * nobody else sees it. What killed runs have left is removed. Nothing is traced
 * yet.
 *
 * Return: EXIT_DONE, or the exit code of an error it has told.
 */
int tracefs_open(struct tracefs *tracefs);

/* Removes the instance; close all that was opened in it before. */
void tracefs_close(struct tracefs *tracefs);

/**
 * tracefs_read() - read a file of the instance whole
 *
 * Return: a string to be freed, or NULL with errno.
 */
char *tracefs_read(const struct tracefs *tracefs, const char *path);

/* Writes to a file of the instance; returns 0 or a negative errno. */
int tracefs_write(const struct tracefs *tracefs, const char *path,
		  const char *text);

#endif
