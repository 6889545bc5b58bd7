// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the programs do with a packet after they have matched it, compiled natively: policy,
 * stats, capture, trace, turns and neighbours, with the times, numbers and failures that a
 * test run in the kernel cannot have on purpose. Undefined behaviour traps here, see Makefile.
 */
#define SELECTS 1
#include "frames/native_kern.h"
#include "frames/ktap.h"
#include "lib/macros.h"

#define TCP "ipv4, tcp, full segment"
#define UDP "ipv4, udp"
#define DEEP "ipv6, nine headers, tcp" /* undecided */

/* The programs' constants. */
static struct drop_config *modes;
static struct select_config *selects;

static struct select_turn turn;
static __u64
	meanwhile; /* packets that another CPU drops before the lock is ours */

static void *select_entry(const void *map, const void *key)
{
	static struct select_class no_ports = { { [ONLY_SOURCE] =
							  PORTS_SETS } };
	__u32 index = *(const __u32 *)key;

	if (map == &select_turns && !index)
		return &turn;
	return map == &select_classes && index == 2 ? &no_ports : NULL;
}

static void stand_in_lock(struct bpf_spin_lock *lock)
{
	lock->val++;
	turn.dropped += meanwhile;
}

static void load(const char *name)
{
	const struct frame_case *wanted = frame_cases;

	while (strcmp(wanted->name, name))
		wanted++;
	frame_build(&frame, wanted);
}

/* Everything as if just loaded with these modes. */
static void start(__u32 on)
{
	memset(&kernel, 0, sizeof(kernel));
	memset(&turn, 0, sizeof(turn));
	memset(&state, 0, sizeof(state));
	*selects = (struct select_config){};
	*modes = (struct drop_config){ .modes = on, .snaplen = 60 };
	meanwhile = 0;
}

/* Do both programs count the frame so, on this entry, and drop it if they should? */
static bool both_count(enum drop_stat kind, int slot)
{
	const struct drop_stats *stats = &kernel.counted[slot].stats[kind];
	const bool drop = kind == STAT_DROPPED;

	memset(kernel.counted, 0, sizeof(kernel.counted));
	return (run_tc(false, frame.length) == TC_ACT_SHOT) == drop &&
	       (run_xdp(xdp_drop_tcp, frame.length) == XDP_DROP) == drop &&
	       stats->packets == 2 && stats->bytes == 2 * frame.length &&
	       !kernel.overread;
}

static const struct policy_case {
	const char *name, *frame;
	__u32 modes;
	enum drop_stat kind;
	__u64 deadline_ns; /* it is 10 now */
} policies[] = {
	{ "TCP", TCP, 0, STAT_DROPPED },
	{ "UDP", UDP, MODE_DROP_UNDECIDED, STAT_PASSED },
	{ "observed", TCP, MODE_OBSERVE, STAT_OBSERVED },
	{ "undecided", DEEP, MODE_OBSERVE, STAT_UNDECIDED },
	{ "undecided, dropped", DEEP, MODE_DROP_UNDECIDED, STAT_DROPPED },
	{ "a deadline to come", TCP, MODE_DEADLINE, STAT_DROPPED, 11 },
	{ "a deadline now", TCP, MODE_DEADLINE, STAT_PASSED, 10 },
	{ "no deadline", TCP, MODE_DEADLINE, STAT_DROPPED, DROP_NO_DEADLINE },
	{ "a deadline not asked for", TCP, MODE_MANY, STAT_DROPPED, 10 },
	{ "frags", TCP, MODE_FRAGS, STAT_DROPPED },
};

static void test_policy(const struct policy_case *wanted)
{
	start(wanted->modes);
	kernel.now_ns = 10;
	state.deadline_ns = wanted->deadline_ns;
	load(wanted->frame);
	ktap_point(both_count(wanted->kind, 0), wanted->name);
}

