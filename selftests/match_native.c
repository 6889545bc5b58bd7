// SPDX-License-Identifier: GPL-2.0-only
/*
 * The programs' matching code, compiled natively, against the table of frames
 * and against a second reading of the rule, written to be obvious, not fast.
 *
 * Every frame lies right before memory that may not be touched, so that a
 * byte read beyond its end is caught.
 */
#include <stdlib.h>
#include <string.h>
#include "frames/frames.h"
#include "frames/guarded.h"
#include "frames/ktap.h"
#include "frames/roll.h"

#define MUTATIONS 1000000
#define TAGS_MAX 4
#define OVERREAD -1

static struct frame frame;

/* The second reading. A packet and how far it has been read. */
struct reader {
	const __u8 *data;
	size_t length;
	size_t at;
};

static bool has(const struct reader *reader, size_t size)
{
	return reader->at <= reader->length &&
	       reader->length - reader->at >= size;
}

static unsigned int byte_at(const struct reader *reader, size_t offset)
{
	if (!has(reader, offset + 1))
		abort();
	return reader->data[reader->at + offset];
}

static unsigned int word_at(const struct reader *reader, size_t offset)
{
	return byte_at(reader, offset) * 256 + byte_at(reader, offset + 1);
}

static bool is_extension(unsigned int number)
{
	return number == 0 /* hop-by-hop */ || number == 43 /* routing */ ||
	       number == 44 /* fragment */ || number == 51 /* AH */ ||
	       number == 60 /* destination */ || number == 135 /* mobility */ ||
	       number == 139 /* HIP */ || number == 140 /* shim6 */;
}

/* For experiments: nobody knows what comes behind. */
static bool is_opaque(unsigned int number)
{
	return number == 253 || number == 254;
}

static int second_ipv4(const struct reader *reader)
{
	if (!has(reader, 20))
		return CARRIES_UNDECIDED;
	if (byte_at(reader, 0) < 0x45 || byte_at(reader, 0) > 0x4f)
		return CARRIES_NONE;
	return byte_at(reader, 9);
}

static int second_ipv6(struct reader *reader)
{
	unsigned int number, count, length;
	bool later = false;

	if (!has(reader, 40))
		return CARRIES_UNDECIDED;
	if (byte_at(reader, 0) < 0x60 || byte_at(reader, 0) > 0x6f)
		return CARRIES_NONE;
	number = byte_at(reader, 6);
	reader->at += 40;
	for (count = 0; count < 8 && is_extension(number) && !later; count++) {
		if (!has(reader, 8))
			return CARRIES_UNDECIDED;
		length = byte_at(reader, 1);
		if (number == 44) {
			later = word_at(reader, 2) >= 8;
			length = 8;
		} else if (number == 51) {
			length = (length + 2) * 4;
		} else {
			length = (length + 1) * 8;
		}
		number = byte_at(reader, 0);
		reader->at += length;
	}
	/* No more headers can be followed. */
	return is_extension(number) || is_opaque(number) ? CARRIES_UNDECIDED :
							   (int)number;
}

static int second_ip(struct reader *reader)
{
	if (!has(reader, 1))
		return CARRIES_UNDECIDED;
	if (byte_at(reader, 0) / 16 == 4)
		return second_ipv4(reader);
	if (byte_at(reader, 0) / 16 == 6)
		return second_ipv6(reader);
	return CARRIES_NONE;
}

static int second_ethernet(struct reader *reader, int tags)
{
	unsigned int type;

	if (!has(reader, 14))
		return CARRIES_UNDECIDED;
	type = word_at(reader, 12);
	reader->at += 14;
	while (type == 0x8100 || type == 0x88a8) {
		if (++tags > 4 || !has(reader, 4))
			return CARRIES_UNDECIDED;
		type = word_at(reader, 2);
		reader->at += 4;
	}
	if (type == 0x0800)
		return second_ipv4(reader);
	if (type == 0x86dd)
		return second_ipv6(reader);
	return CARRIES_NONE;
}

/* What IP carries in it, as in the table of frames. */
static int second_reading(const __u8 *data, size_t length,
			  enum drop_frame_type type, int tags)
{
	struct reader reader = { .data = data, .length = length };

	return type == TYPE_IP ? second_ip(&reader) :
				 second_ethernet(&reader, tags);
}

static enum match second_match(__u8 protocol, size_t length,
			       enum drop_frame_type type, int tags)
{
	return frame_match(second_reading(frame.data, length, type, tags),
			   protocol);
}

/* The code under test, on the frame that ends at the guard. */
static int matched(__u8 protocol, size_t length, enum drop_frame_type type,
		   int tags)
{
	if (sigsetjmp(overread, 0))
		return OVERREAD;
	return match_protocol(protocol, type, guard - length, guard, tags);
}

