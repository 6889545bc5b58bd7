// SPDX-License-Identifier: GPL-2.0-only
/*
 * tc_drop_tcp, compiled natively with stand-ins for the helpers it calls, on
 * what a test run in the kernel cannot make: an skb with any part of its bytes
 * linear, one that cannot be pulled, and one whose first tag is metadata.
 *
 * The linear part lies right before memory that may not be touched. Its
 * address has to fit into 32 bits, as in a struct __sk_buff.
 */
#include <errno.h>
#include <string.h>
#include <linux/bpf.h>
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-variable"
#include <bpf/bpf_helpers.h>
#pragma GCC diagnostic pop
#include "frames/frames.h"
#include "frames/guarded.h"
#include "frames/ktap.h"

#define LOW_ADDRESS 0x10000000UL

static long stand_in_pull(struct __sk_buff *skb, __u32 size);
static void *stand_in_lookup(void *map, const void *key);
static __u64 stand_in_clock(void);

/* Sections are the kernel side's alone. */
#undef SEC
#define SEC(name)
#define bpf_skb_pull_data stand_in_pull
#define bpf_map_lookup_elem stand_in_lookup
#define bpf_ktime_get_ns stand_in_clock
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#include "tc_drop_tcp_kern.c"
#pragma GCC diagnostic pop

/* What the program did with an skb. */
struct outcome {
	int verdict;
	int pulls;
	bool overread;
	bool wrong_pull; /* of more than there is */
	struct drop_counters counted;
};

static struct frame frame;
static bool pull_fails;
static struct outcome outcome;

static void make_linear(struct __sk_buff *skb, __u32 size)
{
	memcpy(guard - size, frame.data, size);
	skb->data = (long)(guard - size);
	skb->data_end = (long)guard;
}

static long stand_in_pull(struct __sk_buff *skb, __u32 size)
{
	outcome.pulls++;
	if (size > skb->len)
		outcome.wrong_pull = true;
	else if (size <= skb->data_end - skb->data)
		return 0;
	if (outcome.wrong_pull || pull_fails)
		return -ENOMEM;
	make_linear(skb, size);
	return 0;
}

static void *stand_in_lookup(void *map, const void *key)
{
	if (map != &counters || *(const __u32 *)key)
		return NULL;
	return &outcome.counted;
}

static __u64 stand_in_clock(void)
{
	return 0;
}

static void run(__u32 linear, bool tagged)
{
	struct __sk_buff skb = { .len = frame.length, .ifindex = 1 };

	skb.vlan_present = tagged;
	memset(&outcome, 0, sizeof(outcome));
	make_linear(&skb, linear);
	if (sigsetjmp(overread, 0))
		outcome.overread = true;
	else
		outcome.verdict = tc_drop_tcp(&skb);
}

/* Is this how the frame should be judged and counted? */
static bool judged(enum match match, bool tagged)
{
	static const enum drop_stat kinds[] = {
		[MATCH_NO] = STAT_PASSED,
		[MATCH_YES] = STAT_DROPPED,
		[MATCH_UNDECIDED] = STAT_UNDECIDED,
	};
	struct drop_counters expected = { 0 };

	expected.stats[kinds[match]].packets = 1;
	/* As on the wire. */
	expected.stats[kinds[match]].bytes = frame.length + (tagged ? 4 : 0);
	return outcome.verdict ==
		       (match == MATCH_YES ? TC_ACT_SHOT : TC_ACT_UNSPEC) &&
	       !memcmp(&outcome.counted, &expected, sizeof(expected));
}

static bool sound(enum match match, __u32 linear, bool tagged)
{
	struct oracle seen = oracle_read(frame.data, linear, 0, tagged);
	enum match early = frame_match(seen.carries, IPPROTO_TCP);

	run(linear, tagged);
	if (outcome.overread || outcome.wrong_pull)
		return false;
	/* A pull costs: none without need, and two are enough. */
	if (outcome.pulls > (early == MATCH_UNDECIDED ? 2 : 0))
		return false;
	return judged(pull_fails ? early : match, tagged);
}

static void test(const struct frame_case *wanted, bool tagged, const char *what)
{
	enum match match = frame_match(wanted->carries, IPPROTO_TCP);
	__u32 linear = 0;
	char name[192];
	bool ok = true;

	for (; ok && linear <= frame.length; linear += linear < 512 ? 1 : 61)
		ok = sound(match, linear, tagged);
	/* The steps above may miss the end. */
	ok = ok && sound(match, frame.length, tagged);
	snprintf(name, sizeof(name), "%s: %s", wanted->name, what);
	if (ktap_point(ok, name))
		return;
	printf("# with %u or fewer bytes linear: expected %s, got verdict %d, %d pulls%s%s\n",
	       linear, match_name(match), outcome.verdict, outcome.pulls,
	       outcome.overread ? ", a read beyond the end" : "",
	       outcome.wrong_pull ? ", a pull of too much" : "");
	ktap_dump(frame.data, frame.length);
}

/* Take the frame's first tag away, as a device or the kernel does. */
static bool untag(void)
{
	int type = frame.data[12] << 8 | frame.data[13];

	if (frame.length < 18 || (type != ETH_P_8021Q && type != ETH_P_8021AD))
		return false;
	frame.length -= 4;
	memmove(frame.data + 12, frame.data + 16, frame.length - 12);
	return true;
}

static unsigned int test_all(bool really)
{
	const struct frame_case *wanted;
	unsigned int points = 0;

	for (wanted = frame_cases; wanted->name; wanted++) {
		if (wanted->type != TYPE_ETHERNET)
			continue;
		frame_build(&frame, wanted);
		points += 2;
		if (really) {
			test(wanted, false, "any part linear");
			pull_fails = true;
			test(wanted, false, "the pull fails");
			pull_fails = false;
		}
		if (!untag())
			continue;
		points++;
		if (really)
			test(wanted, true, "first tag as metadata");
	}
	return points;
}

int main(void)
{
	ktap_begin();
	if (guard_make((void *)LOW_ADDRESS) || (unsigned long)guard >> 31) {
		perror("# cannot set up guarded memory");
		return KSFT_FAIL;
	}
	ksft_set_plan(test_all(false));
	test_all(true);
	ksft_finished();
}
