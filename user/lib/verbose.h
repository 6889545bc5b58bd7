/* SPDX-License-Identifier: GPL-2.0-only */
/* What libbpf tells of its doing. */
#ifndef VERBOSE_H
#define VERBOSE_H

/* How much: 0 none, 1 what a user may want to know, 2 all; on standard error. */
void verbose_init(int level);

#endif
