// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a packet costs: the programs on one frame by BPF_PROG_TEST_RUN, beside a program
 * that only drops, the least that drops TCP, and others' programs; then with each option.
 * While packets are captured, a thread empties the rings like the loader does.
 *
 * Usage: bench [NAME=ID...]: other XDP programs to compare with, by their ids
 */
#include <linux/if_ether.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#include "frames/frame_parts.h"
#include "frames/loaded_program.h"
#include "frames/programs.h"
#include "frames/timed.h"

#define RING_SIZE (16 << 20)
#define PERIOD_MS 20
#define OVERHEAD 72 /* bytes of a block of pcapng beside the packet */
#define RUNNERS_MAX 12

/* ifindex 1 is lo, where test runs say that the frame comes from. */
static const struct setup setups[] = {
	{ "no option" },
	{ "--observe", .config = { .modes = MODE_OBSERVE } },
	{ "--drop-undecided", .config = { .modes = MODE_DROP_UNDECIDED } },
	{ "--timeout", .config = { .modes = MODE_DEADLINE }, .deadline = 3600 },
	{ "many interfaces", .config = { .modes = MODE_MANY }, .ifindex = 1 },
	{ "frags", .config = { .modes = MODE_FRAGS },
	  .flags = BPF_F_XDP_HAS_FRAGS },
	{ "--snaplen 96", .config = { .modes = MODE_CAPTURE, .snaplen = 96 },
	  .ring = RING_SIZE },
	{ "--snaplen 256", .config = { .modes = MODE_CAPTURE, .snaplen = 256 },
	  .ring = RING_SIZE },
	{ "--snaplen 1500",
	  .config = { .modes = MODE_CAPTURE, .snaplen = 1500 },
	  .ring = RING_SIZE },
};

static const struct frame_case cases[] = {
	IS_TCP("TCP/IPv4", IP4, SYN),
	IS_TCP("TCP/IPv6", IP6, SYN),
	IS_UDP("UDP/IPv4", IP4, UDP),
	IS_TCP("QinQ TCP/IPv4", TAGS("aq"), IP4, SYN),
	IS_TCP("3 headers TCP/IPv6", IP6, HOP(0), ROUTING(0), DEST(0), SYN),
	IS_NONE("ARP", OTHER(ETH_P_ARP, 28)),
};

static const size_t lengths[] = { 64, 1500 };

struct runner {
	const char *name;
	struct loaded loaded; /* no object: not one of ours */
	int fd;
	bool captures;
	atomic_ulong taken; /* from its ring */
};

/* What is compared in one table. */
static struct runner runners[RUNNERS_MAX];
static size_t running;
static struct frame frames[COUNT(cases)];
static struct ring_buffer *rings;
static atomic_bool over;

static int add(const char *name, int fd)
{
	if (fd < 0 || running == RUNNERS_MAX) {
		fprintf(stderr, "bench: cannot have %s: %s\n", name,
			strerror(errno));
		return -1;
	}
	runners[running++] = (struct runner){ .name = name, .fd = fd };
	return 0;
}

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

/* A program of bench_kern.c. */
static int load_least(const char *name)
{
	static struct bpf_object *object;
	struct bpf_program *program;
	char path[PATH_MAX];

	if (!object && loaded_find(path, sizeof(path), NULL, "bench")) {
		object = bpf_object__open_file(path, NULL);
		if (object && bpf_object__load(object))
			return -1;
	}
	program = object ? bpf_object__find_program_by_name(object, name) :
			   NULL;
	return program ? bpf_program__fd(program) : -1;
}

