// SPDX-License-Identifier: GPL-2.0-only
/* Showing drops: each, and how many were where. */
#include "where/stats.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/columns.h"
#include "lib/duration.h"
#include "lib/escape.h"
#include "lib/macros.h"
#include "lib/output.h"

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
		escape_json(json, key, text);
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

static void write_row(const struct stats *stats, json_writer_t *json,
		      const struct row *row)
{
	if (stats->rows->options->all_netns)
		escape_json(json, "netns", row->netns);
	write_string(json, "interface", row->interface);
	escape_json(json, "hook", drop_hook_name(row->hook));
	escape_json(json, "function", row->function);
	write_string(json, "reason", row->reason);
}

static void write_elapsed(const struct stats *stats, json_writer_t *json,
			  __u64 ns)
{
	jsonw_lluint_field(json, "elapsed_ms",
			   (ns - stats->started_ns) / 1000000);
}

static void write_total(const struct stats *stats, json_writer_t *json,
			const struct stats_total *total)
{
	write_elapsed(stats, json, total->now_ns);
	jsonw_lluint_field(json, "packets", stats->rows->packets);
	jsonw_lluint_field(json, "lost_events", stats->rows->lost);
	jsonw_lluint_field(json, "missed", total->missed);
	if (stats->rows->options->common.write) {
		jsonw_lluint_field(json, "captured_packets", total->captured);
		jsonw_lluint_field(json, "lost_packets", total->capture_lost);
	}
}

/* A line for a drop, for the sum of a row without @event, for @total without @row. */
static int write_line(const struct stats *stats, FILE *text,
		      const struct row *row, const struct where_event *event,
		      const struct stats_total *total)
{
	json_writer_t *json = jsonw_new(text);
	char time[TIME_TEXT_SIZE];

	if (!json)
		return -ENOMEM;
	jsonw_start_object(json);
	if (event) {
		time_text(event->time_ns + stats->offset_ns, 6, time);
		escape_json(json, "time", time);
		write_elapsed(stats, json, event->time_ns);
	}
	if (row)
		write_row(stats, json, row);
	if (event) {
		jsonw_lluint_field(json, "protocol", event->protocol);
		jsonw_lluint_field(json, "length", event->length);
	} else if (row) {
		jsonw_lluint_field(json, "packets", row->packets);
		jsonw_lluint_field(json, "bytes", row->bytes);
	} else {
		write_total(stats, json, total);
	}
	jsonw_bool_field(json, "final", !event);
	jsonw_end_object(json);
	jsonw_destroy(&json);
	return 0;
}

/* The cells of a row that all rows have. */
static void put_row(const struct stats *stats, FILE *cells,
		    const struct row *row, const char *hook)
{
	char interface[ESCAPED_SIZE(sizeof(row->interface))];
	char netns[ESCAPED_SIZE(sizeof(row->netns))] = "";

	if (stats->rows->options->all_netns)
		escape_text(netns, sizeof(netns), row->netns);
	escape_text(interface, sizeof(interface), or_dash(row->interface));
	fprintf(cells, "\t%s\t%s\t%s\t%s\t%s\t", netns, interface, hook,
		row->function, or_dash(row->reason));
}

static void put_heading(const struct stats *stats, FILE *cells,
			const char *first, const char *last)
{
	static const struct row heading = {
		.netns = "netns",
		.interface = "interface",
		.function = "function",
		.reason = "reason",
	};

	fputs(first, cells);
	put_row(stats, cells, &heading, "hook");
	fputs(last, cells);
}

static int show_one(struct stats *stats, FILE *text, const struct row *row,
		    const struct where_event *event)
{
	static struct column columns[] = {
		{ .width = 9, .right = true }, /* seconds */
		{}, /* netns */
		{}, /* interface */
		{ .width = 11 }, /* hook */
		{ .width = 26, .least = 16 }, /* function */
		{ .width = 20, .least = 12 }, /* reason */
		{ .optional = true }, /* protocol */
		{ .optional = true }, /* length */
	};
	FILE *cells = columns_begin();

	if (!cells)
		return -ENOMEM;
	if (terminal_heading(stats->out, &stats->lines, 1)) {
		stats->room = terminal_columns(stats->out);
		put_heading(stats, cells, "seconds", "protocol\tlength\n");
	}
	fprintf(cells, "%.4f",
		(double)(__s64)(event->time_ns - stats->started_ns) /
			SECOND_NS);
	put_row(stats, cells, row, drop_hook_name(row->hook));
	fprintf(cells, "%s\t%u\n", protocol_of(event), event->length);
	columns_end(text, columns, ARRAY_SIZE(columns), stats->room);
	return 0;
}

