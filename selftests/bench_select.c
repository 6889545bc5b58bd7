// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a selection costs: nanoseconds for a packet, beside the program that selects nothing,
 * on TCP over IPv4 and IPv6 from an address that is in one of the prefixes, and from one
 * that is in none. Both are the same during a round, so the caches are warm, and other ones
 * in the next.
 */
#include <netinet/in.h> /* before <linux/in.h>, which then leaves out what is in both */
#include "frames/selecting.h"
#include "frames/timed.h"
#include "lib/grow.h"

enum place {
	SPREAD, /* /24 and /48 by chance */
	CLUSTERED, /* addresses in one /16 and in one /64 */
};

static const struct choice {
	const char *name;
	size_t prefixes; /* of each family */
	enum place place;
	bool ports; /* 80 of each */
	struct selection selection;
} choices[] = {
	{ "no option" },
	{ "1 prefix", 1 },
	{ "1 with a port", 1, .ports = true },
	{ "4 prefixes", 4 },
	{ "10 prefixes", 10 },
	{ "1,000 prefixes", 1000 },
	{ "10,000 prefixes", 10000 },
	{ "10,000 with a port", 10000, .ports = true },
	{ "1,000 clustered", 1000, CLUSTERED },
	{ "10,000 clustered", 10000, CLUSTERED },
	{ "--ratio 10%", .selection = { .ratio = 429496729 } },
	{ "--every 10", .selection = { .every = 10 } },
	{ "--first 1, reached", .selection = { .first = 1 } },
	{ "--on 1 s --off 1 s",
	  .selection = { .on_ns = 1000000000, .off_ns = 1000000000 } },
};

enum cell { IPV4_HIT, IPV4_MISS, IPV6_HIT, IPV6_MISS, CELLS };

static struct row {
	struct loaded loaded;
	struct timed timed[CELLS];
} table[COUNT(programs)][COUNT(choices)];

/* The @index-th prefix of a family; the address that is its last bit further is in none. */
static struct rule prefix_at(enum place place, __u8 family, size_t index)
{
	static const __u8 clusters[][16] = {
		{ 198, 51 },
		{ 0x20, 1, 0xd, 0xb8 },
	};
	const bool is_ipv4 = family == AF_INET;
	const size_t size = is_ipv4 ? 4 : 16;
	struct rule rule = { .family = family, .sides = SIDE_EITHER };
	__u64 chance = (index + 1) * 0x9e3779b97f4a7c15;
	size_t at;

	if (place == CLUSTERED) {
		rule.length = 8 * size;
		memcpy(rule.address, clusters[!is_ipv4], size);
		rule.address[size - 2] = index * 6 >> 8;
		rule.address[size - 1] = index * 6;
		return rule;
	}
	chance = (chance ^ chance >> 32) * 0xd6e8feb86659fd93;
	rule.length = is_ipv4 ? 24 : 48;
	for (at = 0; at < rule.length / 8U; at++)
		rule.address[at] = chance >> (56 - 8 * at);
	rule.address[0] = is_ipv4 ? rule.address[0] : 0x20;
	rule.address[at - 1] &= ~1;
	return rule;
}

static int add_prefixes(struct rules *rules, const struct choice *choice)
{
	static const __u8 families[] = { AF_INET, AF_INET6 };
	struct rule rule;
	size_t i;

	for (i = 0; i < 2 * choice->prefixes; i++) {
		rule = prefix_at(choice->place, families[i % 2], i / 2);
		rule.has_ports = choice->ports;
		rule.low = 80;
		rule.high = 80;
		if (grow_list(&rules->list, &rules->count, &rule, sizeof(rule)))
			return -1;
	}
	return 0;
}

static int prepare(struct row *row, const struct program *program,
		   const struct choice *choice)
{
	const struct setup plain = { choice->name };
	struct selection selection = choice->selection;
	int error = add_prefixes(&selection.rules, choice);

	if (!error && !selection_is_on(&selection))
		return loaded_open(&row->loaded, NULL, program->name, &plain);
	if (!error)
		error = open_selecting(&row->loaded, program, &selection, 0, 0);
	free(selection.rules.list);
	if (error)
		fprintf(stderr, "bench_select: cannot load %s for \"%s\"\n",
			program->name, choice->name);
	return error;
}

/* A TCP SYN, from the @index-th prefix or, with @miss, from beside it. */
static void build(__u8 *frame, const struct choice *choice, __u8 family,
		  size_t index, bool miss)
{
	static const __u8 ipv4[] = "\x08\0\x45\0\0\x32\0\0\x40\0\x40\6";
	static const __u8 ipv6[] = "\x86\xdd\x60\0\0\0\0\x14\6\x40";
	static const __u8 ports[] = "\0\x50\x9c\x40";
	const bool is_ipv4 = family == AF_INET;
	struct rule rule = prefix_at(choice->place, family, index);
	size_t source = is_ipv4 ? 26 : 22, size = is_ipv4 ? 4 : 16;

	rule.address[rule.length / 8 - 1] |= miss;
	memset(frame, 0, 128);
	memset(frame, 2, 12);
	memcpy(frame + 12, is_ipv4 ? ipv4 : ipv6,
	       is_ipv4 ? sizeof(ipv4) - 1 : sizeof(ipv6) - 1);
	memcpy(frame + source, rule.address, size);
	memcpy(frame + source + size, "\xcb\0\x71\1", 4);
	memcpy(frame + source + 2 * size, ports, sizeof(ports) - 1);
}

static int measure(struct row *row, const struct choice *choice, int round)
{
	size_t index = choice->prefixes ? round * 7919 % choice->prefixes : 0;
	__u8 frame[128];
	int cell;

	for (cell = 0; cell < CELLS; cell++) {
		build(frame, choice, cell < IPV6_HIT ? AF_INET : AF_INET6,
		      index, cell % 2);
		if (timed_run(&row->timed[cell], row->loaded.fd, frame, 74,
			      REPEAT, round))
			return -1;
	}
	return 0;
}

static void show(const struct program *program, const struct choice *choice,
		 const struct row *row)
{
	static const char *const names[] = { "IPv4 hit", "IPv4 miss",
					     "IPv6 hit", "IPv6 miss" };
	char table[64];
	int cell;

	snprintf(table, sizeof(table), "selection, %s", program->name);
	for (cell = 0; cell < CELLS; cell++)
		timed_print(&row->timed[cell], table, choice->name,
			    names[cell]);
}

int main(void)
{
	size_t i, j;
	int round;

	libbpf_set_print(loaded_print);
	for (i = 0; i < COUNT(programs); i++)
		for (j = 0; j < COUNT(choices); j++)
			if (prepare(&table[i][j], &programs[i], &choices[j]))
				return 1;
	for (round = 0; round < timed_rounds(); round++)
		for (i = 0; i < COUNT(programs); i++)
			for (j = 0; j < COUNT(choices); j++)
				if (measure(&table[i][j], &choices[j], round))
					return 1;
	for (i = 0; i < COUNT(programs); i++)
		for (j = 0; j < COUNT(choices); j++)
			show(&programs[i], &choices[j], &table[i][j]);
	return 0;
}
