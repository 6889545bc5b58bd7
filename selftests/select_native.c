// SPDX-License-Identifier: GPL-2.0-only
/*
 * What --only and --except become in the maps, looked up as the kernel side does, against
 * each rule read one by one. Undefined behaviour traps here, see Makefile.
 */
#include <time.h>
#include "frames/ktap.h"
#include "frames/rule_by_rule.h"
#include "select/compile.c"
#include "select/ipv4.c"
#include "select/pool.c"

#define SMALL_SETS 1200
#define LARGE_SETS 4
#define LARGE_RULES 2000
#define PACKETS 1000 /* of each set, and of a large one so many times 5 */

static struct select_config config;
static struct compiled compiled;
static bool out_of_range; /* a search left the ranges that are for it */

static __u32 find_ipv4(const __u8 *address)
{
	const __u32 *words = compiled.ipv4;
	const struct select_range *ranges = (const void *)words + config.ranges;
	__u32 word, at, bit, ip;

	memcpy(&ip, address, sizeof(ip));
	ip = ntohl(ip);
	word = words[ip >> 16];
	if (word & SELECT_SPLIT) {
		at = (word & ((1U << SELECT_SPLIT_SHIFT) - 1)) +
		     ((ip & 0xffff) >> (word >> SELECT_SPLIT_SHIFT & 31));
		if (at > config.word_mask)
			out_of_range = true;
		word = words[at & config.word_mask];
	}
	if (word & SELECT_ONE_CLASS)
		return word & ~SELECT_ONE_CLASS;
	if (word > config.range_mask)
		out_of_range = true;
	at = word & config.range_mask;
	for (bit = 1U << config.steps >> 1; bit; bit >>= 1) {
		if (ranges[at + bit].first <= ip)
			at += bit;
	}
	return ranges[at].class;
}

/* The longest prefix; in a hash table, of the lengths that are looked up. */
static __u32 find_ipv6(const __u8 *address)
{
	const struct compiled_ipv6 *entry, *longest = NULL;
	struct rule rule = {};
	__u32 at;
	size_t i;

	for (i = 0; i < compiled.ipv6_count; i++) {
		entry = &compiled.ipv6[i];
		memcpy(rule.address, entry->key.address, sizeof(rule.address));
		rule.length = entry->key.length;
		for (at = 0; at < config.lengths; at++) {
			if (config.length6[at].length == rule.length)
				break;
		}
		if (at == config.lengths && !compiled.ipv6_is_trie)
			continue;
		if ((!longest || longest->key.length < rule.length) &&
		    is_in(&rule, address))
			longest = entry;
	}
	return longest ? longest->class : 0;
}

static size_t find_few(const struct select_prefix *few, size_t count,
		       const __u8 *address, __u32 *found)
{
	__be32 words[4];
	size_t i, word, number = 0;

	memcpy(words, address, sizeof(words));
	for (i = 0; i < count; i++) {
		for (word = 0; word < 4; word++) {
			if ((words[word] & few[i].mask[word]) !=
			    few[i].value[word])
				break;
		}
		if (word == 4)
			found[number++] = few[i].class;
	}
	return number;
}

static size_t find(const struct packet *packet, int side, __u32 *found)
{
	bool is_ipv4 = packet->family == AF_INET;
	const __u8 *address = packet->address[side];

	switch (is_ipv4 ? config.lookup4 : config.lookup6) {
	case LOOKUP_FEW:
		return is_ipv4 ? find_few(config.few4, config.count4, address,
					  found) :
				 find_few(config.few6, config.count6, address,
					  found);
	case LOOKUP_MANY:
		*found = is_ipv4 ? find_ipv4(address) : find_ipv6(address);
		return 1;
	default:
		return 0;
	}
}

/* @class: as a word */
static bool has_port(__u32 class, enum select_end end,
		     const struct packet *packet, int side)
{
	__u16 which = compiled.classes[class >> SELECT_ENDS].ports[end];
	__u16 port = packet->port[side];

	if (class >> end & 1)
		return true;
	return which >= PORTS_SETS && packet->has_ports &&
	       config.flags & SELECT_PORTS &&
	       compiled.ports[which - PORTS_SETS].words[port / 32] >>
			       port % 32 &
		       1;
}

