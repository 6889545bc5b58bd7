// SPDX-License-Identifier: GPL-2.0-only
/* Showing deaths: each, and how many were where. */
#include "where/tally.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "json_writer.h"
#include "lib/duration.h"
#include "lib/grow.h"
#include "lib/output.h"

/* A heading for each screenful. */
#define LINES_PER_HEADING 20

/* Of a table that is drawn again and again, if the screen has room for them. */
#define TOP_ROWS 15

static const char *reason_of(const struct death *death)
{
	return death->reason ? death->reason : "-";
}

static bool is_alike(const struct death *a, const struct death *b)
{
	return a->place == b->place && a->place_guessed == b->place_guessed &&
	       a->interface_guessed == b->interface_guessed &&
	       !strcmp(a->interface, b->interface) &&
	       !strcmp(a->function, b->function) &&
	       !strcmp(reason_of(a), reason_of(b));
}

int tally_add(struct tally *tally, const struct death *death)
{
	size_t i;

	for (i = 0; i < tally->count; i++) {
		if (is_alike(&tally->list[i].first, death))
			break;
	}
	if (i == tally->count) {
		struct tally_row *list = grow_list(tally->list, tally->count,
						   sizeof(*tally->list));

		if (!list)
			return -ENOMEM;
		tally->list = list;
		list[i] = (struct tally_row){ .first = *death };
		tally->count++;
	}
	tally->list[i].packets++;
	tally->list[i].bytes += death->length;
	tally->packets++;
	return 0;
}

/* "veth0", "veth0?" if it was guessed, "?" if it could be several. */
static const char *interface_of(const struct death *death)
{
	static char text[IFNAMSIZ + 1];

	snprintf(text, sizeof(text), "%s%s", death->interface,
		 death->interface_guessed ? "?" : "");
	return text;
}

static const char *place_of(const struct death *death)
{
	static char text[32];

	snprintf(text, sizeof(text), "%s%s", death_place_name(death->place),
		 death->place_guessed ? "?" : "");
	return text;
}

static const char *protocol_of(const struct death *death)
{
	static char text[16];

	switch (death->protocol) {
	case ETH_P_IP:
		return "IPv4";
	case ETH_P_IPV6:
		return "IPv6";
	case ETH_P_ARP:
		return "ARP";
	default:
		snprintf(text, sizeof(text), "0x%04x", death->protocol);
		return text;
	}
}

/* CLOCK_MONOTONIC in the calendar's terms */
static void write_time(json_writer_t *json, __u64 ns)
{
	struct timespec mono, real;
	char stamp[32], text[48];
	struct tm utc;
	time_t second;
	__s64 at;

	clock_gettime(CLOCK_MONOTONIC, &mono);
	clock_gettime(CLOCK_REALTIME, &real);
	at = (real.tv_sec - mono.tv_sec) * (__s64)SECOND_NS + real.tv_nsec -
	     mono.tv_nsec + (__s64)ns;
	second = at / (__s64)SECOND_NS;
	gmtime_r(&second, &utc);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text, sizeof(text), "%s.%06lldZ", stamp,
		 (long long)(at % (__s64)SECOND_NS) / 1000);
	jsonw_string_field(json, "time", text);
}

static void write_place(json_writer_t *json, const struct death *death)
{
	if (*death->interface)
		jsonw_string_field(json, "interface", death->interface);
	else
		jsonw_null_field(json, "interface");
	jsonw_bool_field(json, "interface_guessed", death->interface_guessed);
	jsonw_string_field(json, "hook", death_place_name(death->place));
	jsonw_bool_field(json, "hook_guessed", death->place_guessed);
	jsonw_string_field(json, "function", death->function);
	if (death->reason)
		jsonw_string_field(json, "reason", death->reason);
	else
		jsonw_null_field(json, "reason");
}

static int end_of(json_writer_t *json)
{
	jsonw_end_object(json);
	jsonw_destroy(&json);
	return 0;
}

static int write_one(const struct tally *tally, FILE *text,
		     const struct death *death)
{
	json_writer_t *json = jsonw_new(text);

	if (!json)
		return -ENOMEM;
	jsonw_start_object(json);
	write_time(json, death->ns);
	jsonw_lluint_field(json, "elapsed_ms",
			   (death->ns - tally->started_ns) / 1000000);
	write_place(json, death);
	jsonw_lluint_field(json, "protocol", death->protocol);
	jsonw_lluint_field(json, "length", death->length);
	jsonw_bool_field(json, "final", false);
	return end_of(json);
}

static void show_death(struct tally *tally, FILE *text,
		       const struct death *death)
{
	if (tally->lines++ % LINES_PER_HEADING == 0)
		fprintf(text, "%10s %-16s %-12s %-26s %-20s %-8s %s\n",
			"seconds", "interface", "hook", "function", "reason",
			"protocol", "length");
	fprintf(text, "%10.4f %-16s %-12s %-26s %-20s %-8s",
		(double)(__s64)(death->ns - tally->started_ns) / SECOND_NS,
		interface_of(death), place_of(death), death->function,
		reason_of(death), protocol_of(death));
	if (death->length)
		fprintf(text, " %u", death->length);
	fputc('\n', text);
}

