// SPDX-License-Identifier: GPL-2.0-only
/*
 * The programs' matching code, compiled natively, and the oracle, which has read the standards
 * on its own: against the table of frames, and against each other.
 *
 * Every frame lies right before memory that may not be touched, so that a
 * byte read beyond its end is caught.
 */
#include "frames/agree.h"
#include "frames/ktap.h"
#include "frames/mutate.h"

#define MUTATIONS 1000000

static struct frame frame;

/* The frame's first bytes, put up against the guard. */
static struct reading reading_of(size_t length, enum drop_frame_type type,
				 int tags)
{
	struct reading reading = { guard - length, length, type, tags };

	memcpy(guard - length, frame.data, length);
	reading_ask(&reading);
	return reading;
}

static void explain(const struct reading *reading, const char *why)
{
	printf("# %s\n", why);
	ktap_dump(reading->data, reading->length);
}

/* Whichever protocol is asked for. */
static void test_verdict(const struct frame_case *wanted)
{
	struct reading reading = reading_of(frame.length, wanted->type, 0);
	const char *why = NULL;
	int protocol;

	if (reading.oracle.carries != wanted->carries)
		why = "the table and the oracle disagree";
	for (protocol = 0; !why && protocol <= 255; protocol++)
		why = disagreement(&reading, protocol);
	if (!ktap_point(!why, wanted->name))
		explain(&reading, why);
}

static void test_truncations(const struct frame_case *wanted)
{
	int tags, tags_max = wanted->type == TYPE_IP ? 0 : TAGS_MAX;
	struct reading reading;
	const char *why = NULL;
	char name[128];
	size_t length;

	for (length = 0; !why && length <= frame.length; length++) {
		for (tags = 0; !why && tags <= tags_max; tags++) {
			reading = reading_of(length, wanted->type, tags);
			why = disagreement(&reading, IPPROTO_TCP);
		}
	}
	snprintf(name, sizeof(name), "%s: every length%s", wanted->name,
		 tags_max ? ", 0 to 4 tags taken off" : "");
	if (!ktap_point(!why, name))
		explain(&reading, why);
}

static void test_mutations(size_t cases)
{
	unsigned int count, seen[3] = { 0 };
	const struct frame_case *base;
	enum drop_frame_type type;
	struct reading reading;
	const char *why = NULL;
	__u8 protocol;
	bool ok;

	for (count = 0; !why && count < MUTATIONS; count++) {
		base = &frame_cases[roll(cases)];
		frame_build(&frame, base);
		mutate(&frame);
		type = roll(16) ? base->type : !base->type;
		reading = reading_of(
			frame.length, type,
			type == TYPE_IP || roll(4) ? 0 : roll(TAGS_MAX + 1));
		protocol = roll(2) ? IPPROTO_TCP : IPPROTO_UDP;
		why = disagreement(&reading, protocol);
		seen[frame_match(reading.oracle.carries, protocol)]++;
	}
	if (!ktap_point(!why, "mutated frames")) {
		printf("# mutation %u from seed %d\n", count, SEED);
		explain(&reading, why);
	}
	printf("# %u mutated frames: %u yes, %u no, %u undecided\n", count,
	       seen[MATCH_YES], seen[MATCH_NO], seen[MATCH_UNDECIDED]);
	/* Or else the run above shows little. */
	ok = seen[MATCH_YES] > count / 20 && seen[MATCH_NO] > count / 20 &&
	     seen[MATCH_UNDECIDED] > count / 20;
	ktap_point(ok, "mutated frames: every verdict is frequent");
}

int main(void)
{
	const struct frame_case *wanted;
	size_t cases = 0;

	ktap_begin();
	if (guard_make(NULL)) {
		perror("# cannot set up guarded memory");
		return KSFT_FAIL;
	}
	while (frame_cases[cases].name)
		cases++;
	ksft_set_plan(2 * cases + 2);
	for (wanted = frame_cases; wanted->name; wanted++) {
		frame_build(&frame, wanted);
		test_verdict(wanted);
		test_truncations(wanted);
	}
	test_mutations(cases);
	ksft_finished();
}
