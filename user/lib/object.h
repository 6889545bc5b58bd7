/* SPDX-License-Identifier: GPL-2.0-only */
/* What libbpf has loaded. */
#ifndef OBJECT_H
#define OBJECT_H

#include <bpf/libbpf.h>

/**
 * object_check() - are the variables that a skeleton shows those of the kernel side?
 * @object: loaded
 * @name: the program's, for the message
 *
 * Where libbpf's probe for BPF_F_MMAPABLE has failed, for want of memory, say, it leaves
 * the flag out (bpf_object__sanitize_maps()): what is written to them then has no effect,
 * and the skeleton's pointer is NULL.
 *
 * Return: EXIT_DONE, or the exit code of an error it has told.
 */
int object_check(const struct bpf_object *object, const char *name);

#endif
