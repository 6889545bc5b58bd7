// SPDX-License-Identifier: GPL-2.0-only
/*
 * The objects that select, loaded, with rules by chance on frames by chance, against a
 * reading rule by rule; chance, number and time; and that the plain objects have none of it.
 */
#include <netinet/in.h> /* before <linux/in.h>, which then leaves out what is in both */
#include "frames/ktap.h"
#include "frames/loaded_program.h"
#include "frames/plain_size.h"
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

/* One packet, and whatever the program says of it. */
static bool is_dropped(const struct loaded *loaded,
		       const struct program *program)
{
	__u32 verdict;

	return !run_on_frame(loaded, 1, 0, &verdict) &&
	       verdict == program->hook->drop.value;
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
		if (error && program->hook == &tc && !built.linear)
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
		few_lengths = i % 2;
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

/* As many ranges as a /16 can have: the longest searches. */
static void test_dense(const struct program *program)
{
	struct rule rule = { .sides = SIDE_EITHER,
			     .family = AF_INET,
			     .length = 32,
			     .address = { 10, 1 } };
	unsigned int at, tries = 2000;
	struct loaded loaded = {};
	bool ok = true;

	rules.count = 0;
	for (at = 0; at < 65536 && ok; at += 2) {
		rule.address[2] = at >> 8;
		rule.address[3] = at;
		ok = add_rule(&rule);
	}
	selection = (struct selection){ .rules = rules };
	ok = ok && !open_selecting(&loaded, program, &selection, 0, 0);
	frame_build(&frame, &frame_cases[0]);
	while (ok && tries--) {
		at = roll(65536);
		memcpy(frame.data + 26, (__u8[]){ 10, 1, at >> 8, at }, 4);
		ok = is_dropped(&loaded, program) == !(at % 2);
	}
	if (loaded.object)
		loaded_close(&loaded);
	ktap_point(ok, "every other address of a /16");
}

/* Next headers, types and codes as RFC 792, 1191, 4443 and 4861 have them. */
static const struct control {
	const char *name;
	__u16 ethernet;
	__u8 carried, type, code;
	bool later; /* a later fragment */
	bool spared;
} controls[] = {
	{ "ARP", ETH_P_ARP, .spared = true },
	{ "RARP", ETH_P_RARP },
	{ "ICMP: echo", ETH_P_IP, 1, 8 },
	{ "ICMP: too big", ETH_P_IP, 1, 3, 4, .spared = true },
	{ "ICMP: no such port", ETH_P_IP, 1, 3, 3 },
	{ "ICMP: type 4", ETH_P_IP, 1, 4, 4 },
	{ "ICMP: a later fragment", ETH_P_IP, 1, 3, 4, .later = true },
	{ "IPv4 with ICMPv6", ETH_P_IP, 58, 135 },
	{ "TCP from a port like that", ETH_P_IP, 6, 3, 4 },
	{ "ICMPv6: no such address", ETH_P_IPV6, 58, 1, 3 },
	{ "ICMPv6: too big", ETH_P_IPV6, 58, 2, .spared = true },
	{ "ICMPv6: echo", ETH_P_IPV6, 58, 128 },
	{ "ICMPv6: a listener is done", ETH_P_IPV6, 58, 132 },
	{ "ICMPv6: which router", ETH_P_IPV6, 58, 133, .spared = true },
	{ "ICMPv6: a router", ETH_P_IPV6, 58, 134, .spared = true },
	{ "ICMPv6: which neighbour", ETH_P_IPV6, 58, 135, .spared = true },
	{ "ICMPv6: a neighbour", ETH_P_IPV6, 58, 136, .spared = true },
	{ "ICMPv6: redirect", ETH_P_IPV6, 58, 137, .spared = true },
	{ "ICMPv6: type 138", ETH_P_IPV6, 58, 138 },
	{ "ICMPv6: a later fragment", ETH_P_IPV6, 58, 135, .later = true },
	{ "IPv6 with ICMP", ETH_P_IPV6, 1, 3, 4 },
	{ "UDP from a port like that", ETH_P_IPV6, 17, 135 },
};

static void put_control(const struct control *control)
{
	struct built built = { .packet.family = AF_INET,
			       .carried = control->carried,
			       .later = control->later };

	frame.length = 0;
	put_noise(12);
	put_word(control->ethernet);
	if (control->ethernet == ETH_P_IP)
		put_ipv4(&built);
	if (control->ethernet == ETH_P_IPV6) {
		put_byte(0x60);
		put_noise(5);
		put_byte(built.later ? IPPROTO_FRAGMENT : built.carried);
		put_noise(1 + 32);
		if (built.later)
			put_extension(IPPROTO_FRAGMENT, built.carried, true);
	}
	put_byte(control->type);
	put_byte(control->code);
}

/* With --except session, neighbours are found and paths' MTUs known, and no more than that. */
static void test_neighbours(const struct program *program)
{
	const struct control *control;
	struct loaded loaded = {};
	bool ok;

	selection = (struct selection){ .session_spared = true };
	ok = !open_selecting(&loaded, program, &selection, 0, 0);
	for (control = controls; control < controls + COUNT(controls) && ok;
	     control++) {
		put_control(control);
		ok = is_dropped(&loaded, program) == !control->spared;
		/* Cut off, it may be anything. */
		frame.length -= control->ethernet == ETH_P_ARP ? 0 : 1;
		if (ok && control->ethernet != ETH_P_ARP)
			ok = is_dropped(&loaded, program);
		if (!ok) {
			printf("# %s\n", control->name);
			ktap_dump(frame.data, frame.length);
		}
	}
	if (loaded.object)
		loaded_close(&loaded);
	ktap_point(ok, "what a spared session needs: ARP, IPv6 ND, too big");
}

/* Nothing of a selection is in the plain objects: no map, no constant, no helper, no code. */
static void test_plain(const struct program *program)
{
	static const struct setup setup = { "plain" };
	struct bpf_map *map = NULL;
	struct loaded loaded = {};
	char name[96];
	bool ok = !loaded_open(&loaded, NULL, program->name, &setup);
	size_t i, count = ok ? bpf_program__insn_cnt(loaded.program) : 0;

	while (ok && (map = bpf_object__next_map(loaded.object, map)))
		ok = !strstr(bpf_map__name(map), "select");
	for (i = 0; ok && i < count; i++)
		ok = !calls_selection(bpf_program__insns(loaded.program) + i);
	ok = ok && has_plain_size(program, count);
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
	ksft_set_plan(3 * COUNT(programs) + 7);
	/* An emulated machine takes minutes for a million. */
	if (getenv("EMULATED"))
		pairs /= 20;
	for (i = 0; i < COUNT(programs); i++) {
		test_pairs(&programs[i], pairs);
		test_strict(&programs[i]);
		test_plain(&programs[i]);
	}
	test_dense(&programs[0]);
	test_neighbours(&programs[0]);
	rules.count = 0;
	test_ratio(&programs[1]);
	test_turns(&programs[1]);
	test_flap(&programs[2]);
	ksft_finished();
}
