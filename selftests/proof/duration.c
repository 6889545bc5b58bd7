// SPDX-License-Identifier: GPL-2.0-only
/*
 * Durations on the command line: 0 where it is none or longer than a year, for every number
 * and text behind it; and what is written, for numbers below 256: more is too much for cbmc.
 * strtoull() is as the C standard has it.
 *
 * prove: 6 any
 */
#include "proof/proof.h"
#include "lib/duration.c"

#define DIGITS 1 /* as many as the text has, in place of any number of them */

static __u64 number; /* that the digits are */
static bool is_more; /* than 64 bits hold */

unsigned long long strtoull(const char *text, char **end, int base)
{
	ASSERT(base == 10 && *text >= '0' && *text <= '9', "decimal digits");
	*end = (char *)text + DIGITS;
	if (!is_more)
		return number;
	errno = ERANGE;
	return ~0ULL;
}

#define YEAR (366 * 24 * 3600ULL) /* or a day more */

/* How many of a unit are a year; 0: it is no unit */
static __u64 most_of(const char *unit)
{
	if (unit[0] == 'm' && unit[1] == 's' && !unit[2])
		return YEAR * 1000;
	if (!unit[0] || unit[1])
		return 0;
	return unit[0] == 's' ? YEAR :
	       unit[0] == 'm' ? YEAR / 60 :
	       unit[0] == 'h' ? YEAR / 3600 :
				0;
}

int main(void)
{
	__u64 any, got, most = 0;
	bool any_more, fits;
	char text[5];

	number = any;
	is_more = any_more;
	text[4] = '\0';
	got = parse_duration(text);
	if (text[0] >= '0' && text[0] <= '9')
		most = most_of(text + DIGITS);
	fits = !is_more && number <= most;
	ASSERT(got <= YEAR * 1000000000, "no longer than a year");
	ASSERT(fits || !got, "nothing else");
	if (fits && number < 256)
		ASSERT(got == number * (most ? YEAR * 1000000000 / most : 0),
		       "that");
	return 0;
}
