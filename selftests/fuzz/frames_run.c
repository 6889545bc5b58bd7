// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames through the matching code, compiled natively, and through the loaded programs, by
 * BPF_PROG_TEST_RUN, in batches: verdict, packets and bytes have to be those of the oracle.
 *
 * A frame is a line of standard input: what it starts with and its bytes, "ethernet 0200…",
 * "ip 4500…"; "file PATH", a frame that is taken for both; or "other", which is only counted.
 * Behind these come frames by chance.
 *
 *   -r RUNS      until there were so many in the kernel
 *   -t SECONDS   but no longer than this
 *   -c           tell what each line's frame carries
 */
#include <stdio.h>
#include <sys/utsname.h>
#include "frames/agree.h"
#include "frames/loaded_program.h"
#include "frames/mutate.h"
#include "frames/programs.h"
#include "frames/test_run.h"

#define BATCH 128
#define DISAGREEMENTS_MAX 10
#define BIT(type) (1 << (type))

static struct input {
	int types; /* BIT(enum drop_frame_type) */
	struct frame frame;
} batch[BATCH];
static size_t filled;

/* What each program is loaded as: together they tell yes, no and undecided apart. */
static const struct variant ways[] = {
	{ .setup = { "ethernet" } },
	{ .setup = { "ip", .config.frame_type = TYPE_IP }, .type = TYPE_IP },
	{ .setup = { "ethernet, drop undecided",
		     .config.modes = MODE_DROP_UNDECIDED } },
	{ .setup = { "ip, drop undecided", .config.modes = MODE_DROP_UNDECIDED,
		     .config.frame_type = TYPE_IP },
	  .type = TYPE_IP },
};

static struct loaded loaded[COUNT(programs)][COUNT(ways)];

static struct {
	unsigned long frames, skipped, native, kernel, disagreements;
} counts;

static void disagree(const char *who, const char *why, const __u8 *data,
		     size_t length, enum drop_frame_type type)
{
	printf("disagreement: %s: %s\n", who, why);
	show_frame(data, length, type);
	if (++counts.disagreements < DISAGREEMENTS_MAX)
		return;
	printf("%d disagreements: that is enough\n", DISAGREEMENTS_MAX);
	exit(1);
}

static void run_native(const struct frame *frame, enum drop_frame_type type)
{
	struct reading reading = { guard - frame->length, frame->length, type };
	int last = type == TYPE_IP ? 0 : TAGS_MAX;
	const char *why;

	memcpy(guard - frame->length, frame->data, frame->length);
	for (; reading.tags <= last; reading.tags++) {
		reading_ask(&reading);
		why = disagreement(&reading, IPPROTO_TCP);
		if (why)
			disagree("native", why, frame->data, frame->length,
				 type);
		counts.native++;
	}
}

static enum drop_stat stat_of(enum match match, __u32 modes)
{
	if (match == MATCH_NO)
		return STAT_PASSED;
	return match == MATCH_YES || modes & MODE_DROP_UNDECIDED ?
		       STAT_DROPPED :
		       STAT_UNDECIDED;
}

/* Test runs take a frame only if it has a link layer's header, and for TC that of IP. */
static bool takes(const struct program *program, const struct frame *frame)
{
	return frame->length >=
	       (program->hook == &tc ? linear_size(frame) : TEST_RUN_MIN);
}

/* Of longer frames, the beginning. Returns NULL, or what was wrong. */
static const char *run_one(const struct program *program,
			   const struct variant *way,
			   const struct loaded *program_loaded,
			   struct frame *frame, struct counted *expected)
{
	enum drop_stat kind;
	size_t whole = frame->length;
	struct oracle oracle;
	__u32 verdict = 0;
	int error;

	if (frame->length > TEST_RUN_MAX)
		frame->length = TEST_RUN_MAX;
	oracle = oracle_read(frame->data, frame->length, way->type == TYPE_IP,
			     0);
	kind = stat_of(frame_match(oracle.carries, program->matches),
		       way->setup.config.modes);
	error = test_run(program_loaded, way, frame, &verdict);
	expected->slot[0].stats[kind].packets++;
	expected->slot[0].stats[kind].bytes += frame->length;
	frame->length = whole;
	counts.kernel++;
	if (error)
		return strerror(-error);
	if (verdict == (kind == STAT_DROPPED ? program->hook->drop.value :
					       program->hook->pass.value))
		return NULL;
	return kind == STAT_DROPPED ? "it should have been dropped" :
				      "it should have passed";
}

/* False: what was counted is wrong. */
static bool run_batch(size_t program, size_t way, size_t first, size_t count)
{
	const struct loaded *one = &loaded[program][way];
	struct counted expected, got;
	struct input *input;
	char who[96];
	const char *why;

	snprintf(who, sizeof(who), "%s, %s", programs[program].name,
		 ways[way].setup.name);
	if (loaded_count(one, &expected))
		return false;
	for (input = batch + first; input < batch + first + count; input++) {
		if (!(input->types & BIT(ways[way].type)) ||
		    !takes(&programs[program], &input->frame))
			continue;
		why = run_one(&programs[program], &ways[way], one,
			      &input->frame, &expected);
		if (why)
			disagree(who, why, input->frame.data,
				 input->frame.length, ways[way].type);
	}
	if (!loaded_count(one, &got) && !memcmp(&got, &expected, sizeof(got)))
		return true;
	if (count == 1)
		disagree(who, "it was counted wrongly", batch[first].frame.data,
			 batch[first].frame.length, ways[way].type);
	return false;
}