static void test_slots(void)
{
	bool ok;

	load(TCP);
	start(MODE_MANY);
	kernel.slot.counters = 1;
	ok = both_count(STAT_DROPPED, 1);
	modes->unknown = 1;
	kernel.empty = &slots;
	ktap_point(ok && both_count(STAT_DROPPED, 1),
		   "an interface of many, and one that is unknown");

	start(MODE_CAPTURE);
	kernel.empty = &counters;
	ok = run_tc(false, frame.length) == TC_ACT_SHOT &&
	     run_xdp(xdp_drop_tcp, frame.length) == XDP_DROP;
	ktap_point(ok, "dropped, if it cannot be counted");
}

/* After one packet: its record if there is one, and which counter has moved. */
static bool is_captured(__u32 length, bool tagged, __u64 flags)
{
	struct drop_record wanted = {
		.time_ns = kernel.now_ns,
		.ifindex = LINKED,
		.length = frame.length,
		.captured = length,
		.queue = QUEUE,
		.tag_protocol = tagged ? ETH_P_8021Q : 0,
		.tag_tci = tagged ? 10 : 0,
	};

	return kernel.counted[0].captured == 1 && !kernel.counted[0].lost &&
	       kernel.size == sizeof(wanted) + length &&
	       kernel.flags == flags &&
	       !memcmp(&record.head, &wanted, sizeof(wanted)) &&
	       !memcmp(record.bytes, frame.data, length) && !buffer.head.users;
}

/* Both programs on the frame. */
static bool both_lose(void)
{
	memset(kernel.counted, 0, sizeof(kernel.counted));
	run_tc(false, frame.length);
	run_xdp(xdp_drop_tcp, frame.length);
	return kernel.counted[0].lost == 2 && !kernel.counted[0].captured &&
	       !kernel.size;
}

static void test_capture(void)
{
	bool ok;

	load(TCP);
	start(MODE_CAPTURE | MODE_OBSERVE);
	kernel.now_ns = 5;
	run_tc(true, frame.length);
	ok = is_captured(60, true, BPF_RB_NO_WAKEUP);
	start(MODE_CAPTURE);
	modes->snaplen = DROP_SNAPLEN_MAX;
	kernel.waiting = CAPTURE_WAKE - 1;
	run_tc(false, frame.length);
	ktap_point(ok && is_captured(frame.length, false, BPF_RB_FORCE_WAKEUP),
		   "captured at TC");

	start(MODE_CAPTURE);
	run_xdp(xdp_drop_world, frame.length);
	ok = is_captured(60, false, BPF_RB_NO_WAKEUP);
	/* Of several buffers, the first one has the headers. */
	start(MODE_CAPTURE | MODE_FRAGS);
	modes->snaplen = DROP_SNAPLEN_MAX;
	run_xdp(xdp_drop_tcp, 54);
	ktap_point(ok && is_captured(frame.length, false, BPF_RB_NO_WAKEUP),
		   "captured at XDP");

	start(MODE_CAPTURE);
	kernel.empty = &scratch;
	ok = both_lose();
	kernel.empty = NULL;
	buffer.head.users = 1;
	ok = ok && both_lose() && buffer.head.users == 1;
	buffer.head.users = 0;
	kernel.fails = true;
	ktap_point(ok && both_lose() && !buffer.head.users,
		   "lost: no buffer, one in use, bytes that cannot be read");

	start(MODE_CAPTURE);
	kernel.full = true;
	ok = both_lose();
	load(UDP);
	ktap_point(ok && !both_lose() && !kernel.counted[0].lost,
		   "lost: no room; what passes is not captured");
}

static bool is_traced(const char *name, __u32 on, const char *word)
{
	char *traced = kernel.traced;
	bool ok;

	start(on);
	load(name);
	run_tc(false, frame.length);
	ok = word ? !!strstr(traced, word) : !*traced;
	*traced = '\0';
	run_xdp(xdp_drop_tcp, frame.length);
	return ok && (word ? !!strstr(traced, word) : !*traced);
}

