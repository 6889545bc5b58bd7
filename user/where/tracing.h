/* SPDX-License-Identifier: GPL-2.0-only */
/* drop-where's kernel side: configured, loaded, attached to the tracepoint. */
#ifndef WHERE_TRACING_H
#define WHERE_TRACING_H

#include <linux/types.h>

struct where_config;

struct tracing {
	struct drop_where_kern *skeleton;
	struct bpf_link *link;
	int events_fd, sums_fd, unwanted_fd; /* its maps */
};

/**
 * tracing_load() - load the program
 *
 * Return: EXIT_DONE, or the exit code of an error it has told. Close it in any case.
 */
int tracing_load(struct tracing *tracing, const struct where_config *config);

/* Starts to report and count; an exit code as above. */
int tracing_attach(struct tracing *tracing);

/* Stops: all earlier drops are reported or counted by now. */
void tracing_end(struct tracing *tracing);

/*
 * Drops since the start that are not in the sums: there was no room to count them, or
 * they interrupted the report of another one.
 */
__u64 tracing_missed(const struct tracing *tracing);

void tracing_close(struct tracing *tracing);

#endif
