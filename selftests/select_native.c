// SPDX-License-Identifier: GPL-2.0-only
/*
 * What --only and --except become in the maps, and what the programs make of it: see
 * frames/select_lookup.h. Undefined behaviour traps here, see Makefile.
 */
#include <time.h>
#include "frames/select_lookup.h"

#define SMALL_SETS 1200
#define LARGE_SETS 4
#define LARGE_RULES 2000
#define PACKETS 1000 /* of each set, and of a large one so many times 5 */

static void test_random(void)
{
	struct seen seen = {};
	bool ok = true;
	int set, sets = SMALL_SETS;

	/* An emulated machine takes minutes for all. */
	if (getenv("EMULATED"))
		sets /= 20;
	for (set = 0; set < sets && ok; set++)
		ok = is_set_right(roll(roll(2) ? 8 : 41), PACKETS, &seen);
	ktap_point(ok, "small sets of rules");
	for (set = 0; set < LARGE_SETS && ok; set++)
		ok = is_set_right(LARGE_RULES, 5 * PACKETS, &seen);
	ktap_point(ok, "large sets of rules");
	printf("# %u frames: %u dropped, %u spared, %u undecided\n",
	       seen.packets, seen.kinds[STAT_DROPPED], seen.kinds[STAT_SPARED],
	       seen.kinds[STAT_UNDECIDED]);
	/* Or else the runs above show little. */
	ok = seen.packets > (unsigned int)sets * PACKETS / 2 &&
	     seen.kinds[STAT_DROPPED] > seen.packets / 20 &&
	     seen.kinds[STAT_SPARED] > seen.packets / 20 &&
	     seen.kinds[STAT_UNDECIDED] > seen.packets / 20;
	ktap_point(ok, "each verdict is frequent");
}

/* A negative @port: all of them. */
static bool add_ipv4(__u32 address, __u8 length, int port)
{
	struct rule rule = {
		.sides = SIDE_EITHER,
		.family = AF_INET,
		.length = length,
		.has_ports = port >= 0,
		.low = port,
		.high = port,
	};

	address = htonl(address);
	memcpy(rule.address, &address, sizeof(address));
	return add_rule(&rule);
}

/* As many ranges as a /16 can have, the last one of all addresses among them. */
static void test_dense(void)
{
	static const __u32 where[] = { 0, 0x0a010000, 0xffff0000 };
	struct ends ends = {};
	bool ok = true;
	__u32 at, i;

	for (at = 0; at < ARRAY_SIZE(where) && ok; at++) {
		start_set();
		for (i = 0; i < 65536 && ok; i += 2)
			ok = add_ipv4(where[at] + i, 32, -1);
		ok = ok && compile_set() && is_in_range() &&
		     constants->steps <= SELECT_MOST_STEPS;
		ends.table = compiled.ipv4;
		for (i = 0; i < 65536 && ok; i++) {
			ends.address[0][0] = htonl(where[at] + i);
			ok = hit_end(4, &ends, 0) == (i % 2 ? 0 : HIT);
		}
		if (!ok)
			printf("# at %08x\n", where[at] + i - 1);
	}
	ktap_point(ok, "every other address of a /16");
}

/* Rules of one prefix each, @step apart, with one port of @ports or none. */
static int spread(const char *what, __u32 count, __u32 step, __u8 length,
		  __u32 ports)
{
	clock_t begun;
	int error;
	__u32 i;

	start_set();
	for (i = 0; i < count; i++) {
		if (!add_ipv4(i * step, length, ports ? (int)(i % ports) : -1))
			return -ENOMEM;
	}
	begun = clock();
	error = rules_compile(&rules, constants, &compiled);
	printf("# %s: %zu ms, %u steps, %zu KiB\n", what,
	       (size_t)(clock() - begun) * 1000 / CLOCKS_PER_SEC,
	       constants->steps, compiled.ipv4_size / 1024);
	return error;
}

static void test_sizes(void)
{
	bool ok;

	ok = !spread("10,000 spread", 10000, 400009, 32, 0) &&
	     !spread("10,000 in a /16", 10000, 6, 32, 0) &&
	     !spread("100,000 spread", 100000, 40009, 32, 0) &&
	     !spread("100,000 with ports", 100000, 40009, 32, 1000) &&
	     !spread("100,000 beside each other", 100000, 256, 24, 0);
	ktap_point(ok, "large sets of rules fit");
	ok = spread("too many ranges", 140000, 512, 24, 0) == -E2BIG &&
	     spread("too many sets of ports", 20000, 512, 24, 20000) == -E2BIG;
	ktap_point(ok && !compiled.classes, "what does not fit is told");
}

int main(void)
{
	ktap_begin();
	if (native_make()) {
		perror("# cannot set up guarded memory");
		return KSFT_FAIL;
	}
	constants = writable(&select_config);
	ksft_set_plan(6);
	test_random();
	test_dense();
	test_sizes();
	start_set();
	ksft_finished();
}
