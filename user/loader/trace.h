/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * --trace: what the kernel side tells of each packet by bpf_printk, from a tracing
 * instance of our own to standard error. Nobody is waited for: lines that find
 * no room are lost, and how many is told at the end.
 */
#ifndef TRACE_H
#define TRACE_H

#include <linux/types.h>
#include <stdbool.h>

#include "attach/slots.h"
#include "lib/format.h"
#include "lib/ring.h"
#include "lib/tracefs.h"

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
	__u64 told; /* lines */
	__u64 lost; /* and how many of them nobody took */
	int error; /* errno that ended the reading or the writing, or 0 */
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
 *
 * Return: 0 or a negative errno that ended the writing, which is returned once.
 */
int trace_step(struct trace *trace, __u64 now_ns);

/**
 * trace_finish() - after detaching: the rest, and how many lines were lost
 * @packets: how many packets there should have been lines of
 * @signal_fd: of signals_catch(): a signal ends the patience with a slow reader
 *
 * Return: 0 or a negative errno: there was nowhere to write to.
 */
int trace_finish(struct trace *trace, __u64 packets, int signal_fd);

void trace_close(struct trace *trace);

#endif