/* Copies what it takes, as the loader does. */
static int take(void *context, void *data, size_t size)
{
	static char buffer[4 << 20];
	static size_t used;
	struct runner *runner = context;

	if (used + size + OVERHEAD > sizeof(buffer))
		used = 0;
	memset(buffer + used, 0, OVERHEAD);
	memcpy(buffer + used + OVERHEAD, data, size);
	used += size + OVERHEAD;
	atomic_fetch_add(&runner->taken, 1);
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

static int add_ours(const struct program *program, const struct setup *setup,
		    const char *name)
{
	struct runner *runner = &runners[running];
	int ring;

	if (add(name, 0) ||
	    loaded_open(&runner->loaded, NULL, program->name, setup))
		return -1;
	runner->fd = runner->loaded.fd;
	runner->captures = setup->config.snaplen;
	if (!runner->captures)
		return 0;
	ring = bpf_object__find_map_fd_by_name(runner->loaded.object,
					       "captured");
	if (rings)
		return ring_buffer__add(rings, ring, take, runner);
	rings = ring_buffer__new(ring, take, runner, NULL);
	return !rings;
}

/* Has the thread taken all that the program has put in? */
static bool is_idle(struct runner *runner)
{
	struct counted counted;

	if (!runner->loaded.object || loaded_count(&runner->loaded, &counted))
		return true;
	return counted.slot[0].captured == atomic_load(&runner->taken);
}

static int measure(struct runner *runner, const struct frame *frame,
		   struct timed *timed, int round)
{
	int repeat = runner->captures ? REPEAT_CAPTURE : REPEAT;

	if (timed_run(timed, runner->fd, frame->data, frame->length, repeat,
		      round))
		return -1;
	while (!is_idle(runner))
		usleep(1000);
	return 0;
}

/* Each frame in each program, one after the other; @columns: of the frames. */
static int run_rounds(struct timed *timed, size_t columns)
{
	int round;
	size_t i, j;

	for (round = 0; round < timed_rounds(); round++)
		for (i = 0; i < running; i++)
			for (j = 0; j < columns; j++)
				if (measure(&runners[i], &frames[j],
					    &timed[i * columns + j], round))
					return -1;
	return 0;
}

static void end_runners(void)
{
	struct counted counted;
	unsigned long long lost = 0;
	size_t i;

	for (i = 0; i < running; i++) {
		if (!runners[i].loaded.object)
			continue;
		if (!loaded_count(&runners[i].loaded, &counted))
			lost += counted.slot[0].lost;
		loaded_close(&runners[i].loaded);
	}
	if (lost)
		fprintf(stderr, "bench: %llu records were lost\n", lost);
	ring_buffer__free(rings);
	rings = NULL;
	running = 0;
}

/* Measures all that was added, and begins anew. */
static int compare(const char *table, size_t columns, const char *const *names)
{
	struct timed *timed = calloc(running * columns, sizeof(*timed));
	pthread_t thread;
	size_t i;
	int error;

	atomic_store(&over, false);
	if (!timed ||
	    (rings && pthread_create(&thread, NULL, empty_rings, NULL)))
		return -1;
	error = run_rounds(timed, columns);
	atomic_store(&over, true);
	if (rings)
		pthread_join(thread, NULL);
	for (i = 0; i < running * columns && !error; i++)
		timed_print(&timed[i], table, runners[i / columns].name,
			    names[i % columns]);
	free(timed);
	end_runners();
	return error;
}

static void build(struct frame *frame, const struct frame_case *wanted,
		  size_t length)
{
	memset(frame, 0, sizeof(*frame));
	frame_build(frame, wanted);
	if (frame->length < length)
		frame->length = length;
}

/* @others: of XDP */
static int compare_verdicts(const struct hook_kind *hook, char **others)
{
	const char *names[COUNT(cases)];
	char table[64], least[32], *end;
	size_t i, j;

	for (i = 0; i < COUNT(lengths); i++) {
		if (add("drop, nothing else", load_floor(hook)))
			return -1;
		snprintf(least, sizeof(least), "%s_minimal", hook->section);
		if (add("the notebook's", load_least(least)))
			return -1;
		snprintf(least, sizeof(least), "%s_counting", hook->section);
		if (add("the same, counting", load_least(least)))
			return -1;
		for (j = 0; hook == &xdp && others[j]; j++) {
			end = strrchr(others[j], '=');
			if (!end || add(strndup(others[j], end - others[j]),
					bpf_prog_get_fd_by_id(atoi(end + 1))))
				return -1;
		}
		for (j = 0; j < COUNT(programs); j++)
			if (programs[j].hook == hook &&
			    add_ours(&programs[j], &setups[0],
				     programs[j].name))
				return -1;
		for (j = 0; j < COUNT(cases); j++) {
			build(&frames[j], &cases[j], lengths[i]);
			names[j] = cases[j].name;
		}
		snprintf(table, sizeof(table), "verdict, %s, %zu bytes",
			 hook->section, lengths[i]);
		if (compare(table, COUNT(cases), names))
			return -1;
	}
	return 0;
}

static int compare_options(const struct program *program)
{
	static const char *const names[] = { "64 bytes", "1500 bytes" };
	char table[64];
	size_t i;

	for (i = 0; i < COUNT(setups); i++)
		if ((program->hook == &xdp || !setups[i].flags) &&
		    add_ours(program, &setups[i], setups[i].name))
			return -1;
	for (i = 0; i < COUNT(lengths); i++)
		build(&frames[i], &cases[0], lengths[i]);
	snprintf(table, sizeof(table), "options, %s", program->name);
	return compare(table, COUNT(lengths), names);
}

int main(int argc __attribute__((unused)), char **argv)
{
	size_t i;

	libbpf_set_print(loaded_print);
	if (compare_verdicts(&xdp, argv + 1) || compare_verdicts(&tc, argv + 1))
		return 1;
	for (i = 0; i < COUNT(programs); i++)
		if (compare_options(&programs[i]))
			return 1;
	return 0;
}
