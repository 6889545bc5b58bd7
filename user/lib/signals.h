/* SPDX-License-Identifier: GPL-2.0-only */
/* The signals that end a run, and the one that asks for its figures. */
#ifndef SIGNALS_H
#define SIGNALS_H

#include <stdbool.h>

/**
 * signals_catch() - block them and queue them, so that a run can clean up first
 * @more: one more that ends it, or 0
 *
 * SIGINT, SIGTERM, SIGHUP and SIGUSR1.
 *
 * Return: a signalfd or a negative errno.
 */
int signals_catch(int more);

/* The signal that has come; one that ends the run if it cannot be read. */
int signals_take(int fd);

/*
 * Does a signal that ends the run come within so many milliseconds? It is taken. @fd -1:
 * just waits. SIGUSR1 ends the waiting, too.
 */
bool signals_end_came(int fd, int ms);

/* For the end of a run: SIGUSR1 is no longer among them. */
void signals_end(int fd);

#endif
