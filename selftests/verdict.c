// SPDX-License-Identifier: GPL-2.0-only
/*
 * The programs, in the kernel, on the table of frames: the verdict, and
 * what was counted where. No interface is touched: BPF_PROG_TEST_RUN.
 *
 * Usage: verdict [DIRECTORY OF THE OBJECTS]
 *
 * What a test run cannot show is left to others: frames of less than 14 bytes and,
 * but for XDP with frags, of more than a page (match_native), tags in an skb's metadata
 * and, where the kernel makes none here, non-linear skbs (tc_native).
 */
#include <dirent.h>
#include <fnmatch.h>
#include <libgen.h>

#include "frames/frames.h"
#include "frames/ktap.h"
#include "frames/loaded_program.h"
#include "frames/programs.h"
#include "frames/ring_check.h"
#include "frames/test_run.h"

#define CODE_MAX 1024 /* instructions to look at */

/* Without a frame, a point is about the program itself. */
struct point {
	const struct program *program;
	const struct variant *variant;
	const struct frame_case *wanted;
};

/* What a test run did or should do. */
struct outcome {
	__u32 verdict;
	struct counted counted;
};

static struct frame frame;

static enum match expected_match(const struct point *point)
{
	const struct frame_case *wanted = point->wanted;
	int protocol = point->program->matches;
	struct oracle seen;

	if (!has_frags(point->variant) || protocol == ANY_FRAME)
		return frame_match(wanted->carries, protocol);
	seen = oracle_read(frame.data, first_buffer(point->variant, &frame),
			   wanted->type == TYPE_IP, 0);
	return frame_match(seen.carries, protocol);
}

static enum drop_stat expected_stat(const struct point *point)
{
	const struct setup *setup = &point->variant->setup;
	__u32 modes = setup->config.modes;
	enum match match = expected_match(point);

	if (match == MATCH_UNDECIDED && !(modes & MODE_DROP_UNDECIDED))
		return STAT_UNDECIDED;
	if (match == MATCH_NO || (modes & MODE_DEADLINE && setup->deadline < 0))
		return STAT_PASSED;
	return modes & MODE_OBSERVE ? STAT_OBSERVED : STAT_DROPPED;
}

static void show(const char *who, const struct hook_kind *hook,
		 const struct outcome *outcome, const struct counted *before)
{
	static const char *const names[STAT_COUNT] = {
		[STAT_PASSED] = "passed",
		[STAT_DROPPED] = "dropped",
		[STAT_OBSERVED] = "observed",
		[STAT_UNDECIDED] = "undecided",
	};
	const struct drop_stats *now, *then;
	int slot, kind;

	printf("# %s ", who);
	if (outcome->verdict == hook->pass.value)
		printf("%s", hook->pass.name);
	else if (outcome->verdict == hook->drop.value)
		printf("%s", hook->drop.name);
	else
		printf("verdict %d", (int)outcome->verdict);
	for (slot = 0; slot < SLOTS_MAX; slot++) {
		for (kind = 0; kind < STAT_COUNT; kind++) {
			now = &outcome->counted.slot[slot].stats[kind];
			then = &before->slot[slot].stats[kind];
			if (!memcmp(now, then, sizeof(*now)))
				continue;
			printf(", %s[%d] %+lld packets %+lld bytes",
			       names[kind], slot,
			       (long long)(now->packets - then->packets),
			       (long long)(now->bytes - then->bytes));
		}
	}
	printf("\n");
}

/* Counts what is to be captured, and compares it with what was. */
static bool test_capture(const struct loaded *loaded, const struct point *point,
			 __u64 since, struct drop_counters *counters)
{
	const struct drop_config *config = &point->variant->setup.config;
	enum drop_stat kind = expected_stat(point);
	struct ring_check check = {
		.since = since,
		.ifindex = LOOPBACK,
		.slot = point->variant->moves,
		.frame = &frame,
		.length = frame.length,
		.lost = point->variant->setup.busy,
	};
	__u64 matched = 0;

	if (config->snaplen && (kind == STAT_DROPPED || kind == STAT_OBSERVED))
		matched = times(point->variant);
	if (check.length > config->snaplen)
		check.length = config->snaplen;
	return ring_check(loaded, &check, matched, counters);
}

