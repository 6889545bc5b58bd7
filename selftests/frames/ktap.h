/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KTAP on standard output: a plan, then one line for each test point, each
 * followed by "# " lines that say more.
 */
#ifndef KTAP_H
#define KTAP_H

#include <stdbool.h>
#include <stdio.h>

#define KTAP_PASS 0
#define KTAP_FAIL 1
#define KTAP_SKIP 4

#define KTAP_DUMP_MAX 512 /* bytes of a frame that a reader may want to see */

struct ktap {
	unsigned int planned;
	unsigned int passed;
	unsigned int failed;
	unsigned int skipped;
};

/* First of all. Whole lines reach the reader even if the test crashes. */
static inline void ktap_begin(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n");
}

static inline void ktap_plan(struct ktap *ktap, unsigned int points)
{
	ktap->planned = points;
	printf("1..%u\n", points);
}

/* Nothing can be tested here, and why. Returns what to exit with. */
static inline int ktap_skip_all(const char *why)
{
	printf("1..0 # SKIP %s\n", why);
	return KTAP_SKIP;
}

static inline unsigned int ktap_done(const struct ktap *ktap)
{
	return ktap->passed + ktap->failed + ktap->skipped;
}

static inline bool ktap_point(struct ktap *ktap, bool ok, const char *name)
{
	ok ? ktap->passed++ : ktap->failed++;
	printf("%s %u %s\n", ok ? "ok" : "not ok", ktap_done(ktap), name);
	return ok;
}

static inline void ktap_skip(struct ktap *ktap, const char *name,
			     const char *why)
{
	ktap->skipped++;
	printf("ok %u %s # SKIP %s\n", ktap_done(ktap), name, why);
}

static inline void ktap_dump(const unsigned char *data, size_t length)
{
	size_t i;

	printf("# the frame, %zu bytes:", length);
	for (i = 0; i < length && i < KTAP_DUMP_MAX; i++) {
		if (i % 16 == 0)
			printf("\n#   %04zx ", i);
		printf(" %02x", data[i]);
	}
	printf("%s\n", i < length ? " ..." : "");
}

/* The last line, and what to exit with. A missing point is a failure. */
static inline int ktap_finish(const struct ktap *ktap)
{
	printf("# Totals: pass:%u fail:%u xfail:0 xpass:0 skip:%u error:0\n",
	       ktap->passed, ktap->failed, ktap->skipped);
	if (ktap_done(ktap) != ktap->planned) {
		printf("# planned %u points, made %u\n", ktap->planned,
		       ktap_done(ktap));
		return KTAP_FAIL;
	}
	return ktap->failed ? KTAP_FAIL : KTAP_PASS;
}

#endif
