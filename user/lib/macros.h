/* SPDX-License-Identifier: GPL-2.0-only */
/* The few of the kernel's macros that user space is used to, and the version. */
#ifndef MACROS_H
#define MACROS_H

/* As the build says. */
#ifndef BPF_DROP_VERSION
#define BPF_DROP_VERSION "unknown"
#endif

/* For --version: the same between releases, and the kernel source that libbpf is from. */
#ifndef BPF_DROP_BUILD
#define BPF_DROP_BUILD BPF_DROP_VERSION
#define BPF_DROP_KERNEL "unknown"
#endif

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#endif

#ifndef __printf
#define __printf(text, first) __attribute__((format(printf, text, first)))
#endif

#ifndef __maybe_unused
#define __maybe_unused __attribute__((unused))
#endif

#ifndef __aligned
#define __aligned(bytes) __attribute__((aligned(bytes)))
#endif

#endif