static void test_trace(void)
{
	bool ok = is_traced(TCP, MODE_TRACE, ": dropped") &&
		  is_traced(TCP, MODE_TRACE | MODE_OBSERVE, ": observed") &&
		  is_traced(DEEP, MODE_TRACE, ": undecided") &&
		  is_traced(UDP, MODE_TRACE, NULL) && is_traced(TCP, 0, NULL);

	ktap_point(ok, "traced: all but what passes");
}

/* How many of so many equal packets are dropped, and the rest spared; -1: another result. */
static int dropped_of(int packets)
{
	const struct drop_stats *stats = kernel.counted[0].stats;
	int i;

	memset(kernel.counted, 0, sizeof(kernel.counted));
	for (i = 0; i < packets; i++)
		run_tc(false, frame.length);
	if (stats[STAT_DROPPED].packets + stats[STAT_SPARED].packets !=
	    (__u64)packets)
		return -1;
	return stats[STAT_DROPPED].packets;
}

static void test_due(void)
{
	bool ok;

	load(TCP);
	start(0);
	selects->flags = SELECT_RATIO;
	selects->ratio = 100;
	kernel.chance = 99;
	ok = dropped_of(2) == 2;
	kernel.chance = 100;
	ktap_point(ok && !dropped_of(2), "a ratio");

	start(0);
	selects->flags = SELECT_FLAP;
	selects->on_ns = 10;
	selects->period_ns = 30;
	state.started_ns = 1000;
	kernel.now_ns = 1009;
	ok = dropped_of(1) == 1;
	kernel.now_ns = 1010;
	ok = ok && !dropped_of(1);
	kernel.now_ns = 1030;
	ktap_point(ok && dropped_of(1) == 1, "on and off");

	start(0);
	selects->flags = SELECT_EVERY;
	selects->every = 3;
	ok = dropped_of(10) == 3 && !turn.lock.val;
	kernel.empty = &select_turns;
	ok = ok && !dropped_of(10);
	start(0);
	selects->flags = SELECT_EVERY | SELECT_FIRST;
	selects->every = 3;
	selects->first = 2;
	ktap_point(ok && dropped_of(10) == 2, "every third, and only two");

	start(0);
	selects->flags = SELECT_FIRST;
	selects->first = 2;
	ok = dropped_of(10) == 2;
	turn.dropped = 1;
	meanwhile = 1;
	ktap_point(ok && !dropped_of(1) && turn.dropped == 2,
		   "the last one is dropped on another CPU meanwhile");
}

/* What the loader fills and the walk has read: the programs have to ask all the same. */
static void test_empty(void)
{
	struct where where = {};
	bool ok;

	load(TCP);
	start(0);
	selects->flags = SELECT_ONLY;
	selects->lookup4 = LOOKUP_MANY;
	ok = both_count(STAT_SPARED, 0);
	selects->lookup4 = LOOKUP_FEW;
	selects->count4 = 1;
	selects->few4[0].class = 1U << SELECT_ENDS;
	ok = ok && both_count(STAT_SPARED, 0);
	selects->flags |= SELECT_PORTS;
	ok = ok && both_count(STAT_SPARED, 0);
	selects->few4[0].class = 2U << SELECT_ENDS;
	ok = ok && both_count(STAT_SPARED, 0) &&
	     !hit_packet(4, sizeof(struct iphdr), MATCH_YES, &where, guard - 10,
			 guard);
	ktap_point(ok, "no rule is found: empty maps, half a header");

	load("arp");
	memset(kernel.counted, 0, sizeof(kernel.counted));
	ok = run_xdp(xdp_drop_world, frame.length) == XDP_PASS;
	ktap_point(ok && kernel.counted[0].stats[STAT_SPARED].packets == 1,
		   "no rule is for a frame without IP");
}

