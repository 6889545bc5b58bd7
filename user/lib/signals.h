/* SPDX-License-Identifier: GPL-2.0-only */
/* The signals that end a run, and the one that asks for its figures. */
#ifndef SIGNALS_H
#define SIGNALS_H

#include <stdbool.h>

/**
 * signals_catch() - from here on they wait, so that nothing is left behind
 * @more: one more that ends it, or 0
 *
 * SIGINT, SIGTERM, SIGHUP and SIGUSR1.
 *
 * Return: a signalfd or a negative errno.
 */
int signals_catch(int more);

/* Which one is waiting; an end if it cannot be read. */
int signals_take(int fd);

/*
 * Does one that ends it come within so many milliseconds? It is taken. @fd -1: there is
 * only the time. A question for figures ends the waiting, too.
 */
bool signals_end_came(int fd, int ms);

/* At the end there are no more figures: another signal says that it takes too long. */
void signals_end(int fd);

#endif