int stats_show_one(struct stats *stats, const struct row *row,
		   const struct where_event *event)
{
	FILE *text = output_text(stats->out);
	int error = 0;

	if (!text)
		return -ENOMEM;
	if (stats->rows->options->common.json)
		error = write_line(stats, text, row, event, NULL);
	else
		error = show_one(stats, text, row, event);
	return error ? error : output_add(stats->out, &stats->lost, false);
}

static int by_packets(const void *left, const void *right)
{
	const struct row *a = *(struct row *const *)left;
	const struct row *b = *(struct row *const *)right;
	int order;

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
	size_t count = rows->count;

	if (count)
		qsort(rows->list, count, sizeof(*rows->list), by_packets);
	while (count && !rows->list[count - 1]->packets)
		count--;
	return count;
}

/* The table's first rows. */
static int show_rows(const struct stats *stats, FILE *text, size_t count)
{
	static struct column columns[] = {
		{ .width = 10, .right = true }, /* packets */
		{}, /* netns */
		{}, /* interface */
		{}, /* hook */
		{ .least = 16 }, /* function */
		{ .least = 12 }, /* reason */
		{ .optional = true }, /* bytes */
	};
	FILE *cells = columns_begin();
	const struct row *row;
	size_t i;

	if (!cells)
		return -ENOMEM;
	put_heading(stats, cells, "packets", "bytes\n");
	for (i = 0; i < count; i++) {
		row = stats->rows->list[i];
		fprintf(cells, "%llu", row->packets);
		put_row(stats, cells, row, drop_hook_name(row->hook));
		fprintf(cells, "%llu\n", row->bytes);
	}
	columns_end(text, columns, ARRAY_SIZE(columns),
		    terminal_columns(stats->out));
	return 0;
}

static void show_sum(const struct stats *stats, FILE *text,
		     const struct stats_total *total)
{
	fprintf(text, "%10llu dropped in %.1f s", stats->rows->packets,
		(double)(total->now_ns - stats->started_ns) / SECOND_NS);
	if (stats->rows->lost)
		fprintf(text, "; %llu events were lost, and only counted",
			stats->rows->lost);
	if (stats->rows->options->common.write)
		fprintf(text, "; captured %llu, lost %llu", total->captured,
			total->capture_lost);
	fputc('\n', text);
}

int stats_show(struct stats *stats, const struct stats_total *total, bool last)
{
	size_t i, rows = sort(stats->rows);
	FILE *text = output_text(stats->out);
	int error = 0;

	if (!last && rows > TOP_ROWS)
		rows = TOP_ROWS;
	/* With a heading and the total. */
	while (!last && rows && !terminal_fits(&stats->terminal, rows + 2))
		rows--;
	if (!last && !rows && !terminal_fits(&stats->terminal, 1))
		return 0;
	if (!text)
		return -ENOMEM;
	if (stats->rows->options->common.json) {
		for (i = 0; i < rows && !error; i++)
			error = write_line(stats, text, stats->rows->list[i],
					   NULL, NULL);
		if (!error)
			error = write_line(stats, text, NULL, NULL, total);
	} else {
		error = rows ? show_rows(stats, text, rows) : 0;
		show_sum(stats, text, total);
	}
	if (error)
		return error;
	if (!terminal_fits(&stats->terminal, 0))
		return output_add(stats->out, &stats->lost_sums, true);
	terminal_draw(&stats->terminal, last);
	return 0;
}

void stats_restart(struct stats *stats, __u64 now_ns)
{
	stats->started_ns = now_ns;
	stats->lines = 0;
	stats->terminal.drawn = 0;
}
