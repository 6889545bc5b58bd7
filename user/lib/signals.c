// SPDX-License-Identifier: GPL-2.0-only
/* The signals that end a run, and the one that asks for its figures. */
#include "lib/signals.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

int signals_catch(int more)
{
	struct sigaction hangup = {};
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	if (more)
		sigaddset(&set, more);
	/* Under nohup(1) it is ignored, and stays so. */
	sigaction(SIGHUP, NULL, &hangup);
	if (hangup.sa_handler != SIG_IGN)
		sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int signals_take(int fd)
{
	struct signalfd_siginfo taken;

	return read(fd, &taken, sizeof(taken)) == sizeof(taken) ?
		       (int)taken.ssi_signo :
		       SIGTERM;
}

bool signals_end_came(int fd, int ms)
{
	struct pollfd polled = { .fd = fd, .events = POLLIN };

	return poll(&polled, 1, ms) > 0 && signals_take(fd) != SIGUSR1;
}

void signals_end(int fd)
{
	sigset_t set;

	sigprocmask(SIG_BLOCK, NULL, &set);
	sigdelset(&set, SIGUSR1);
	signalfd(fd, &set, 0);
}
