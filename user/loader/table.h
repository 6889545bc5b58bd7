/* SPDX-License-Identifier: GPL-2.0-only */
/* Showing the kernel side's counters: a table, or JSON. */
#ifndef TABLE_H
#define TABLE_H

#include <limits.h>
#include <stdbool.h>

#include "attach/counters.h"
#include "attach/hook.h"
#include "capture/capture.h"
#include "lib/output.h"
#include "lib/terminal.h"
#include "json_writer.h"

/* How to show them, and what that needs to remember. */
struct display {
	struct output *out;
	struct terminal terminal;
	/* Who tells, in each object of JSON; see display_name(). */
	const char *program;
	char host[HOST_NAME_MAX + 1];
	__u32 netns;
	bool json;
	bool observe; /* the table shows what would be dropped */
	bool selects; /* and what was spared */
	bool capture; /* and what became of it */
	bool untimed; /* without time, rates and end */
	const struct flows *flows; /* NULL: they are not asked for */
	size_t top; /* so many of them in the end */
	double left; /* seconds until the time-out; 0: none, or it is over */
	bool live; /* these rows are drawn over the last ones */
	size_t flows_shown; /* and so many flows below them */
	FILE *cells; /* of these rows */
	unsigned int lines; /* below the last heading */
	__u64 lost; /* lines that the reader did not take */
	__u64 lost_final; /* the same of the final ones */
};

/* What one line shows. */
struct reading {
	const char *event; /* JSON: this has happened; it has no counters */
	__u32 program_id;
	bool total; /* it is the sum of so many: */
	size_t interfaces;
	const struct interface *interface; /* NULL: of one that is not known */
	enum hook hook; /* not of one that is not known */
	int new_index; /* an event: its number in another network namespace; or 0 */
	double elapsed; /* seconds since attaching */
	double packet_rate; /* matched packets a second since the last line */
	double byte_rate;
	struct capture_counts counts; /* with --write */
	bool final; /* the last line of this interface */
	enum end why; /* it is not attached any more */
	__u64 attached_ms; /* and for how long it was */
	struct drop_counters sum;
};

/* "dropped 23 packets (1.6 kB)", or that so many were observed. */
void put_matched(FILE *to, const struct drop_counters *sum, bool observe);

/* The keys and values of JSON that all counters have. */
void counters_json(json_writer_t *json, const struct drop_counters *sum);

/* Says which program, as typed, and which host and network namespace it is. */
void display_name(struct display *display, const char *program);

/* The next @rows belong together; @last: for the last time. 0 or a negative errno. */
int display_begin(struct display *display, size_t rows, bool last);

/**
 * display_show() - one line
 *
 * Return: 0 or a negative errno; what is shown may still wait to be written.
 */
int display_show(struct display *display, const struct reading *reading);

/* Those were all, with that sum; 0 or a negative errno. */
int display_end(struct display *display, const struct reading *total);

#endif
