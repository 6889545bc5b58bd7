// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer: the matching code on frames that are made to reach all of it, against the oracle.
 * The input is a frame; it is taken for Ethernet, with 0 to 4 tags taken off, and for IP.
 */
#include <stdlib.h>
#include "frames/agree.h"
#include "frames/mutate.h"
#include "fuzz/libfuzzer.h"

int fuzz_begin(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return guard_make(NULL);
}

static void agree(const __u8 *data, size_t size, enum drop_frame_type type,
		  int tags)
{
	struct reading reading = { data, size, type, tags };
	const char *why;

	reading_ask(&reading);
	/* As libFuzzer gives it: none of the bytes before it may be read. */
	why = disagreement(&reading, IPPROTO_TCP);
	/* Nor one behind it. */
	reading.data = guard - size;
	if (!why)
		why = disagreement(&reading, reading.oracle.carries > 0 ?
						     reading.oracle.carries :
						     IPPROTO_UDP);
	if (!why)
		return;
	printf("disagreement: %s\n", why);
	show_frame(data, size, type);
	fflush(stdout);
	abort();
}

int fuzz_one(const __u8 *data, size_t size)
{
	int tags;

	if (size > FRAME_MAX)
		return 0;
	memcpy(guard - size, data, size);
	for (tags = 0; tags <= TAGS_MAX; tags++)
		agree(data, size, TYPE_ETHERNET, tags);
	agree(data, size, TYPE_IP, 0);
	return 0;
}

/* A frame of the table, or the one that is there, changed. */
size_t fuzz_change(__u8 *data, size_t size, size_t max, unsigned int seed)
{
	static struct frame frame;
	static size_t cases;

	while (frame_cases[cases].name)
		cases++;
	roll_state = seed + 1ULL;
	if (!roll(8))
		return fuzz_change_any(data, size, max);
	if (!size || !roll(8)) {
		frame_build(&frame, &frame_cases[roll(cases)]);
	} else {
		frame.length = size < FRAME_MAX ? size : FRAME_MAX;
		memcpy(frame.data, data, frame.length);
	}
	mutate(&frame);
	size = frame.length < max ? frame.length : max;
	memcpy(data, frame.data, size);
	return size;
}
