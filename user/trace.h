/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * --trace: what the kernel side tells of each packet by bpf_printk, from a tracing
 * instance of our own to standard error. Nobody is waited for: lines that find
 * no room are lost, and how many is told at the end.
 */
#ifndef TRACE_H
#define TRACE_H

#include <limits.h>
#include <linux/types.h>
#include <stdbool.h>

#include "format.h"
#include "ring.h"
#include "slots.h"
#include "tracefs.h"

/* How often to look for lines. */
#define TRACE_PERIOD_NS 20000000ULL

struct trace {
	bool on;
	struct tracefs tracefs;
	struct ring ring;
	const struct slots *slots; /* whose number is whose */
	__u64 started_ns; /* that lines' times are told from */
	__u32 mark; /* what our lines begin with; not 0 */
	int id; /* of the event */
	struct field type, text;
	char lines[PIPE_BUF]; /* not written yet: so much, a pipe takes at once */
	size_t used;
	__u64 waiting; /* how many lines that is */
	__u64 told; /* lines that are written */
	int error; /* errno that ended the writing, or 0 */
};

/**
 * trace_open() - listen to the kernel's event for bpf_printk
 * @trace: with slots set; its mark is set here
 *
 * To be called once signals are caught, lest an instance is left behind. Close
 * it in any case.
 *
 * Return: EXIT_DONE, or the exit code of an error it has told.
 */
int trace_open(struct trace *trace);

/**
 * trace_step() - write the lines that there are, without waiting
 * @now_ns: CLOCK_MONOTONIC; what is newer stays for the next time
 * @fresh: set if there were any
 *
 * Return: 0 or a negative errno that ended the writing, which is returned once.
 */
int trace_step(struct trace *trace, __u64 now_ns, bool *fresh);

/**
 * trace_finish() - after detaching: the rest, and how many lines were lost
 * @packets: how many packets there should have been lines of
 *
 * Return: 0 or a negative errno: there was nowhere to write to.
 */
int trace_finish(struct trace *trace, __u64 packets);

void trace_close(struct trace *trace);

#endif
