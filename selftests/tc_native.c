// SPDX-License-Identifier: GPL-2.0-only
/*
 * tc_drop_tcp, compiled natively, on what a test run in the kernel cannot make: an skb with any
 * part of its bytes linear, one that cannot be pulled, and one whose first tag is metadata.
 * And the XDP programs on the same frames.
 */
#include "frames/native_kern.h"
#include "frames/ktap.h"

static int verdict;

static void run(__u32 linear, bool tagged)
{
	bool fails = kernel.fails;

	memset(&kernel, 0, sizeof(kernel));
	kernel.fails = fails;
	verdict = run_tc(tagged, linear);
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
	return verdict == (match == MATCH_YES ? TC_ACT_SHOT : TC_ACT_UNSPEC) &&
	       !memcmp(kernel.counted, &expected, sizeof(expected));
}

static bool sound(enum match match, __u32 linear, bool tagged)
{
	struct oracle seen = oracle_read(frame.data, linear, 0, tagged);
	enum match early = frame_match(seen.carries, IPPROTO_TCP);

	run(linear, tagged);
	if (kernel.overread || kernel.wrong_pull)
		return false;
	/* A pull costs: none without need, and two are enough. */
	if (kernel.pulls > (early == MATCH_UNDECIDED ? 2 : 0))
		return false;
	return judged(kernel.fails ? early : match, tagged);
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
	       linear, match_name(match), verdict, kernel.pulls,
	       kernel.overread ? ", a read beyond the end" : "",
	       kernel.wrong_pull ? ", a pull of too much" : "");
	ktap_dump(frame.data, frame.length);
}

/* The same frame at XDP, for TCP and for all. */
static void test_xdp(const struct frame_case *wanted)
{
	enum match match = frame_match(wanted->carries, IPPROTO_TCP);
	char name[192];
	bool ok;

	memset(&kernel, 0, sizeof(kernel));
	ok = run_xdp(xdp_drop_tcp, frame.length) ==
	     (match == MATCH_YES ? XDP_DROP : XDP_PASS);
	ok = ok && run_xdp(xdp_drop_world, frame.length) == XDP_DROP;
	ok = ok && !kernel.overread;
	snprintf(name, sizeof(name), "%s: at XDP", wanted->name);
	if (!ktap_point(ok, name))
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
		points += 3;
		if (really) {
			test_xdp(wanted);
			test(wanted, false, "any part linear");
			kernel.fails = true;
			test(wanted, false, "the pull fails");
			kernel.fails = false;
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
	if (native_make()) {
		perror("# cannot set up guarded memory");
		return KSFT_FAIL;
	}
	ksft_set_plan(test_all(false));
	test_all(true);
	ksft_finished();
}
