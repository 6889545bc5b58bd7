// SPDX-License-Identifier: GPL-2.0-only
/* Showing the kernel side's counters: a table, or JSON. */
#include "loader/table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/duration.h"
#include "lib/escape.h"

/* A heading for each screenful. */
#define LINES_PER_HEADING 20

void counters_json(json_writer_t *json, const struct drop_counters *sum)
{
	static const char *const names[STAT_COUNT][2] = {
		[STAT_PASSED] = { "passed_packets", "passed_bytes" },
		[STAT_DROPPED] = { "dropped_packets", "dropped_bytes" },
		[STAT_OBSERVED] = { "observed_packets", "observed_bytes" },
		[STAT_UNDECIDED] = { "undecided_packets", "undecided_bytes" },
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
	if (!display->capture)
		return;
	jsonw_lluint_field(json, "captured_packets", reading->counts.captured);
	jsonw_lluint_field(json, "lost_packets", reading->counts.lost);
	jsonw_lluint_field(json, "waiting_packets", reading->counts.waiting);
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

void amount_text(char text[AMOUNT_SIZE], double amount, const char *space)
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

static void show_heading(const struct display *display, FILE *text)
{
	fprintf(text, "%6s %-*s %-*s %9s %9s %6s %8s %9s", "time",
		display->name_width, "interface", display->hook_width, "hook",
		display->observe ? "observed" : "dropped", "packets/s",
		"bits/s", "passed", "undecided");
	if (display->capture)
		fprintf(text, " %8s %8s %8s", "captured", "lost", "waiting");
	fputc('\n', text);
}

static void show_row(const struct display *display, FILE *text,
		     const struct reading *reading)
{
	const struct drop_stats *stats = reading->sum.stats;
	struct drop_stats matched = counters_matched(&reading->sum);
	char bits[AMOUNT_SIZE], name[ESCAPED_SIZE(IFNAMSIZ)] = "(unknown)";

	if (reading->interface)
		escape_text(name, sizeof(name), reading->interface->name);
	amount_text(bits, 8 * reading->byte_rate, "");
	fprintf(text, "%6.1f %-*s %-*s %9llu %9.0f %6s %8llu %9llu",
		reading->elapsed, display->name_width, name,
		display->hook_width,
		reading->interface ? hook_name(reading->hook) : "-",
		matched.packets, reading->packet_rate, bits,
		stats[STAT_PASSED].packets, stats[STAT_UNDECIDED].packets);
	if (display->capture)
		fprintf(text, " %8llu %8llu %8llu", reading->counts.captured,
			reading->counts.lost, reading->counts.waiting);
	fputs(reading->final ? " (end)\n" : "\n", text);
}

void display_name(struct display *display, const char *program)
{
	display->program = program;
	display->netns = netns_own();
	if (gethostname(display->host, sizeof(display->host)))
		*display->host = '\0';
}

static void widen(int *width, const char *word)
{
	if (*width < (int)strlen(word))
		*width = (int)strlen(word);
}

void display_widths(struct display *display,
		    const struct attachment *attachments, size_t count)
{
	char name[ESCAPED_SIZE(IFNAMSIZ)];
	size_t i;

	widen(&display->name_width, "interface");
	for (i = 0; i < count; i++) {
		widen(&display->name_width,
		      escape_text(name, sizeof(name),
				  attachments[i].interface.name));
		widen(&display->hook_width, hook_name(attachments[i].hook));
	}
}

void display_begin(struct display *display, size_t rows, bool last)
{
	FILE *text;

	/* The last frame may be longer than the screen. */
	display->live = terminal_fits(&display->terminal, last ? 0 : rows + 1);
	if (!display->live)
		return;
	text = output_text(display->out);
	if (text)
		show_heading(display, text);
}

int display_show(struct display *display, const struct reading *reading)
{
	struct output *out = display->out;
	FILE *text = display->live ? out->text : output_text(out);

	if (!text)
		return -ENOMEM;
	if (display->json) {
		show_json(display, text, reading);
	} else {
		if (!display->live && display->lines++ % LINES_PER_HEADING == 0)
			show_heading(display, text);
		show_row(display, text, reading);
	}
	if (display->live)
		return 0;
	return output_add(
		out, reading->final ? &display->lost_final : &display->lost,
		reading->final || reading->event);
}

int display_end(struct display *display, bool last)
{
	if (display->live)
		terminal_draw(&display->terminal, last);
	display->live = false;
	return output_flush(display->out);
}
