/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KTAP on standard output, by the kernel's own kselftest.h, and what that lacks: a point
 * as a condition, a skipped one with its name, the frame that a point is about.
 */
#ifndef KTAP_H
#define KTAP_H

#include <kselftest.h>
#include <stdbool.h>

#define KTAP_DUMP_MAX 512 /* bytes of a frame that a reader may want to see */

/* First of all. Whole lines reach the reader even if the test crashes. */
static inline void ktap_begin(void)
{
	setvbuf(stdout, NULL, _IOLBF,
		0); /* as kselftest.h does since Linux 6.10 */
	ksft_print_header();
}

static inline bool ktap_point(bool ok, const char *name)
{
	ksft_test_result(ok, "%s\n", name);
	return ok;
}

static inline void ktap_skip(const char *name, const char *why)
{
	ksft_inc_xskip_cnt();
	printf("ok %u %s # SKIP %s\n", ksft_test_num(), name, why);
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

#endif
