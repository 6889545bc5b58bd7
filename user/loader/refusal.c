// SPDX-License-Identifier: GPL-2.0-only
/* Why the kernel's verifier rejects a program, from its log. */
#include "loader/refusal.h"

#include <stdio.h>
#include <string.h>

#include "lib/macros.h"

/* Figures that follow the reason: print_verification_stats() in the kernel. */
static bool is_figures(const char *line)
{
	static const char *const starts[] = { "processed ",
					      "verification time ",
					      "stack depth " };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		if (!strncmp(line, starts[i], strlen(starts[i])))
			return true;
	}
	return !*line;
}

/* Linux 7.3 continues with a longer report of the same. */
static bool is_report(const char *line)
{
	static const char start[] = "Verification failed: ";

	return !strncmp(line, start, strlen(start));
}

static bool is_source(const char *line)
{
	return !strncmp(line, "; ", 2);
}

/* The line of source stays the first one, even if it was many lines ago. */
static void add(struct refusal *refusal, const char *line)
{
	const char **lines = refusal->lines;
	size_t first = refusal->count && is_source(lines[0]), i;

	if (refusal->count == REFUSAL_LINES) {
		for (i = first + 1; i < REFUSAL_LINES; i++)
			lines[i - 1] = lines[i];
		refusal->count--;
	}
	lines[refusal->count++] = line;
}

bool refusal_read(struct refusal *refusal, char *log)
{
	const char *source = NULL, *at;
	char *line;

	*refusal = (struct refusal){};
	while ((line = strsep(&log, "\n")) && !is_report(line)) {
		if (is_figures(line))
			continue;
		if (is_source(line)) {
			source = line;
			refusal->count = 0;
		}
		add(refusal, line);
	}
	if (!refusal->count)
		return false;
	refusal->reason = refusal->lines[refusal->count - 1];
	at = source ? strstr(source, " @ ") : NULL;
	if (at)
		snprintf(refusal->where, sizeof(refusal->where), "%s", at + 3);
	return true;
}