/* The beginning of a packet: Ethernet, IP, and the first bytes of what that carries. */
static const struct neighbour_case {
	const char *name;
	__u16 protocol; /* EtherType */
	__u8 carried, type, code, offset; /* of a fragment */
	__u8 cut; /* so many bytes are missing */
	enum drop_stat kind;
} neighbours[] = {
	{ "ARP", ETH_P_ARP, .kind = STAT_SPARED },
	{ "LLDP", 0x88cc, .kind = STAT_DROPPED },
	{ "ICMP: too big", ETH_P_IP, 1, 3, 4, .kind = STAT_SPARED },
	{ "ICMP: port unreachable", ETH_P_IP, 1, 3, 3, .kind = STAT_DROPPED },
	{ "ICMP: echo", ETH_P_IP, 1, 8, 4, .kind = STAT_DROPPED },
	{ "UDP, bytes as of ICMP", ETH_P_IP, 17, 3, 4, .kind = STAT_DROPPED },
	{ "ICMP, a later fragment", ETH_P_IP, 1, 3, 4, 1,
	  .kind = STAT_DROPPED },
	{ "ICMP without its code", ETH_P_IP, 1, 3, 4, .cut = 1,
	  .kind = STAT_DROPPED },
	{ "IPv4, cut off", ETH_P_IP, 1, 3, 4, .cut = 3, .kind = STAT_DROPPED },
	{ "ICMPv6: too big", ETH_P_IPV6, 58, 2, .kind = STAT_SPARED },
	{ "ICMPv6: router solicitation", ETH_P_IPV6, 58, 133,
	  .kind = STAT_SPARED },
	{ "ICMPv6: redirect", ETH_P_IPV6, 58, 137, .kind = STAT_SPARED },
	{ "ICMPv6: listener report", ETH_P_IPV6, 58, 132,
	  .kind = STAT_DROPPED },
	{ "ICMPv6: renumbering", ETH_P_IPV6, 58, 138, .kind = STAT_DROPPED },
	{ "TCP, bytes as of ICMPv6", ETH_P_IPV6, 6, 135, .kind = STAT_DROPPED },
	{ "IPv6, too deep", ETH_P_IPV6, 254, 135, .kind = STAT_DROPPED },
};

static void test_neighbour(const struct neighbour_case *wanted)
{
	__u8 *ip = frame.data + ETH_HLEN, *icmp = ip + 20;
	char name[96];
	bool ok;

	memset(frame.data, 0, 128);
	frame.data[12] = wanted->protocol >> 8;
	frame.data[13] = wanted->protocol & 0xff;
	if (wanted->protocol == ETH_P_IPV6) {
		icmp = ip + 40;
		ip[0] = 0x60;
		ip[6] = wanted->carried;
	} else {
		ip[0] = 0x45;
		ip[7] = wanted->offset;
		ip[9] = wanted->carried;
	}
	icmp[0] = wanted->type;
	icmp[1] = wanted->code;
	frame.length = icmp + 2 - frame.data - wanted->cut;
	start(0);
	selects->flags = SELECT_NEIGHBOURS;
	run_xdp(xdp_drop_world, frame.length);
	snprintf(name, sizeof(name), "neighbours spared: %s", wanted->name);
	ok = kernel.counted[0].stats[wanted->kind].packets == 1;
	ktap_point(ok && !kernel.overread, name);
}

int main(void)
{
	size_t i;

	ktap_begin();
	if (native_make()) {
		perror("# cannot set up guarded memory");
		return KSFT_FAIL;
	}
	modes = writable(&config);
	selects = writable(&select_config);
	ksft_set_plan(ARRAY_SIZE(policies) + 2 + 4 + 1 + 4 + 2 +
		      ARRAY_SIZE(neighbours));
	for (i = 0; i < ARRAY_SIZE(policies); i++)
		test_policy(&policies[i]);
	test_slots();
	test_capture();
	test_trace();
	test_due();
	test_empty();
	for (i = 0; i < ARRAY_SIZE(neighbours); i++)
		test_neighbour(&neighbours[i]);
	ksft_finished();
}
