/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Times of a program in the kernel, by BPF_PROG_TEST_RUN. For bench.c and bench_select.c only:
 * they measure all that they compare in turn, round by round, and print the rounds' figures
 * for bench.awk.
 */
#ifndef TIMED_H
#define TIMED_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <bpf/bpf.h>

#define ROUNDS_MAX 99
#define REPEAT 100000
#define REPEAT_CAPTURE \
	8000 /* 1500 bytes of each have room in bench.c's rings */

struct timed {
	double ns[ROUNDS_MAX]; /* per packet */
};

/* $BENCH_ROUNDS; bench.sh sets it. */
static inline int timed_rounds(void)
{
	const char *text = getenv("BENCH_ROUNDS");
	int rounds = text ? atoi(text) : 41;

	return rounds < 1 ? 1 : rounds > ROUNDS_MAX ? ROUNDS_MAX : rounds;
}

/* The thread's own time in ns: what others run on this CPU meanwhile does not count. */
static inline double timed_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

/*
 * The kernel's answer is in whole nanoseconds, which will do for programs that take hundreds.
 * Others run longer, and their thread's time is taken, less what a call takes before and after
 * the runs: for XDP, it patches the kernel's dispatcher if there is more than one.
 */
static inline int timed_run(struct timed *timed, int fd, const void *frame,
			    size_t length, int repeat, int round)
{
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, few, .data_in = frame,
			    .data_size_in = length, .repeat = 2);
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame,
			    .data_size_in = length, .repeat = repeat);
	double start = timed_now(), middle;

	if (repeat == REPEAT && bpf_prog_test_run_opts(fd, &few))
		goto failed;
	middle = timed_now();
	if (bpf_prog_test_run_opts(fd, &opts))
		goto failed;
	timed->ns[round] = opts.duration;
	if (repeat == REPEAT)
		timed->ns[round] =
			(timed_now() - middle - (middle - start)) / REPEAT;
	return 0;
failed:
	perror("bench: test run");
	return -1;
}

/* "TABLE ROW COLUMN UNIT FIGURE..." */
static inline void timed_print(const struct timed *timed, const char *table,
			       const char *row, const char *column)
{
	int round, rounds = timed_rounds();

	printf("%s\t%s\t%s\tns", table, row, column);
	for (round = 0; round < rounds; round++)
		printf("\t%.2f", timed->ns[round]);
	printf("\n");
}

#endif
