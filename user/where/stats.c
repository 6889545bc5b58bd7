// SPDX-License-Identifier: GPL-2.0-only
/* Showing drops: each, and how many were where. */
#include "where/stats.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "json_writer.h"
#include "lib/duration.h"
#include "lib/output.h"

/* A heading for each screenful. */
#define LINES_PER_HEADING 20

/* Of a table that is drawn again and again, if the screen has room for them. */
#define TOP_ROWS 15

/* In a table, nothing is a dash. */
static const char *or_dash(const char *text)
{
	return *text ? text : "-";
}

static void write_string(json_writer_t *json, const char *key, const char *text)
{
	if (*text)
		jsonw_string_field(json, key, text);
	else
		jsonw_null_field(json, key);
}

static const char *protocol_of(const struct where_event *event)
{
	static char text[16];

	switch (event->protocol) {
	case ETH_P_IP:
		return "IPv4";
	case ETH_P_IPV6:
		return "IPv6";
	case ETH_P_ARP:
		return "ARP";
	default:
		snprintf(text, sizeof(text), "0x%04x", event->protocol);
		return text;
	}
}

/* CLOCK_MONOTONIC in the calendar's terms */
static void write_time(const struct stats *stats, json_writer_t *json, __u64 ns)
{
	__u64 at = ns + stats->offset_ns;
	time_t second = at / SECOND_NS;
	char stamp[32], text[48];
	struct tm utc;

	gmtime_r(&second, &utc);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text, sizeof(text), "%s.%06lluZ", stamp,
		 at % SECOND_NS / 1000);
	jsonw_string_field(json, "time", text);
}

static void write_row(const struct stats *stats, json_writer_t *json,
		      const struct row *row)
{
	if (stats->rows->all_netns)
		jsonw_string_field(json, "netns", row->netns);
	write_string(json, "interface", row->interface);
	jsonw_string_field(json, "hook", drop_hook_name(row->hook));
	jsonw_string_field(json, "function", row->function);
	write_string(json, "reason", row->reason);
}

static void end_of(json_writer_t *json)
{
	jsonw_end_object(json);
	jsonw_destroy(&json);
}

static int write_one(const struct stats *stats, FILE *text,
		     const struct row *row, const struct where_event *event)
{
	json_writer_t *json = jsonw_new(text);

	if (!json)
		return -ENOMEM;
	jsonw_start_object(json);
	write_time(stats, json, event->time_ns);
	jsonw_lluint_field(json, "elapsed_ms",
			   (event->time_ns - stats->started_ns) / 1000000);
	write_row(stats, json, row);
	jsonw_lluint_field(json, "protocol", event->protocol);
	jsonw_lluint_field(json, "length", event->length);
	jsonw_bool_field(json, "final", false);
	end_of(json);
	return 0;
}

static void put_row(const struct stats *stats, FILE *text, const char *netns,
		    const char *interface, const char *hook,
		    const char *function, const char *reason)
{
	if (stats->rows->all_netns)
		fprintf(text, " %-16s", netns);
	fprintf(text, " %-16s %-12s %-26s %-20s", interface, hook, function,
		reason);
}

static void show_row(const struct stats *stats, FILE *text,
		     const struct row *row)
{
	put_row(stats, text, row->netns, or_dash(row->interface),
		drop_hook_name(row->hook), row->function, or_dash(row->reason));
}

static void show_heading(const struct stats *stats, FILE *text,
			 const char *first)
{
	fprintf(text, "%10s", first);
	put_row(stats, text, "netns", "interface", "hook", "function",
		"reason");
}

static void show_one(struct stats *stats, FILE *text, const struct row *row,
		     const struct where_event *event)
{
	if (stats->lines++ % LINES_PER_HEADING == 0) {
		show_heading(stats, text, "seconds");
		fprintf(text, " %-8s %s\n", "protocol", "length");
	}
	fprintf(text, "%10.4f",
		(double)(__s64)(event->time_ns - stats->started_ns) /
			SECOND_NS);
	show_row(stats, text, row);
	fprintf(text, " %-8s %u\n", protocol_of(event), event->length);
}

int stats_show_one(struct stats *stats, const struct row *row,
		   const struct where_event *event)
{
	FILE *text = output_text(stats->out);
	int error = 0;

	if (!text)
		return -ENOMEM;
	if (stats->json)
		error = write_one(stats, text, row, event);
	else
		show_one(stats, text, row, event);
	return error ? error : output_add(stats->out, &stats->lost, false);
}