static void test_frame(const struct loaded *loaded, const struct point *point,
		       const char *name)
{
	const struct hook_kind *hook = point->program->hook;
	struct outcome expected, got;
	enum drop_stat kind;
	struct drop_stats *stats;
	struct counted before;
	__u64 since = loaded_now_ns();
	bool ok;
	int err;

	if (loaded_count(loaded, &before)) {
		ktap_point(false, name);
		printf("# cannot read the counters: %s\n", strerror(errno));
		return;
	}
	err = test_run(loaded, point->variant, &frame, &got.verdict);
	if (err || loaded_count(loaded, &got.counted)) {
		ktap_point(false, name);
		printf("# cannot run the program or read its counters: %s\n",
		       strerror(errno));
		ktap_dump(frame.data, frame.length);
		return;
	}

	kind = expected_stat(point);
	expected.verdict = kind == STAT_DROPPED ? hook->drop.value :
						  hook->pass.value;
	expected.counted = before;
	stats = &expected.counted.slot[point->variant->moves].stats[kind];
	stats->packets += times(point->variant);
	stats->bytes += times(point->variant) * frame.length;
	ok = test_capture(loaded, point, since,
			  &expected.counted.slot[point->variant->moves]);
	ok = ok && got.verdict == expected.verdict &&
	     !memcmp(&got.counted, &expected.counted, sizeof(got.counted));
	if (ktap_point(ok, name))
		return;
	show("expected", hook, &expected, &before);
	show("got", hook, &got, &before);
	ktap_dump(frame.data, frame.length);
}

/*
 * The function of the object, other than the program, that is global, or NULL. What
 * such a one is given, the verifier finds out by the kernel's own BTF: kernels
 * without CONFIG_DEBUG_INFO_BTF refuse it (btf_prepare_func_args()).
 */
static const char *global_function(const struct loaded *loaded,
				   const char *program)
{
	const struct btf *btf = bpf_object__btf(loaded->object);
	const struct btf_type *type;
	const char *name;
	__u32 id;

	for (id = 1; (type = btf__type_by_id(btf, id)); id++) {
		name = btf__name_by_offset(btf, type->name_off);
		if (btf_is_func(type) && btf_vlen(type) == BTF_FUNC_GLOBAL &&
		    strcmp(name, program))
			return name;
	}
	return NULL;
}

/* Calls of helpers that the verifier has left, in @code[CODE_MAX]. */
static unsigned int count_calls(const struct bpf_insn *code)
{
	unsigned int i, calls = 0;

	for (i = 0; i < CODE_MAX; i++)
		calls += code[i].code == (BPF_JMP | BPF_CALL) &&
			 !code[i].src_reg;
	return calls;
}

/* What others see of the program: iproute2, bpftool, xdp-tools. */
static void test_program(const struct loaded *loaded,
			 const struct program *program, const char *name)
{
	const char *section = bpf_program__section_name(loaded->program);
	const char *global = global_function(loaded, program->name);
	struct bpf_insn code[CODE_MAX] = { 0 };
	struct bpf_prog_info info = { .xlated_prog_len = sizeof(code),
				      .xlated_prog_insns = (uintptr_t)code };
	__u32 size = sizeof(info);
	unsigned int calls;
	bool ok;

	if (bpf_obj_get_info_by_fd(loaded->fd, &info, &size)) {
		ktap_point(false, name);
		printf("# no information: %s\n", strerror(errno));
		return;
	}
	/* One is for the counters. What MODE_FRAGS needs would be one more. */
	calls = count_calls(code);
	ok = (program->hook != &xdp || calls <= 1) &&
	     !strcmp(info.name, program->name) &&
	     !strcmp(section, program->hook->section) && info.btf_id &&
	     info.gpl_compatible && info.type == program->hook->type && !global;
	ktap_point(ok, name);
	if (global)
		printf("# %s() is global: not on kernels without BTF\n",
		       global);
	printf("# name %s, section %s, type %u, btf %u, gpl %u; ", info.name,
	       section, info.type, info.btf_id, info.gpl_compatible);
	printf("%u instructions, %u calls, %u to verify\n",
	       info.xlated_prog_len / 8, calls, info.verified_insns);
}

static void test_point(const struct loaded *loaded, const struct point *point)
{
	char name[192];

	snprintf(name, sizeof(name), "%s: %s: %s", point->program->name,
		 point->variant->setup.name,
		 point->wanted ? point->wanted->name : "the program itself");
	if (point->variant != variants && !point->wanted) {
		ktap_skip(name,
			  has_frags(point->variant) && !loaded_takes_frags() ?
				  "this kernel has no frags" :
				  "its test run makes only linear packets");
	} else if (!loaded->object) {
		ktap_point(false, name);
		printf("# the program is not loaded, see above\n");
	} else if (point->wanted) {
		frame_build(&frame, point->wanted);
		test_frame(loaded, point, name);
	} else {
		test_program(loaded, point->program, name);
	}
}

