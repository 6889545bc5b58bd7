// SPDX-License-Identifier: GPL-2.0-only
/* Showing the kernel side's counters: a table, or JSON. */
#include "loader/table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/columns.h"
#include "lib/duration.h"
#include "lib/escape.h"
#include "lib/macros.h"

void counters_json(json_writer_t *json, const struct drop_counters *sum)
{
	static const char *const names[STAT_COUNT][2] = {
		[STAT_PASSED] = { "passed_packets", "passed_bytes" },
		[STAT_DROPPED] = { "dropped_packets", "dropped_bytes" },
		[STAT_OBSERVED] = { "observed_packets", "observed_bytes" },
		[STAT_UNDECIDED] = { "undecided_packets", "undecided_bytes" },
		[STAT_SPARED] = { "spared_packets", "spared_bytes" },
	};
	int kind;

	for (kind = 0; kind < STAT_COUNT; kind++) {
		const struct drop_stats *stats = &sum->stats[kind];

		jsonw_lluint_field(json, names[kind][0], stats->packets);
		jsonw_lluint_field(json, names[kind][1], stats->bytes);
	}
}

/* Of which interface it is, or of how many. */
static void show_place(json_writer_t *json, const struct reading *reading)
{
	if (reading->total) {
		jsonw_lluint_field(json, "interfaces", reading->interfaces);
	} else if (reading->interface) {
		escape_json(json, "interface", reading->interface->name);
		jsonw_lluint_field(json, "ifindex", reading->interface->index);
		escape_json(json, "hook", hook_name(reading->hook));
		if (reading->new_index)
			jsonw_lluint_field(json, "new_ifindex",
					   reading->new_index);
	} else if (!reading->event) {
		jsonw_null_field(json, "interface");
		jsonw_lluint_field(json, "ifindex", 0);
		jsonw_null_field(json, "hook");
	}
}

static void show_counters(json_writer_t *json, const struct display *display,
			  const struct reading *reading)
{
	counters_json(json, &reading->sum);
	if (display->capture) {
		jsonw_lluint_field(json, "captured_packets",
				   reading->counts.captured);
		jsonw_lluint_field(json, "lost_packets", reading->counts.lost);
		jsonw_lluint_field(json, "waiting_packets",
				   reading->counts.waiting);
	}
	if (display->flows && reading->interfaces)
		flows_write(display->flows, json, display->top,
			    counters_matched(&reading->sum).packets);
}

static void show_json(const struct display *display, FILE *text,
		      const struct reading *reading)
{
	json_writer_t *json = jsonw_new(text);
	char time[TIME_TEXT_SIZE];

	if (!json)
		return;
	time_text(clock_ns(CLOCK_REALTIME), 3, time);
	jsonw_start_object(json);
	escape_json(json, "time", time);
	jsonw_lluint_field(json, "elapsed_ms",
			   (unsigned long long)(reading->elapsed * 1000));
	if (reading->event)
		escape_json(json, "event", reading->event);
	escape_json(json, "program", display->program);
	escape_json(json, "version", BPF_DROP_VERSION);
	jsonw_lluint_field(json, "program_id", reading->program_id);
	escape_json(json, "host", display->host);
	jsonw_lluint_field(json, "netns", display->netns);
	show_place(json, reading);
	if (!reading->event)
		show_counters(json, display, reading);
	if (reading->why) {
		escape_json(json, "why", end_name(reading->why));
		jsonw_lluint_field(json, "attached_ms", reading->attached_ms);
	}
	/* Else the sum would be taken for an interface more. */
	if (!reading->event)
		jsonw_bool_field(json, reading->total ? "total" : "final",
				 reading->final);
	jsonw_end_object(json);
	jsonw_destroy(&json);
}

#define AMOUNT_SIZE 16

/* Bits or bytes for people: "0", "940", "1.25M", "23.4G", with @space before the unit. */
static void amount_text(char text[AMOUNT_SIZE], double amount,
			const char *space)
{
	static const char units[] = " kMGT";
	size_t unit = 0;

	while (amount >= 999.5 && unit + 2 < sizeof(units)) {
		amount /= 1000;
		unit++;
	}
	if (unit)
		snprintf(text, AMOUNT_SIZE, "%.3g%s%c", amount, space,
			 units[unit]);
	else
		snprintf(text, AMOUNT_SIZE, "%.0f%s", amount, space);
}

void put_matched(FILE *to, const struct drop_counters *sum, bool observe)
{
	struct drop_stats matched = counters_matched(sum);
	char bytes[AMOUNT_SIZE];

	amount_text(bytes, matched.bytes, " ");
	fprintf(to, "%s %llu packet%s (%sB)", observe ? "observed" : "dropped",
		matched.packets, matched.packets == 1 ? "" : "s", bytes);
}