int tally_show_one(struct tally *tally, const struct death *death)
{
	FILE *text = output_text(&standard_output);
	int error = 0;

	if (!text)
		return -ENOMEM;
	if (tally->json)
		error = write_one(tally, text, death);
	else
		show_death(tally, text, death);
	return error ? error :
		       output_add(&standard_output, &tally->lost, false);
}

static int by_packets(const void *left, const void *right)
{
	const struct tally_row *a = left, *b = right;
	int order;

	if (a->packets != b->packets)
		return a->packets < b->packets ? 1 : -1;
	order = strcmp(a->first.interface, b->first.interface);
	if (!order)
		order = (int)a->first.place - (int)b->first.place;
	if (!order)
		order = strcmp(a->first.function, b->first.function);
	return order;
}

static int write_sum(const struct tally *tally, FILE *text, size_t i)
{
	json_writer_t *json = jsonw_new(text);

	if (!json)
		return -ENOMEM;
	jsonw_start_object(json);
	write_place(json, &tally->list[i].first);
	jsonw_lluint_field(json, "packets", tally->list[i].packets);
	jsonw_lluint_field(json, "bytes", tally->list[i].bytes);
	jsonw_bool_field(json, "final", true);
	return end_of(json);
}

static int write_total(const struct tally *tally, FILE *text, __u64 now_ns,
		       __u64 lost)
{
	json_writer_t *json = jsonw_new(text);

	if (!json)
		return -ENOMEM;
	jsonw_start_object(json);
	jsonw_lluint_field(json, "elapsed_ms",
			   (now_ns - tally->started_ns) / 1000000);
	jsonw_lluint_field(json, "packets", tally->packets);
	jsonw_lluint_field(json, "lost_events", lost);
	jsonw_bool_field(json, "final", true);
	return end_of(json);
}

static void sort(struct tally *tally)
{
	if (tally->count)
		qsort(tally->list, tally->count, sizeof(*tally->list),
		      by_packets);
}

/* The table's first rows, and the total. */
static void show_table(const struct tally *tally, FILE *text, size_t rows,
		       __u64 now_ns, __u64 lost)
{
	size_t i;

	if (rows)
		fprintf(text, "%10s %-16s %-12s %-26s %-20s %s\n", "packets",
			"interface", "hook", "function", "reason", "bytes");
	for (i = 0; i < rows; i++)
		fprintf(text, "%10llu %-16s %-12s %-26s %-20s %llu\n",
			tally->list[i].packets,
			interface_of(&tally->list[i].first),
			place_of(&tally->list[i].first),
			tally->list[i].first.function,
			reason_of(&tally->list[i].first), tally->list[i].bytes);
	fprintf(text, "%10llu died in %.1f s", tally->packets,
		(double)(now_ns - tally->started_ns) / SECOND_NS);
	if (lost)
		fprintf(text, "; %llu events were lost, so there may be more",
			lost);
	fputc('\n', text);
}

int tally_redraw(struct tally *tally, __u64 now_ns, __u64 lost)
{
	size_t rows = tally->count < TOP_ROWS ? tally->count : TOP_ROWS;
	FILE *text = output_text(&standard_output);

	if (!text)
		return -ENOMEM;
	/* With a heading and the total. */
	while (rows && !terminal_fits(&tally->terminal, rows + 2))
		rows--;
	if (!rows && !terminal_fits(&tally->terminal, 1))
		return 0;
	sort(tally);
	show_table(tally, text, rows, now_ns, lost);
	terminal_draw(&tally->terminal, false);
	return 0;
}

static int write_sums(const struct tally *tally, FILE *text, __u64 now_ns,
		      __u64 lost)
{
	int error = 0;
	size_t i;

	for (i = 0; i < tally->count && !error; i++)
		error = write_sum(tally, text, i);
	return error ? error : write_total(tally, text, now_ns, lost);
}

int tally_show(struct tally *tally, __u64 now_ns, __u64 lost)
{
	FILE *text = output_text(&standard_output);
	int error = 0;

	if (!text)
		return -ENOMEM;
	sort(tally);
	if (tally->json)
		error = write_sums(tally, text, now_ns, lost);
	else
		show_table(tally, text, tally->count, now_ns, lost);
	if (error)
		return error;
	if (terminal_fits(&tally->terminal, 0)) {
		terminal_draw(&tally->terminal, true);
		return 0;
	}
	return output_add(&standard_output, &tally->lost_sums, true);
}

void tally_restart(struct tally *tally, __u64 now_ns)
{
	tally->started_ns = now_ns;
	tally->count = 0;
	tally->packets = 0;
	tally->lines = 0;
	tally->terminal.drawn = 0;
}