static bool handful_exists(void)
{
	const struct frame_case *wanted;
	size_t found = 0;

	for (wanted = frame_cases; wanted->name; wanted++)
		found += in_handful(wanted->name);
	return found == COUNT(handful);
}

static bool suits(const struct program *program, const struct variant *variant,
		  const struct frame_case *wanted)
{
	if (variant->type != wanted->type)
		return false;
	if (!variant->all && !in_handful(wanted->name))
		return false;
	frame_build(&frame, wanted);
	if (frame.length < TEST_RUN_MIN || frame.length > longest(variant))
		return false;
	return program->hook == &xdp || frame.length >= linear_size(&frame);
}

/* Of TC's packets, only newer kernels (7.3 does, 6.18 does not) let the linear part end before. */
static bool can_try(const char *directory, const struct program *program,
		    const struct variant *variant)
{
	struct loaded loaded = { 0 };
	bool can = false;
	__u32 verdict;

	if (has_frags(variant) && !loaded_takes_frags())
		return false;
	if (!variant->split)
		return true;
	frame_build(&frame, frame_cases);
	if (!loaded_open(&loaded, directory, program->name, &variant->setup)) {
		can = test_run(&loaded, variant, &frame, &verdict) != -EINVAL;
		loaded_close(&loaded);
	}
	return can;
}

/* A program without a row would not be tried at all. */
static void test_rows(const char *directory)
{
	char path[PATH_MAX] = "";
	bool ok = loaded_find(path, sizeof(path), directory, programs->name);
	DIR *objects = opendir(dirname(path));
	struct dirent *entry;

	while (objects && (entry = readdir(objects))) {
		/* select.c is for those that select. */
		if (!fnmatch("*_drop_*_kern.o", entry->d_name, 0) &&
		    fnmatch("*_select_kern.o", entry->d_name, 0) &&
		    !program_has_row(entry->d_name)) {
			printf("# %s: no row in frames/programs.h\n",
			       entry->d_name);
			ok = false;
		}
	}
	if (objects)
		closedir(objects);
	ktap_point(ok, "every program has its row");
}

/* All test points of a program with a variant. Returns how many. */
static size_t plan_variant(struct point *points, const char *directory,
			   const struct program *program,
			   const struct variant *variant)
{
	const struct point one = { program, variant };
	const struct frame_case *wanted;
	size_t count = 0;

	if ((variant->split || has_frags(variant)) &&
	    program->hook != (has_frags(variant) ? &xdp : &tc))
		return 0;
	if (variant == variants)
		points[count++] = one;
	if (!can_try(directory, program, variant)) {
		points[count++] = one;
		return count;
	}
	for (wanted = frame_cases; wanted->name; wanted++) {
		if (!suits(program, variant, wanted))
			continue;
		points[count] = one;
		points[count++].wanted = wanted;
	}
	return count;
}

static struct point *plan(const char *directory, size_t *count)
{
	struct point *points;
	size_t i, j, cases = 1;

	while (frame_cases[cases].name)
		cases++;
	points = calloc(COUNT(programs) * COUNT(variants) * (cases + 1),
			sizeof(*points));
	*count = 0;
	for (i = 0; points && i < COUNT(programs); i++)
		for (j = 0; j < COUNT(variants); j++)
			*count += plan_variant(points + *count, directory,
					       &programs[i], &variants[j]);
	return points;
}

int main(int argc, char **argv)
{
	const char *directory = argc > 1 ? argv[1] : NULL;
	struct point *points, *point, *last = NULL;
	struct loaded loaded = { 0 };
	size_t count;

	ktap_begin();
	if (!loaded_permitted())
		ksft_exit_skip("needs root with CAP_NET_ADMIN and CAP_BPF\n");
	libbpf_set_print(loaded_print);
	points = plan(directory, &count);
	if (!points) {
		perror("verdict");
		return KSFT_FAIL;
	}
	ksft_set_plan(count + 2);
	ktap_point(handful_exists(), "the handful's names are known");
	test_rows(directory);
	for (point = points; point < points + count; point++) {
		if (!last || last->program != point->program ||
		    last->variant != point->variant) {
			loaded_close(&loaded);
			loaded_open(&loaded, directory, point->program->name,
				    &point->variant->setup);
		}
		test_point(&loaded, point);
		last = point;
	}
	loaded_close(&loaded);
	free(points);
	ksft_finished();
}
