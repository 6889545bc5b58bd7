/* SPDX-License-Identifier: GPL-2.0-only */
/* The limit of open file descriptors (RLIMIT_NOFILE). */
#ifndef DESCRIPTORS_H
#define DESCRIPTORS_H

/* Raises it, if need be, for @each of @more interfaces; returns an exit code. */
int descriptors_allow(unsigned long more, unsigned long each);

#endif