/* Those that are to be shown come first. */
static int by_packets(const void *left, const void *right)
{
	const struct row *a = *(struct row *const *)left;
	const struct row *b = *(struct row *const *)right;
	int order;

	if (a->wanted != b->wanted)
		return a->wanted ? -1 : 1;
	if (a->packets != b->packets)
		return a->packets < b->packets ? 1 : -1;
	order = strcmp(a->interface, b->interface);
	if (!order)
		order = (int)a->hook - (int)b->hook;
	if (!order)
		order = strcmp(a->function, b->function);
	return order;
}

/* Puts the rows in order; returns how many there are to show. */
static size_t sort(const struct rows *rows)
{
	size_t count = 0;

	if (rows->count)
		qsort(rows->list, rows->count, sizeof(*rows->list), by_packets);
	while (count < rows->count && rows->list[count]->wanted &&
	       rows->list[count]->packets)
		count++;
	return count;
}

static int write_sum(const struct stats *stats, FILE *text,
		     const struct row *row)
{
	json_writer_t *json = jsonw_new(text);

	if (!json)
		return -ENOMEM;
	jsonw_start_object(json);
	write_row(stats, json, row);
	jsonw_lluint_field(json, "packets", row->packets);
	jsonw_lluint_field(json, "bytes", row->bytes);
	jsonw_bool_field(json, "final", true);
	end_of(json);
	return 0;
}

static int write_total(const struct stats *stats, FILE *text,
		       const struct stats_total *total)
{
	json_writer_t *json = jsonw_new(text);

	if (!json)
		return -ENOMEM;
	jsonw_start_object(json);
	jsonw_lluint_field(json, "elapsed_ms",
			   (total->now_ns - stats->started_ns) / 1000000);
	jsonw_lluint_field(json, "packets", stats->rows->packets);
	jsonw_lluint_field(json, "lost_events", stats->rows->lost);
	jsonw_lluint_field(json, "missed", total->missed);
	if (stats->capture) {
		jsonw_lluint_field(json, "captured_packets", total->captured);
		jsonw_lluint_field(json, "lost_packets", total->capture_lost);
	}
	jsonw_bool_field(json, "final", true);
	end_of(json);
	return 0;
}

/* The table's first rows, and the total. */
static void show_table(const struct stats *stats, FILE *text, size_t rows,
		       const struct stats_total *total)
{
	size_t i;

	if (rows) {
		show_heading(stats, text, "packets");
		fputs(" bytes\n", text);
	}
	for (i = 0; i < rows; i++) {
		fprintf(text, "%10llu", stats->rows->list[i]->packets);
		show_row(stats, text, stats->rows->list[i]);
		fprintf(text, " %llu\n", stats->rows->list[i]->bytes);
	}
	fprintf(text, "%10llu dropped in %.1f s", stats->rows->packets,
		(double)(total->now_ns - stats->started_ns) / SECOND_NS);
	if (stats->rows->lost)
		fprintf(text, "; %llu events were lost, and only counted",
			stats->rows->lost);
	if (stats->capture)
		fprintf(text, "; captured %llu, lost %llu", total->captured,
			total->capture_lost);
	fputc('\n', text);
}

int stats_redraw(struct stats *stats, const struct stats_total *total)
{
	size_t rows = sort(stats->rows);
	FILE *text = output_text(stats->out);

	if (!text)
		return -ENOMEM;
	if (rows > TOP_ROWS)
		rows = TOP_ROWS;
	/* With a heading and the total. */
	while (rows && !terminal_fits(&stats->terminal, rows + 2))
		rows--;
	if (!rows && !terminal_fits(&stats->terminal, 1))
		return 0;
	show_table(stats, text, rows, total);
	terminal_draw(&stats->terminal, false);
	return 0;
}

static int write_sums(const struct stats *stats, FILE *text, size_t rows,
		      const struct stats_total *total)
{
	int error = 0;
	size_t i;

	for (i = 0; i < rows && !error; i++)
		error = write_sum(stats, text, stats->rows->list[i]);
	return error ? error : write_total(stats, text, total);
}

int stats_show(struct stats *stats, const struct stats_total *total)
{
	size_t rows = sort(stats->rows);
	FILE *text = output_text(stats->out);
	int error = 0;

	if (!text)
		return -ENOMEM;
	if (stats->json)
		error = write_sums(stats, text, rows, total);
	else
		show_table(stats, text, rows, total);
	if (error)
		return error;
	if (terminal_fits(&stats->terminal, 0)) {
		terminal_draw(&stats->terminal, true);
		return 0;
	}
	return output_add(stats->out, &stats->lost_sums, true);
}

void stats_restart(struct stats *stats, __u64 now_ns)
{
	stats->started_ns = now_ns;
	stats->lines = 0;
	stats->terminal.drawn = 0;
}
