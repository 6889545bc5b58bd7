/* SPDX-License-Identifier: GPL-2.0-only */
/* What libFuzzer calls, and what it has to be called, by names in the kernel's style. */
#ifndef LIBFUZZER_H
#define LIBFUZZER_H

#include <linux/types.h>
#include <stddef.h>

#define FUZZ_NAME(name) __asm__(name)

/* Once. Returns 0. */
int fuzz_begin(int *argc, char ***argv) FUZZ_NAME("LLVMFuzzerInitialize");

/* With each input. Returns 0; a finding is an abort. */
int fuzz_one(const __u8 *data, size_t size) FUZZ_NAME("LLVMFuzzerTestOneInput");

/* Makes another input of this one, in the same place. Returns its size. */
size_t fuzz_change(__u8 *data, size_t size, size_t max, unsigned int seed)
	FUZZ_NAME("LLVMFuzzerCustomMutator");

/* libFuzzer's own way to do so. */
size_t fuzz_change_any(__u8 *data, size_t size, size_t max)
	FUZZ_NAME("LLVMFuzzerMutate");

#endif
