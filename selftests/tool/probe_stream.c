// SPDX-License-Identifier: GPL-2.0-only
/* Many connections, one after the other, and what became of each. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tool/probe.h"
#include "tool/tool.h"

struct attempt {
	int fd;
	double before, after;
};

/* An attempt lasts no longer than this: the kernel repeats a SYN after 1 s. */
#define ATTEMPT_MS 800

static volatile sig_atomic_t stream_ends;

static void end_stream(int number)
{
	(void)number;
	stream_ends = 1;
}

static double real_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void end_attempt(struct attempt *attempt, int answered)
{
	struct linger reset = { .l_onoff = 1 };

	printf("%.6f %.6f ", attempt->before, attempt->after);
	if (answered)
		printf("%.6f\n", real_s());
	else
		puts("-");
	setsockopt(attempt->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(attempt->fd);
	attempt->fd = -1;
}

/* End those that were answered, and those of which it is no longer hoped. */
static int look_at_attempts(struct attempt *list, int first, int count,
			    int wait_ms)
{
	static struct pollfd polled[4096];
	socklen_t size = sizeof(int);
	int i, error;
	double now;

	for (i = first; i < count; i++)
		polled[i - first] =
			(struct pollfd){ .fd = list[i].fd, .events = POLLOUT };
	poll(polled, count - first, wait_ms);
	now = real_s();
	for (i = first; i < count; i++) {
		if (list[i].fd < 0)
			continue;
		if (polled[i - first].revents) {
			getsockopt(list[i].fd, SOL_SOCKET, SO_ERROR, &error,
				   &size);
			end_attempt(&list[i], !error);
		} else if (now - list[i].before > ATTEMPT_MS / 1e3) {
			end_attempt(&list[i], 0);
		}
	}
	while (first < count && list[first].fd < 0)
		first++;
	return first;
}

int probe_stream(const char *address, const char *port, int rate, int seconds)
{
	union address to;
	socklen_t length = parse_address(address, port, &to);
	int first = 0, count = 0, total = rate * seconds;
	double start = now_ms(), wait;
	struct attempt *list;

	list = calloc(total, sizeof(*list));
	if (!list || rate < 1 || rate > 4000 || seconds < 1)
		return failed("stream");
	setlinebuf(stdout); /* another may wait for what it says */
	signal(SIGINT, end_stream);
	while (count < total || first < count) {
		if (stream_ends)
			total = count;
		wait = start + count * 1e3 / rate - now_ms();
		if (count < total && wait <= 0) {
			list[count].fd = socket(to.any.sa_family,
						SOCK_STREAM | SOCK_NONBLOCK, 0);
			if (list[count].fd < 0)
				return failed("socket");
			list[count].before = real_s();
			if (connect(list[count].fd, &to.any, length) &&
			    errno != EINPROGRESS)
				return failed("connect");
			list[count++].after = real_s();
			wait = 0;
		} else if (count == total || wait > 10) {
			wait = 10;
		}
		first = look_at_attempts(list, first, count,
					 wait > 0 ? (int)wait + 1 : 0);
	}
	return ANSWERED;
}
