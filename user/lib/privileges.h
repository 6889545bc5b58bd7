/* SPDX-License-Identifier: GPL-2.0-only */
/* Which capabilities this process has, and giving up those no longer needed. */
#ifndef PRIVILEGES_H
#define PRIVILEGES_H

#include <linux/types.h>
#include <stdbool.h>

/**
 * privileges_check() - does this process have the capabilities that it will need?
 * @others: also those to look at and remove what other processes attached, or this
 *          user pinned
 *
 * Return: EXIT_DONE, or EXIT_SYSTEM after an error that says what is missing.
 */
int privileges_check(bool others);

/* The next step if they are not enough: @otherwise, or what helps in a user namespace. */
const char *privileges_next(const char *otherwise);

/* May this process look at links and programs that are not its own? */
bool privileges_see_others(void);

/**
 * privileges_drop() - give up all but what watching and detaching need
 * @net_admin: a clsact filter will have to be removed
 *
 * CAP_BPF stays: before Linux 5.19 reading one's own map needs it where
 * unprivileged BPF is off (kernel/bpf/syscall.c, __sys_bpf()).
 *
 * Return: 0 or a negative errno.
 */
int privileges_drop(bool net_admin);

#endif
