// SPDX-License-Identifier: GPL-2.0-only
/* Durations on the command line, and clocks. */
#include "lib/duration.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/macros.h"

__u64 parse_duration(const char *text)
{
	static const struct {
		const char *unit;
		__u64 ns;
	} units[] = {
		{ "ms", SECOND_NS / 1000 },
		{ "s", SECOND_NS },
		{ "m", 60 * SECOND_NS },
		{ "h", 3600 * SECOND_NS },
	};
	__u64 value;
	char *end;
	size_t i;

	if (*text < '0' || *text > '9')
		return 0;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno)
		return 0;
	for (i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(end, units[i].unit))
			continue;
		if (value > LONGEST_S * SECOND_NS / units[i].ns)
			return 0;
		return value * units[i].ns;
	}
	return 0;
}

__u64 clock_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return now.tv_sec * SECOND_NS + now.tv_nsec;
}

/*
 * A process that is held up between the clocks would be wrong by as much, so the
 * quickest of some tries counts.
 */
__u64 clock_offset_ns(void)
{
	__u64 before, now, took, offset = 0, least = ~0ULL;
	int i;

	for (i = 0; i < 3; i++) {
		before = clock_ns(CLOCK_MONOTONIC);
		now = clock_ns(CLOCK_REALTIME);
		took = clock_ns(CLOCK_MONOTONIC) - before;
		if (took >= least)
			continue;
		least = took;
		offset = now - before - took / 2;
	}
	return offset;
}

void time_text(__u64 ns, int digits, char text[TIME_TEXT_SIZE])
{
	time_t second = ns / SECOND_NS;
	char fraction[10];
	struct tm utc;
	size_t length;

	gmtime_r(&second, &utc);
	length = strftime(text, TIME_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(fraction, sizeof(fraction), "%09llu", ns % SECOND_NS);
	snprintf(text + length, TIME_TEXT_SIZE - length, ".%.*sZ", digits,
		 fraction);
}
