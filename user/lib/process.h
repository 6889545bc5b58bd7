/* SPDX-License-Identifier: GPL-2.0-only */
/* Other processes, by /proc. */
#ifndef PROCESS_H
#define PROCESS_H

#include <stdbool.h>
#include <stdio.h>

#define PROCESS_NAME 32 /* more than TASK_COMM_LEN */

/* Opens a /proc file of a process; NULL: it is gone, or permission denied. */
FILE *process_open(int pid, const char *file);

/* The value of a process's variable, to be freed; or NULL. */
char *process_variable(int pid, const char *name);

/* A process's name, or "", and its parent; 0: it has none, or is gone. */
int process_parent(int pid, char name[PROCESS_NAME]);

/* A process that cannot be inspected counts as in our network namespace: in doubt, refuse. */
bool process_is_near(int pid);

/* Calls @visit for each; what it returns other than 0 ends that, and is returned. */
int process_each(int (*visit)(int pid, void *context), void *context);

/* One of a process's descriptors, and what that is: "socket:[5]", "anon_inode:bpf-prog". */
typedef int (*process_fd_visit)(int pid, int fd, const char *target,
				void *context);

/**
 * process_each_fd() - call @visit for each descriptor, the lowest first
 *
 * Return: the first result of @visit other than 0, which ends that; or a negative errno:
 * -EACCES: permission denied; others: it is gone.
 */
int process_each_fd(int pid, process_fd_visit visit, void *context);

#endif
