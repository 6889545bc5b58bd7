// SPDX-License-Identifier: GPL-2.0-only
/*
 * The objects that select, loaded, with rules by chance on frames by chance, against a
 * reading rule by rule; chance, number and time; and that the plain objects have none of it.
 */
#include <netinet/in.h> /* before <linux/in.h>, which then leaves out what is in both */
#include "frames/ktap.h"
#include "frames/loaded_program.h"
#include "frames/programs.h"
#include "frames/select_frames.h"
#include "frames/selecting.h"

#define PAIRS 1000000 /* of frames and sets of rules */
#define FRAMES 3000 /* for each set of rules */

static struct selection selection;

/* Runs it on the frame, @repeat times. @linear: how much of it is linear in an skb; 0: all. */
static int run_on_frame(const struct loaded *loaded, int repeat, __u32 linear,
			__u32 *verdict)
{
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame.data,
			    .data_size_in = frame.length, .repeat = repeat);
	struct __sk_buff skb = { .data_end = linear };

	if (linear && linear < frame.length) {
		opts.ctx_in = &skb;
		opts.ctx_size_in = sizeof(skb);
	}
	if (bpf_prog_test_run_opts(loaded->fd, &opts))
		return -errno;
	*verdict = opts.retval;
	return 0;
}

/* Linux 7.3 lets an skb's linear part end before its ports, 6.18 does not. */
static bool makes_nonlinear(const struct loaded *loaded)
{
	__u32 verdict;

	frame_build(&frame, &frame_cases[0]);
	return run_on_frame(loaded, 1, 34, &verdict) != -EINVAL;
}

static void roll_rules(size_t count)
{
	struct rule rule;

	rules.count = 0;
	while (rules.count < count) {
		rule = roll_rule();
		if (!add_rule(&rule))
			abort();
	}
	selection = (struct selection){ .rules = rules };
}

/* Frames on these rules; false after one that was counted in another way. */
static bool test_frames(const struct loaded *loaded,
			const struct program *program, unsigned long frames,
			unsigned long *tried)
{
	const bool world = program->matches == ANY_FRAME;
	const bool split = program->hook == &tc && makes_nonlinear(loaded);
	struct counted before, after;
	enum drop_stat kind;
	struct built built;
	__u32 verdict = 0;
	int error;

	while (frames--) {
		built = build_frame();
		kind = expected_stat(&built, world);
		loaded_count(loaded, &before);
		/* The kernel makes no skb of a frame without its IP header. */
		error = run_on_frame(loaded, 1, split ? built.linear : 0,
				     &verdict);
		if (error && program->hook == &tc && !built.has_addresses)
			continue;
		loaded_count(loaded, &after);
		++*tried;
		if (!error &&
		    verdict == (kind == STAT_DROPPED ?
					program->hook->drop.value :
					program->hook->pass.value) &&
		    after.slot[0].stats[kind].packets ==
			    before.slot[0].stats[kind].packets + 1)
			continue;
		printf("# %zu rules, %s: error %d, verdict %d, expected stat %d, after %lu\n",
		       rules.count, program->name, error, (int)verdict, kind,
		       *tried);
		ktap_dump(frame.data, frame.length);
		return false;
	}
	return true;
}

static void test_pairs(const struct program *program, unsigned long pairs)
{
	static const size_t sizes[] = { 1, 2, 3, 4, 8, 40, 1000 };
	unsigned long tried = 0;
	struct loaded loaded;
	bool ok = true;
	char name[96];
	size_t i;

	for (i = 0; ok && tried < pairs; i++) {
		roll_rules(sizes[i % ARRAY_SIZE(sizes)]);
		ok = !open_selecting(&loaded, program, &selection, 0, 0) &&
		     test_frames(&loaded, program, FRAMES, &tried);
		if (loaded.object)
			loaded_close(&loaded);
	}
	printf("# %s: %lu frames on %zu sets of rules\n", program->name, tried,
	       i);
	snprintf(name, sizeof(name), "%s: rules and frames by chance",
		 program->name);
	ktap_point(ok, name);
}

static void test_strict(const struct program *program)
{
	static const size_t sizes[] = { 1, 4, 40 };
	struct loaded loaded;
	bool ok = true;
	char name[96];
	size_t i;

	for (i = 0; ok && i < ARRAY_SIZE(sizes); i++) {
		roll_rules(sizes[i]);
		ok = !open_selecting(&loaded, program, &selection,
				     BPF_F_STRICT_ALIGNMENT, 0);
		if (ok)
			loaded_close(&loaded);
	}
	snprintf(name, sizeof(name), "%s: loads under strict alignment",
		 program->name);
	ktap_point(ok, name);
}