static bool is_found_selected(const struct packet *packet)
{
	__u32 found[SELECT_FEW];
	bool only = false, except = false;
	size_t count;
	int side;

	for (side = SOURCE; side <= DESTINATION; side++) {
		for (count = find(packet, side, found); count--;) {
			only |= has_port(found[count], ONLY_SOURCE + side,
					 packet, side);
			except |= has_port(found[count], EXCEPT_SOURCE + side,
					   packet, side);
		}
	}
	return (only || !(config.flags & SELECT_ONLY)) && !except;
}

static void start_set(void)
{
	free(rules.list);
	compiled_free(&compiled);
	rules = (struct rules){};
	config = (struct select_config){};
}

static bool compile_set(void)
{
	int error = rules_compile(&rules, &config, &compiled);

	if (error)
		printf("# %zu rules: %s\n", rules.count, strerror(-error));
	return !error;
}

static void show_packet(const struct packet *packet)
{
	char source[INET6_ADDRSTRLEN], destination[INET6_ADDRSTRLEN];

	inet_ntop(packet->family, packet->address[SOURCE], source,
		  sizeof(source));
	inet_ntop(packet->family, packet->address[DESTINATION], destination,
		  sizeof(destination));
	printf("# %s port %u to %s port %u, %s: %s by the rules\n", source,
	       packet->port[SOURCE], destination, packet->port[DESTINATION],
	       packet->has_ports ? "TCP" : "no ports",
	       is_selected(packet) ? "selected" : "spared");
}

struct seen {
	unsigned int packets, selected;
};

static bool is_set_right(size_t count, unsigned int packets, struct seen *seen)
{
	struct packet packet;
	struct rule rule;
	bool selected;

	start_set();
	few_lengths = roll(2);
	while (rules.count < count) {
		rule = roll_rule();
		if (!add_rule(&rule))
			return false;
	}
	if (!compile_set())
		return false;
	for (; packets; packets--) {
		packet = roll_packet();
		selected = is_found_selected(&packet);
		seen->packets++;
		seen->selected += selected;
		if (selected == is_selected(&packet) && !out_of_range)
			continue;
		printf("# set of %zu rules\n", count);
		show_packet(&packet);
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
	printf("# %u packets, %u of them selected\n", seen.packets,
	       seen.selected);
	/* Or else the runs above show little. */
	ok = seen.packets > (unsigned int)sets * PACKETS / 2 &&
	     seen.selected > seen.packets / 5 &&
	     seen.selected < seen.packets / 5 * 4;
	ktap_point(ok, "both verdicts are frequent");
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
	struct packet packet = { .family = AF_INET };
	bool ok = true;
	__u32 at, ip, i;

	for (at = 0; at < ARRAY_SIZE(where) && ok; at++) {
		start_set();
		for (i = 0; i < 65536 && ok; i += 2)
			ok = add_ipv4(where[at] + i, 32, -1);
		ok = ok && compile_set() && config.steps <= SELECT_MOST_STEPS;
		for (i = 0; i < 65536 && ok; i++) {
			ip = htonl(where[at] + i);
			memcpy(packet.address[SOURCE], &ip, sizeof(ip));
			memcpy(packet.address[DESTINATION], &ip, sizeof(ip));
			ok = is_found_selected(&packet) == !(i % 2) &&
			     !out_of_range;
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
	error = rules_compile(&rules, &config, &compiled);
	printf("# %s: %zu ms, %u steps, %zu KiB\n", what,
	       (size_t)(clock() - begun) * 1000 / CLOCKS_PER_SEC, config.steps,
	       compiled.ipv4_size / 1024);
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
	ksft_set_plan(6);
	test_random();
	test_dense();
	test_sizes();
	start_set();
	ksft_finished();
}