static struct column columns[] = {
	{ .right = true }, /* time */
	{ .width = 9 }, /* interface */
	{}, /* hook */
	{ .width = 9, .right = true }, /* dropped */
	{ .optional = true, .right = true }, /* packets/s */
	{ .optional = true, .right = true }, /* bits/s */
	{ .width = 8, .optional = true, .right = true }, /* passed */
	{ .width = 9, .optional = true, .right = true }, /* undecided */
	{ .optional = true, .right = true }, /* spared */
	{ .right = true }, /* captured */
	{ .right = true }, /* lost */
	{ .optional = true, .right = true }, /* waiting */
	{}, /* (end) */
};

/* Cells of what a display does not show are empty. */
static void put_heading(const struct display *display, FILE *cells)
{
	fprintf(cells,
		"%s\tinterface\thook\t%s\t%s\tpassed\tundecided\t%s\t%s\t\n",
		display->untimed ? "" : "time",
		display->observe ? "observed" : "dropped",
		display->untimed ? "\t" : "packets/s\tbits/s",
		display->selects ? "spared" : "",
		display->capture ? "captured\tlost\twaiting" : "\t\t");
}

static void put_row(const struct display *display, FILE *cells,
		    const struct reading *reading)
{
	const struct capture_counts *counts = &reading->counts;
	const struct drop_stats *stats = reading->sum.stats;
	struct drop_stats matched = counters_matched(&reading->sum);
	char bits[AMOUNT_SIZE], name[ESCAPED_SIZE(IFNAMSIZ)] = "(unknown)";

	if (reading->interface)
		escape_text(name, sizeof(name), reading->interface->name);
	if (!display->untimed)
		fprintf(cells, "%6.1f", reading->elapsed);
	fprintf(cells, "\t%s\t%s\t%llu", reading->total ? "(total)" : name,
		reading->interface ? hook_name(reading->hook) : "-",
		matched.packets);
	amount_text(bits, 8 * reading->byte_rate, "");
	if (!display->untimed)
		fprintf(cells, "\t%.0f\t%s", reading->packet_rate, bits);
	else
		fputs("\t\t", cells);
	fprintf(cells, "\t%llu\t%llu", stats[STAT_PASSED].packets,
		stats[STAT_UNDECIDED].packets);
	if (display->selects)
		fprintf(cells, "\t%llu", stats[STAT_SPARED].packets);
	else
		fputc('\t', cells);
	if (display->capture)
		fprintf(cells, "\t%llu\t%llu\t%llu", counts->captured,
			counts->lost, counts->waiting);
	else
		fputs("\t\t\t", cells);
	fputs(reading->final && !display->untimed ? "\t(end)\n" : "\t\n",
	      cells);
}

void display_name(struct display *display, const char *program)
{
	display->program = program;
	display->netns = netns_own();
	if (gethostname(display->host, sizeof(display->host)))
		*display->host = '\0';
}

/* How many flows the screen has room for below a frame of so many lines. */
static size_t flows_shown(const struct display *display, size_t lines,
			  bool last)
{
	/* Their heading, the others, and the cursor. */
	size_t room = display->terminal.rows, taken = lines + 3;

	if (last)
		return display->top;
	if (!display->live || taken >= room)
		return 0;
	return room - taken < display->top ? room - taken : display->top;
}

int display_begin(struct display *display, size_t rows, bool last)
{
	size_t lines = 1 + rows + (display->left > 0);

	if (display->json)
		return 0;
	display->cells = columns_begin();
	if (!display->cells)
		return -ENOMEM;
	/* The last frame may be longer than the screen. */
	display->live = terminal_fits(&display->terminal, last ? 0 : lines);
	display->flows_shown =
		display->flows ? flows_shown(display, lines, last) : 0;
	/* With --follow there may be none. */
	if (display->live ||
	    (rows && terminal_heading(display->out, &display->lines, rows)))
		put_heading(display, display->cells);
	return 0;
}

int display_show(struct display *display, const struct reading *reading)
{
	struct output *out = display->out;
	FILE *text;

	if (!display->json) {
		put_row(display, display->cells, reading);
		return 0;
	}
	text = output_text(out);
	if (!text)
		return -ENOMEM;
	show_json(display, text, reading);
	return output_add(
		out, reading->final ? &display->lost_final : &display->lost,
		reading->final || reading->event);
}

/* What stands below the rows. */
static int show_rest(const struct display *display, FILE *text,
		     const struct reading *total)
{
	if (display->live && display->left > 0)
		fprintf(text, "%6.1f s left\n", display->left);
	if (!display->flows_shown)
		return 0;
	return flows_show(display->flows, text, display->flows_shown,
			  counters_matched(&total->sum).packets,
			  terminal_columns(display->out));
}

int display_end(struct display *display, const struct reading *total)
{
	struct output *out = display->out;
	bool last = total->final;
	FILE *text;
	int error;

	if (display->json)
		return output_flush(out);
	text = output_text(out);
	if (!text)
		return -ENOMEM;
	columns_end(text, columns, ARRAY_SIZE(columns), terminal_columns(out));
	error = show_rest(display, text, total);
	if (error)
		return error;
	if (display->live)
		terminal_draw(&display->terminal, last);
	else
		output_add(out, last ? &display->lost_final : &display->lost,
			   last);
	return output_flush(out);
}
