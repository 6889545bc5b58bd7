// SPDX-License-Identifier: GPL-2.0-only
/*
 * Wait for packets in a pcapng file that grows. Its blocks are only counted, as far as
 * they are whole.
 */
#include <linux/types.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "tool/tool.h"

#define BLOCK_PACKET 6
#define BLOCK_MIN 12 /* bytes: type, and length before and after */
#define PAUSE_MS 5

static unsigned long count_packets(const char *path)
{
	FILE *in = fopen(path, "re");
	struct {
		__u32 type, size;
	} head;
	unsigned long count = 0;
	long at = 0, end;

	if (!in)
		give_up(path);
	fseek(in, 0, SEEK_END);
	end = ftell(in);
	while (!fseek(in, at, SEEK_SET) && fread(&head, sizeof(head), 1, in)) {
		at += head.size;
		if (head.size < BLOCK_MIN || at > end)
			break;
		count += head.type == BLOCK_PACKET;
	}
	fclose(in);
	return count;
}

static int pcapng_wait_main(int argc, char **argv)
{
	double end;

	if (argc != 4)
		return usage();
	end = now_ms() + atoi(argv[1]);
	while (count_packets(argv[2]) < strtoul(argv[3], NULL, 10)) {
		if (now_ms() >= end)
			return 1;
		poll(NULL, 0, PAUSE_MS);
	}
	return 0;
}

const struct command pcapng_wait_command = {
	.name = "pcapng_wait",
	.summary = "wait for packets in a pcapng file that grows",
	.usage = "tool pcapng_wait MS FILE COUNT\n"
		 "Exit: 0 so many are there, 1 not in time, 2 failed.\n",
	.untried = 2,
	.main = pcapng_wait_main,
};
