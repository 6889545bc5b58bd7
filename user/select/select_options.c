// SPDX-License-Identifier: GPL-2.0-only
/* The options that say which packets are dropped, how many and when. */
#include "select/select_options.h"

#include <stdint.h>
#include <string.h>

#include "lib/duration.h"
#include "lib/number.h"

/* No short form; other options' keys differ. */
enum {
	KEY_ONLY = 0x2000,
	KEY_EXCEPT,
	KEY_RATIO,
	KEY_EVERY,
	KEY_FIRST,
	KEY_ON,
	KEY_OFF,
};

/* Of a percentage, behind the point: 100 with so many more fits into 32 bits. */
#define DIGITS_MOST 7

static const struct argp_option options[] = {
	{ "only", KEY_ONLY, "SELECTOR", 0,
	  "drop only what matches: ADDRESS[/LENGTH], :PORT[-PORT] or both, of either end, or with src= or dst= before it of that end; IPv6 with a port is [ADDRESS/LENGTH]:PORT; @FILE has one a line",
	  0 },
	{ "except", KEY_EXCEPT, "SELECTOR", 0,
	  "spare what matches, even if --only matches it, too; 'session' is your own SSH session",
	  0 },
	{ "ratio", KEY_RATIO, "P", 0,
	  "drop each packet by chance: 10%, 0.5% or 1/8", 0 },
	{ "every", KEY_EVERY, "N", 0, "drop each Nth packet of an interface",
	  0 },
	{ "first", KEY_FIRST, "N", 0,
	  "drop the first N packets of an interface, then pass all", 0 },
	{ "on", KEY_ON, "DURATION", 0,
	  "drop for so long, then pass for --off, and again", 0 },
	{ "off", KEY_OFF, "DURATION", 0, "see --on", 0 },
	{},
};

/* "10%", "0.5%" or "1/8", exactly, in any locale. */
static bool read_parts(const char *text, __u64 *part, __u64 *whole)
{
	const char *point;
	__u64 behind;

	*whole = 100;
	text = read_number(text, UINT32_MAX, part);
	if (!text)
		return false;
	if (*text == '/') {
		*whole = parse_number(text + 1, UINT32_MAX);
		return *whole;
	}
	if (*text == '.' && *part <= 100) {
		point = text + 1;
		text = read_number(point, UINT32_MAX, &behind);
		if (!text || text - point > DIGITS_MOST)
			return false;
		for (; point < text; point++) {
			*part *= 10;
			*whole *= 10;
		}
		*part += behind;
	}
	return !strcmp(text, "%");
}

/* The nearest of 2^32: only all reach it, and only zero, which is refused, becomes zero. */
static bool read_ratio(const char *text, __u32 *ratio)
{
	__u64 part, whole;

	if (!read_parts(text, &part, &whole) || !part || part > whole)
		return false;
	*ratio = part == whole ? 0 : ((part << 32) + whole / 2) / whole;
	return true;
}

static __u64 parse_count(const char *arg, __u64 most, struct argp_state *state)
{
	__u64 count = parse_number(arg, most);

	if (!count)
		argp_error(
			state,
			"'%s' is no number of packets. Write a whole number from 1 to %llu.",
			arg, most);
	return count;
}

static void parse_selector(struct selection *to, bool except, const char *arg,
			   struct argp_state *state)
{
	char why[RULES_WHY_SIZE];

	if (!strcmp(arg, "session") && except)
		to->session_spared = true;
	else if (!strcmp(arg, "session"))
		argp_error(
			state,
			"--only 'session' would drop your own session alone. Write --except session to spare it.");
	else if (rules_parse(&to->rules, except, arg, why))
		argp_error(state, "%s: %s", except ? "--except" : "--only",
			   why);
}

static __u64 parse_phase(const char *arg, struct argp_state *state)
{
	__u64 ns = parse_duration(arg);

	if (!ns)
		argp_error(
			state,
			"'%s' is not a duration. Write a whole number above zero and a unit: 500ms, 10s, 5m, 2h (a year at most).",
			arg);
	return ns;
}

/* argp_error() adds where help is, and exits with argp_err_exit_status. */
static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct selection *to = state->input;

	switch (key) {
	case KEY_ONLY:
	case KEY_EXCEPT:
		parse_selector(to, key == KEY_EXCEPT, arg, state);
		return 0;
	case KEY_RATIO:
		if (!read_ratio(arg, &to->ratio))
			argp_error(
				state,
				"'%s' is not a ratio above zero. Write a percentage (10%%, 0.5%%, at most %d digits behind the point) or a fraction (1/8).",
				arg, DIGITS_MOST);
		return 0;
	case KEY_EVERY:
		to->every = parse_count(arg, UINT32_MAX, state);
		if (to->every == 1)
			to->every = 0; /* all of them */
		return 0;
	case KEY_FIRST:
		to->first = parse_count(arg, 1ULL << 63, state);
		return 0;
	case KEY_ON:
		to->on_ns = parse_phase(arg, state);
		return 0;
	case KEY_OFF:
		to->off_ns = parse_phase(arg, state);
		return 0;
	case ARGP_KEY_END:
		if (!to->on_ns != !to->off_ns)
			argp_error(
				state,
				"--on and --off belong together: one is how long it drops, the other how long it passes. Give both.");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp select_argp = { .options = options, .parser = parse };
