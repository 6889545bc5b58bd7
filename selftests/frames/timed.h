/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Times of a program in the kernel, by BPF_PROG_TEST_RUN. For bench.c and bench_select.c only:
 * they measure all that they compare in turn, round by round.
 */
#ifndef TIMED_H
#define TIMED_H

#include <stdio.h>
#include <stdlib.h>
#include <bpf/bpf.h>

#define ROUNDS 41
#define REPEAT 8000 /* 1500 bytes of each have room in bench.c's rings */

struct timed {
	unsigned int ns[ROUNDS]; /* per packet */
};

static inline int timed_run(struct timed *timed, int fd, const void *frame,
			    size_t length, int round)
{
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame,
			    .data_size_in = length, .repeat = REPEAT);

	if (bpf_prog_test_run_opts(fd, &opts)) {
		perror("bench: test run");
		return -1;
	}
	timed->ns[round] = opts.duration;
	return 0;
}

static inline int timed_compare(const void *one, const void *other)
{
	unsigned int a = *(const unsigned int *)one;
	unsigned int b = *(const unsigned int *)other;

	return a < b ? -1 : a > b;
}

static inline unsigned int timed_median(struct timed *timed)
{
	qsort(timed->ns, ROUNDS, sizeof(*timed->ns), timed_compare);
	return timed->ns[ROUNDS / 2];
}

#endif