static const char *answer_name(int answer)
{
	return answer == OVERREAD ? "a read beyond the end" :
				    match_name(answer);
}

static void explain(__u8 protocol, int expected, int got, size_t length,
		    enum drop_frame_type type, int tags)
{
	printf("# protocol %u, frame type %s, %d tags taken off: expected %s, got %s\n",
	       protocol, type == TYPE_IP ? "ip" : "ethernet", tags,
	       answer_name(expected), answer_name(got));
	ktap_dump(guard - length, length);
}

/* Whichever protocol is asked for. */
static void test_verdict(const struct frame_case *wanted)
{
	int protocol, second, expected = 0, got = 0;
	bool ok = true;

	memcpy(guard - frame.length, frame.data, frame.length);
	for (protocol = 0; ok && protocol <= 255; protocol++) {
		expected = frame_match(wanted->carries, protocol);
		got = matched(protocol, frame.length, wanted->type, 0);
		ok = got == expected;
	}
	second = second_reading(frame.data, frame.length, wanted->type, 0);
	if (ktap_point(ok && second == wanted->carries, wanted->name))
		return;
	if (second != wanted->carries)
		printf("# table and second reading disagree: %d, %d\n",
		       wanted->carries, second);
	explain(protocol - 1, expected, got, frame.length, wanted->type, 0);
}

static void test_truncations(const struct frame_case *wanted)
{
	int tags, got = 0, tags_max = wanted->type == TYPE_IP ? 0 : TAGS_MAX;
	enum match expected = 0;
	bool ok = true;
	char name[128];
	size_t length;

	for (length = 0; ok && length <= frame.length; length++) {
		memcpy(guard - length, frame.data, length);
		for (tags = 0; ok && tags <= tags_max; tags++) {
			expected = second_match(IPPROTO_TCP, length,
						wanted->type, tags);
			got = matched(IPPROTO_TCP, length, wanted->type, tags);
			ok = got == (int)expected;
		}
	}
	snprintf(name, sizeof(name), "%s: every length%s", wanted->name,
		 tags_max ? ", 0 to 4 tags taken off" : "");
	if (!ktap_point(ok, name))
		explain(IPPROTO_TCP, expected, got, length - 1, wanted->type,
			tags - 1);
}

static void mutate(struct frame *victim)
{
	/* Bytes that mean something somewhere. */
	static const __u8 telling[] = {
		0,    1,    2,	  4,	5,    6,    7,	  8,	17,
		43,   44,   50,	  51,	58,   59,   60,	  135,	139,
		140,  253,  254,  0x40, 0x44, 0x45, 0x4f, 0x50, 0x5f,
		0x60, 0x81, 0x86, 0x88, 0xa8, 0xdd, 0xff,
	};
	size_t at, size, reach;
	int changes;

	for (changes = 1 + roll(4); changes && victim->length; changes--) {
		reach = victim->length < 128 ? victim->length : 128;
		at = roll(reach);
		size = 1 + roll(reach - at);
		switch (roll(8)) {
		case 0: /* any byte */
			victim->data[at] = roll(256);
			break;
		case 1: /* any bit */
			victim->data[at] ^= 1 << roll(8);
			break;
		case 2: /* the end */
			victim->length = at;
			break;
		case 3: /* take some bytes away */
			victim->length -= size;
			memmove(victim->data + at, victim->data + at + size,
				victim->length - at);
			break;
		case 4: /* write some bytes twice */
			if (victim->length + size > FRAME_MAX)
				break;
			memmove(victim->data + at + size, victim->data + at,
				victim->length - at);
			victim->length += size;
			break;
		default:
			victim->data[at] = telling[roll(sizeof(telling))];
		}
	}
}

static void test_mutations(size_t cases)
{
	unsigned int count, seen[3] = { 0 };
	const struct frame_case *base;
	enum match expected = 0;
	enum drop_frame_type type = 0;
	int protocol = 0, tags = 0, got = 0;
	bool ok = true;

	for (count = 0; ok && count < MUTATIONS; count++) {
		base = &frame_cases[roll(cases)];
		frame_build(&frame, base);
		mutate(&frame);
		type = roll(16) ? base->type : !base->type;
		tags = type == TYPE_IP || roll(4) ? 0 : roll(TAGS_MAX + 1);
		memcpy(guard - frame.length, frame.data, frame.length);
		protocol = roll(2) ? IPPROTO_TCP : IPPROTO_UDP;
		expected = second_match(protocol, frame.length, type, tags);
		got = matched(protocol, frame.length, type, tags);
		ok = got == (int)expected;
		seen[expected]++;
	}
	if (!ktap_point(ok, "mutated frames")) {
		printf("# mutation %u from seed %d\n", count, SEED);
		explain(protocol, expected, got, frame.length, type, tags);
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