/* What the selection makes of so many equal TCP packets. */
static bool run_many(const struct program *program, int packets, __u64 ago_ns,
		     struct drop_counters *sum)
{
	struct counted counted;
	struct loaded loaded;
	__u32 verdict;
	bool ok;

	frame_build(&frame, &frame_cases[0]);
	if (open_selecting(&loaded, program, &selection, 0, ago_ns))
		return false;
	ok = !run_on_frame(&loaded, packets, 0, &verdict) &&
	     !loaded_count(&loaded, &counted);
	*sum = counted.slot[0];
	loaded_close(&loaded);
	return ok;
}

static __u64 dropped_of(const struct program *program, int packets,
			__u64 ago_ns)
{
	struct drop_counters sum;

	if (!run_many(program, packets, ago_ns, &sum) ||
	    sum.stats[STAT_DROPPED].packets + sum.stats[STAT_SPARED].packets !=
		    (__u64)packets)
		return -1;
	return sum.stats[STAT_DROPPED].packets;
}

#define MILLION 1000000
#define HOUR_NS 3600000000000ULL

/* 4 sigma: one run in 16,000 is beyond. */
static void test_ratio(const struct program *program)
{
	double expected = MILLION * 0.1, sigma = 300;
	__u64 dropped;
	bool near;

	selection = (struct selection){ .ratio = (1ULL << 32) / 10 };
	dropped = dropped_of(program, MILLION, 0);
	near = dropped > expected - 4 * sigma && dropped < expected + 4 * sigma;
	if (!ktap_point(near, "--ratio 10%: within 4 sigma of a million"))
		printf("# dropped %llu\n", dropped);
}

static void test_turns(const struct program *program)
{
	bool exact;

	selection = (struct selection){ .every = 7 };
	ktap_point(dropped_of(program, 1000, 0) == 142, "--every 7: exact");
	selection = (struct selection){ .first = 5 };
	ktap_point(dropped_of(program, 1000, 0) == 5, "--first 5: exact");
	selection = (struct selection){ .first = 5, .every = 7 };
	exact = dropped_of(program, 30, 0) == 4;
	exact &= dropped_of(program, 1000, 0) == 5;
	ktap_point(exact, "--every 7 --first 5: exact");
}

static void test_flap(const struct program *program)
{
	bool on, off;

	selection =
		(struct selection){ .on_ns = HOUR_NS, .off_ns = 2 * HOUR_NS };
	on = dropped_of(program, 10, 0) == 10;
	on &= dropped_of(program, 10, HOUR_NS / 2) == 10;
	on &= dropped_of(program, 10, 3 * HOUR_NS + 1) == 10;
	off = !dropped_of(program, 10, HOUR_NS + 1);
	off &= !dropped_of(program, 10, 2 * HOUR_NS);
	ktap_point(on && off,
		   "--on and --off: by the time since it was attached");
}

/* No map and no constants of a selection are in the plain objects. */
static void test_plain(const struct program *program)
{
	static const struct setup setup = { "plain" };
	struct bpf_map *map = NULL;
	struct loaded loaded = {};
	char name[96];
	bool ok = !loaded_open(&loaded, NULL, program->name, &setup);

	while (ok && (map = bpf_object__next_map(loaded.object, map)))
		ok = !strstr(bpf_map__name(map), "select");
	if (loaded.object)
		loaded_close(&loaded);
	snprintf(name, sizeof(name), "%s: the plain object selects nothing",
		 program->name);
	ktap_point(ok, name);
}

int main(void)
{
	unsigned long pairs = PAIRS / COUNT(programs);
	size_t i;

	libbpf_set_print(loaded_print);
	ktap_begin();
	if (!loaded_permitted())
		ksft_exit_skip("needs root with CAP_NET_ADMIN and CAP_BPF\n");
	ksft_set_plan(3 * COUNT(programs) + 5);
	/* An emulated machine takes minutes for a million. */
	if (getenv("EMULATED"))
		pairs /= 20;
	for (i = 0; i < COUNT(programs); i++) {
		test_pairs(&programs[i], pairs);
		test_strict(&programs[i]);
		test_plain(&programs[i]);
	}
	rules.count = 0;
	test_ratio(&programs[1]);
	test_turns(&programs[1]);
	test_flap(&programs[2]);
	ksft_finished();
}
