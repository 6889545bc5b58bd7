/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Room for a frame, right before memory that may not be touched: a byte read beyond
 * the frame's end is caught. For match_native.c and tc_native.c only.
 */
#ifndef GUARDED_H
#define GUARDED_H

#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>
#include "frames/frames.h"

static __u8 *guard; /* the first byte that may not be touched */
static sigjmp_buf overread; /* to be set before each run */

static void guard_caught(int signal)
{
	siglongjmp(overread, signal);
}

/* At @address, if there is room; NULL: anywhere. Returns 0, or -1 with errno. */
static int guard_make(void *address)
{
	struct sigaction action = { .sa_handler = guard_caught,
				    .sa_flags = SA_NODEFER };
	size_t page = sysconf(_SC_PAGESIZE);
	size_t room = (FRAME_MAX + page - 1) / page * page;
	__u8 *area;

	area = mmap(address, room + page, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED || mprotect(area + room, page, PROT_NONE))
		return -1;
	guard = area + room;
	return sigaction(SIGSEGV, &action, NULL) |
	       sigaction(SIGBUS, &action, NULL);
}

#endif