static void run_kernel(size_t program, size_t way)
{
	size_t i;
	bool right = run_batch(program, way, 0, filled);

	/* Which one was it? */
	for (i = 0; !right && i < filled; i++)
		run_batch(program, way, i, 1);
}

static void run_all(void)
{
	size_t i, program, way;
	int type;

	for (i = 0; i < filled; i++) {
		for (type = TYPE_ETHERNET; type <= TYPE_IP; type++) {
			if (batch[i].types & BIT(type))
				run_native(&batch[i].frame, type);
		}
	}
	for (program = 0; program < COUNT(programs); program++) {
		for (way = 0; way < COUNT(ways); way++) {
			if (loaded[program][way].object)
				run_kernel(program, way);
		}
	}
	counts.frames += filled;
	filled = 0;
}

static void added(void)
{
	if (++filled == BATCH)
		run_all();
}

/* Frames of more than FRAME_MAX bytes are cut off: the verdict does not depend on the rest. */
static bool read_hex(struct frame *frame, const char *hex)
{
	char pair[3] = "";

	frame->length = 0;
	for (; hex[0] && hex[1] && frame->length < FRAME_MAX; hex += 2) {
		memcpy(pair, hex, 2);
		frame->data[frame->length++] = strtoul(pair, NULL, 16);
	}
	return true;
}

static bool read_file(struct frame *frame, const char *path)
{
	FILE *in = fopen(path, "rb");

	if (!in)
		return false;
	frame->length = fread(frame->data, 1, FRAME_MAX, in);
	fclose(in);
	return true;
}

static bool read_line(struct input *input, char *line)
{
	const char *start, *rest;

	line[strcspn(line, "\n")] = '\0';
	start = strsep(&line, " ");
	rest = line ? line : "";
	input->types = BIT(TYPE_ETHERNET) | BIT(TYPE_IP);
	if (!strcmp(start, "file"))
		return read_file(&input->frame, rest);
	input->types = !strcmp(start, "ip")	  ? BIT(TYPE_IP) :
		       !strcmp(start, "ethernet") ? BIT(TYPE_ETHERNET) :
						    0;
	return input->types && read_hex(&input->frame, rest);
}

static void run_input(bool tell)
{
	struct input *input;
	struct oracle oracle;
	char *line = NULL;
	size_t room = 0;

	while (getline(&line, &room, stdin) > 0) {
		input = &batch[filled];
		if (!read_line(input, line)) {
			counts.skipped++;
			if (tell)
				printf("carries other\n");
			continue;
		}
		oracle = oracle_read(input->frame.data, input->frame.length,
				     input->types == BIT(TYPE_IP), 0);
		if (tell)
			printf("carries %d\n", oracle.carries);
		added();
	}
	free(line);
}

static void run_random(unsigned long runs, int seconds)
{
	__u64 end = loaded_now_ns() + seconds * 1000000000ULL;
	size_t cases = 0;

	while (frame_cases[cases].name)
		cases++;
	roll_state = loaded_now_ns() | 1;
	if (!runs)
		return;
	printf("# seed %llu\n", roll_state);
	while (counts.kernel < runs && loaded_now_ns() < end) {
		batch[filled].types = BIT(TYPE_ETHERNET) | BIT(TYPE_IP);
		frame_build(&batch[filled].frame, &frame_cases[roll(cases)]);
		mutate(&batch[filled].frame);
		added();
	}
}

/* False where a program is refused; without root, there is no need for one. */
static bool load_all(void)
{
	size_t program, way;

	if (!loaded_permitted()) {
		fprintf(stderr,
			"SKIP the loaded programs: they need root with CAP_NET_ADMIN and CAP_BPF\n");
		return true;
	}
	for (program = 0; program < COUNT(programs); program++) {
		for (way = 0; way < COUNT(ways); way++) {
			if (loaded_open(&loaded[program][way], NULL,
					programs[program].name,
					&ways[way].setup))
				return false;
		}
	}
	return true;
}

int main(int argc, char **argv)
{
	unsigned long runs = 0;
	bool tell = false;
	int option, seconds = 0;

	while ((option = getopt(argc, argv, "cr:t:")) != -1) {
		if (option == 'c')
			tell = true;
		else if (option == 'r')
			runs = strtoul(optarg, NULL, 10);
		else if (option == 't')
			seconds = atoi(optarg);
		else
			return 2;
	}
	libbpf_set_print(loaded_print);
	if (guard_make(NULL) || !load_all()) {
		fprintf(stderr, "frames_run: cannot set up: %s\n",
			strerror(errno));
		return 1;
	}
	run_input(tell);
	run_random(runs, seconds);
	run_all();
	printf("%lu frames, %lu skipped: %lu native runs, %lu kernel runs, %lu disagreements\n",
	       counts.frames, counts.skipped, counts.native, counts.kernel,
	       counts.disagreements);
	return counts.disagreements != 0;
}
