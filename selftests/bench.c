// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a packet costs, in nanoseconds: the programs on one TCP frame by
 * BPF_PROG_TEST_RUN, beside a program that only drops, with and without
 * capture. While they run, a thread empties the rings like the loader does.
 *
 * Usage: bench [DIRECTORY OF THE OBJECTS]
 *
 * All are measured in turn, many times; the table shows medians. It is no
 * test: figures depend on the machine and on what else it does.
 */
#include <linux/if_ether.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#include "frames/loaded_program.h"
#include "frames/programs.h"
#include "frames/timed.h"

#define RING_SIZE (16 << 20)
#define PERIOD_MS 20
#define OVERHEAD 72 /* bytes of a block of pcapng beside the packet */

static const struct setup setups[] = {
	{ "without" },
	{ "snaplen 96", .config = { .modes = MODE_CAPTURE, .snaplen = 96 },
	  .ring = RING_SIZE },
	{ "snaplen 256", .config = { .modes = MODE_CAPTURE, .snaplen = 256 },
	  .ring = RING_SIZE },
	{ "snaplen 1500", .config = { .modes = MODE_CAPTURE, .snaplen = 1500 },
	  .ring = RING_SIZE },
};

static const size_t lengths[] = { 64, 1514 };

/* A column: the floor, then one for each of the setups. */
#define COLUMNS (1 + COUNT(setups))

struct column {
	struct loaded loaded; /* no object: the floor */
	int fd;
	atomic_ulong taken; /* from its ring */
	struct timed timed;
};

static struct column columns[COUNT(programs)][COUNT(lengths)][COLUMNS];
static struct ring_buffer *rings;
static atomic_bool over;
static unsigned long long lost;
static unsigned char frame[2048];

/* Drops, and does nothing else. */
static int load_floor(const struct hook_kind *hook)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K,
		  .imm = hook->drop.value },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return bpf_prog_load(hook->type, "floor", "GPL", code, COUNT(code),
			     NULL);
}

/* Copies what it takes, as the loader does. */
static int take(void *context, void *data, size_t size)
{
	static char buffer[4 << 20];
	static size_t used;
	struct column *column = context;

	if (used + size + OVERHEAD > sizeof(buffer))
		used = 0;
	memset(buffer + used, 0, OVERHEAD);
	memcpy(buffer + used + OVERHEAD, data, size);
	used += size + OVERHEAD;
	atomic_fetch_add(&column->taken, 1);
	return 0;
}

static void *empty_rings(void *unused __attribute__((unused)))
{
	struct pollfd ready = {
		.fd = ring_buffer__epoll_fd(rings),
		.events = POLLIN,
	};

	while (!atomic_load(&over)) {
		poll(&ready, 1, PERIOD_MS);
		ring_buffer__consume(rings);
	}
	return NULL;
}

static int prepare(struct column *column, const char *directory,
		   const struct program *program, const struct setup *setup)
{
	int ring;

	if (!setup) {
		column->fd = load_floor(program->hook);
		return column->fd < 0;
	}
	if (loaded_open(&column->loaded, directory, program->name, setup))
		return -1;
	column->fd = column->loaded.fd;
	if (!setup->config.snaplen)
		return 0;
	ring = bpf_object__find_map_fd_by_name(column->loaded.object,
					       "captured");
	if (rings)
		return ring_buffer__add(rings, ring, take, column);
	rings = ring_buffer__new(ring, take, column, NULL);
	return !rings;
}

/* A TCP SYN over IPv4. */
static void build(size_t length)
{
	static const unsigned char head[] =
		"\2\0\0\0\2\2\2\0\0\0\2\x10\x08\0" /* Ethernet */
		"\x45\0\0\x32\0\0\x40\0\x40\6\0\0" /* IPv4, TCP */
		"\xcb\0\x71\x0a\xcb\0\x71\1" /* addresses */
		"\x9c\x40\0\x50"; /* ports */

	memset(frame, 0, length);
	memcpy(frame, head, sizeof(head) - 1);
}

/* Has the thread taken all that the program has put in? */
static bool is_idle(struct column *column)
{
	struct counted counted;

	if (!column->loaded.object || loaded_count(&column->loaded, &counted))
		return true;
	return counted.slot[0].captured == atomic_load(&column->taken);
}

static int measure(struct column *column, size_t length, int round)
{
	build(length);
	if (timed_run(&column->timed, column->fd, frame, length, round))
		return -1;
	while (!is_idle(column))
		usleep(1000);
	return 0;
}

static void show_row(const char *program, size_t length, struct column *row)
{
	unsigned int plain = timed_median(&row[1].timed),
		     floor = timed_median(&row[0].timed);
	struct counted counted = {};
	size_t i;

	printf("%-15s %5zu %7u %7u %5.2f", program, length, floor, plain,
	       (double)plain / floor);
	for (i = 2; i < COLUMNS; i++) {
		printf("   %5u %+5d", timed_median(&row[i].timed),
		       (int)(timed_median(&row[i].timed) - plain));
		if (!loaded_count(&row[i].loaded, &counted))
			lost += counted.slot[0].lost;
	}
	printf("\n");
}

static void show_table(void)
{
	size_t i, j;

	printf("ns per packet, medians of %d rounds of %d packets\n\n", ROUNDS,
	       REPEAT);
	printf("%-15s %5s %7s %7s %5s", "program", "bytes", "floor", "without",
	       "ratio");
	for (i = 1; i < COUNT(setups); i++)
		printf("  %12s", setups[i].name);
	printf("\n");
	for (i = 0; i < COUNT(programs); i++)
		for (j = 0; j < COUNT(lengths); j++)
			show_row(programs[i].name, lengths[j], columns[i][j]);
	printf("\n%llu records were lost for want of room.\n", lost);
}

/* Each column of each row, one after the other. */
static int for_each(int (*visit)(struct column *, size_t, int), int round)
{
	size_t i, j, k;

	for (i = 0; i < COUNT(programs); i++)
		for (j = 0; j < COUNT(lengths); j++)
			for (k = 0; k < COLUMNS; k++)
				if (visit(&columns[i][j][k], lengths[j], round))
					return -1;
	return 0;
}

int main(int argc, char **argv)
{
	size_t i, j, k;
	pthread_t thread;
	int round, err = 0;

	if (geteuid()) {
		fputs("bench: needs root\n", stderr);
		return 1;
	}
	libbpf_set_print(loaded_print);
	for (i = 0; i < COUNT(programs); i++)
		for (j = 0; j < COUNT(lengths); j++)
			for (k = 0; k < COLUMNS; k++)
				if (prepare(&columns[i][j][k],
					    argc > 1 ? argv[1] : NULL,
					    &programs[i],
					    k ? &setups[k - 1] : NULL))
					return 1;
	if (pthread_create(&thread, NULL, empty_rings, NULL))
		return 1;
	for (round = 0; round < ROUNDS && !err; round++)
		err = for_each(measure, round);
	atomic_store(&over, true);
	pthread_join(thread, NULL);
	if (!err)
		show_table();
	return err ? 1 : 0;
}
