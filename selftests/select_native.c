// SPDX-License-Identifier: GPL-2.0-only
/*
 * What --only and --except become in the maps, and what the programs, compiled natively, make
 * of it: on frames by chance, against each rule read one by one. Undefined behaviour traps
 * here, see Makefile.
 */
#include <netinet/in.h> /* before <linux/in.h>, which then leaves out what is in both */
#include <time.h>
#define SELECTS 1
#define is_in is_in_prefix
#include "frames/native_kern.h"
#undef is_in
#undef MAYBE
#include "frames/ktap.h"
#include "frames/select_frames.h"
#include "select/compile.c"
#include "select/ipv4.c"
#include "select/pool.c"

#define SMALL_SETS 1200
#define LARGE_SETS 4
#define LARGE_RULES 2000
#define PACKETS 1000 /* of each set, and of a large one so many times 5 */

static struct select_config *constants; /* select_config */
static struct compiled compiled;

/* As the kernel's trie does it; a hash table has the very key, or nothing. */
static void *find_ipv6(const struct select_ipv6 *key)
{
	struct compiled_ipv6 *entry, *longest = NULL;
	struct rule rule = {};
	size_t i;

	for (i = 0; i < compiled.ipv6_count; i++) {
		entry = &compiled.ipv6[i];
		memcpy(rule.address, entry->key.address, sizeof(rule.address));
		rule.length = entry->key.length;
		if (compiled.ipv6_is_trie ?
			    (!longest || longest->key.length < rule.length) &&
				    is_in(&rule, key->address) :
			    !memcmp(&entry->key, key, sizeof(*key)))
			longest = entry;
	}
	return longest ? &longest->class : NULL;
}

static void *select_entry(const void *map, const void *key)
{
	__u32 index = *(const __u32 *)key;

	if (map == &select_ipv6)
		return find_ipv6(key);
	if (map == &select_ipv4)
		return compiled.ipv4;
	if (map == &select_ports && index < compiled.port_count)
		return &compiled.ports[index];
	if (map == &select_classes && index < compiled.class_count)
		return &compiled.classes[index];
	return NULL;
}

static void stand_in_lock(struct bpf_spin_lock *lock)
{
	lock->val++;
}

static void start_set(void)
{
	free(rules.list);
	compiled_free(&compiled);
	rules = (struct rules){};
	*constants = (struct select_config){};
}

static bool compile_set(void)
{
	int error = rules_compile(&rules, constants, &compiled);

	if (error)
		printf("# %zu rules: %s\n", rules.count, strerror(-error));
	return !error;
}

/* Does each lookup stay in the words, and each search in the ranges that are for it? */
static bool is_in_range(void)
{
	const __u32 *words = compiled.ipv4;
	__u32 i, at, count;

	if (!words)
		return true;
	for (i = 0; i <= constants->word_mask; i++) {
		if (words[i] & SELECT_ONE_CLASS)
			continue;
		if (words[i] & SELECT_SPLIT) {
			at = words[i] & ((1U << SELECT_SPLIT_SHIFT) - 1);
			count = 65536 >> (words[i] >> SELECT_SPLIT_SHIFT & 31);
			if (i >= 65536 || at + count - 1 > constants->word_mask)
				return false;
		} else if (words[i] > constants->range_mask) {
			return false;
		}
	}
	return true;
}

/* Runs a program on the frame; it is pulled if it is not all linear. */
static bool is_counted(enum drop_stat kind, bool world)
{
	__u32 linear = roll(4) ? frame.length : roll(frame.length + 1);
	bool tc = !world && roll(2), dropped;

	memset(&kernel, 0, sizeof(kernel));
	dropped = tc	? run_tc(false, linear) == TC_ACT_SHOT :
		  world ? run_xdp(xdp_drop_world, frame.length) == XDP_DROP :
			  run_xdp(xdp_drop_tcp, frame.length) == XDP_DROP;
	return dropped == (kind == STAT_DROPPED) && !kernel.overread &&
	       !kernel.wrong_pull && kernel.counted[0].stats[kind].packets == 1;
}

struct seen {
	unsigned int packets, kinds[STAT_COUNT];
};

static bool is_set_right(size_t count, unsigned int packets, struct seen *seen)
{
	enum drop_stat kind;
	struct built built;
	struct rule rule;
	bool world;

	start_set();
	while (rules.count < count) {
		rule = roll_rule();
		if (!add_rule(&rule))
			return false;
	}
	if (!compile_set() || !is_in_range())
		return false;
	for (; packets; packets--) {
		world = !roll(3);
		built = build_frame();
		kind = expected_stat(&built, world);
		seen->packets++;
		seen->kinds[kind]++;
		if (is_counted(kind, world))
			continue;
		printf("# set of %zu rules, %s: expected stat %d\n", count,
		       world ? "all" : "TCP", kind);
		ktap_dump(frame.data, frame.length);
		return false;
	}
	return true;
}

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
