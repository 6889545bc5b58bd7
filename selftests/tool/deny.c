// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run a program for which a system call fails: a seccomp filter answers it with an
 * error, as another kernel would, or one short of something; always, or once, at the
 * Nth time. Or the program is killed or stopped there, before the call is made.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool/tool.h"

#define ANY -1
#define SIGNAL 0x1000 /* behind all errnos: a signal, and no answer */
#define ERRORS 200 /* there are fewer */

struct call {
	const char *name;
	int number; /* of the system call */
	int first; /* its first argument, or ANY */
};

static const struct call calls[] = {
	{ "MAP_CREATE", __NR_bpf, BPF_MAP_CREATE },
	{ "MAP_LOOKUP", __NR_bpf, BPF_MAP_LOOKUP_ELEM },
	{ "MAP_UPDATE", __NR_bpf, BPF_MAP_UPDATE_ELEM },
	{ "MAP_FD", __NR_bpf, BPF_MAP_GET_FD_BY_ID },
	{ "PROG_LOAD", __NR_bpf, BPF_PROG_LOAD },
	{ "PROG_FD", __NR_bpf, BPF_PROG_GET_FD_BY_ID },
	{ "PROG_QUERY", __NR_bpf, BPF_PROG_QUERY },
	{ "OBJ_GET", __NR_bpf, BPF_OBJ_GET },
	{ "OBJ_INFO", __NR_bpf, BPF_OBJ_GET_INFO_BY_FD },
	{ "OBJ_PIN", __NR_bpf, BPF_OBJ_PIN },
	{ "LINK_CREATE", __NR_bpf, BPF_LINK_CREATE },
	{ "LINK_FD", __NR_bpf, BPF_LINK_GET_FD_BY_ID },
	{ "LINK_NEXT_ID", __NR_bpf, BPF_LINK_GET_NEXT_ID },
	{ "LINK_DETACH", __NR_bpf, BPF_LINK_DETACH },
	{ "SIGNALFD", __NR_signalfd4, ANY },
	{ "POLL", __NR_ppoll, ANY },
	{ "SEND", __NR_sendto, ANY },
	{ "RECEIVE", __NR_recvfrom, ANY },
	{}
};

/* The lower half of the first argument. */
#define ARGUMENT                               \
	(offsetof(struct seccomp_data, args) + \
	 (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__) * 4)

/* From now on, that call gets this answer; returns a descriptor if it is asked for. */
static int filter(const struct call *call, unsigned int answer)
{
	/* Where there is no argument to look at, this is no jump. */
	__u8 other = call->first == ANY ? 0 : 1;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call->number, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARGUMENT),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call->first, 0, other),
		BPF_STMT(BPF_RET | BPF_K, answer),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(*code), code };
	unsigned int flags = answer == SECCOMP_RET_USER_NOTIF ?
				     SECCOMP_FILTER_FLAG_NEW_LISTENER :
				     0;

	return (int)syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags,
			    &program);
}

/* Answers one call, if the program has not ended meanwhile. */
static void answer(int listener, unsigned long *left, int error)
{
	struct seccomp_notif call = {};
	struct seccomp_notif_resp response = {};

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call))
		return;
	if (*left && !--*left) {
		/* Once it goes on, it calls again. */
		if (error > SIGNAL) {
			kill((pid_t)call.pid, error - SIGNAL);
			return;
		}
		response.error = -error;
	} else {
		response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	}
	response.id = call.id;
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

struct child {
	const struct call *call;
	char **argv;
	int *listener; /* shared: what the filter gave */
};

/* The descriptor is the parent's, too, until the program starts. */
static int run_child(void *context)
{
	const struct child *child = context;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	*child->listener = filter(child->call, SECCOMP_RET_USER_NOTIF);
	if (*child->listener < 0)
		return failed("seccomp");
	fcntl(*child->listener, F_SETFD, FD_CLOEXEC);
	return run(child->argv);
}

static pid_t started;

static void pass_on(int signal)
{
	kill(started, signal);
}

/* At the Nth time only. */
static int once(const struct call *call, unsigned long n, int error,
		char **argv)
{
	int *listener = mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	static char stack[65536] __attribute__((aligned(16)));
	struct child child = { call, argv, listener };
	struct pollfd polled[2] = { { .events = POLLIN },
				    { .events = POLLIN } };
	int status = 0;

	if (listener == MAP_FAILED)
		return failed("mmap");
	*listener = -1;
	started = clone(run_child, stack + sizeof(stack), CLONE_FILES | SIGCHLD,
			&child);
	if (started < 0)
		return failed("clone");
	signal(SIGINT, pass_on);
	signal(SIGTERM, pass_on);
	signal(SIGALRM, pass_on);
	polled[0].fd = (int)syscall(__NR_pidfd_open, started, 0);
	if (polled[0].fd < 0)
		return failed("pidfd_open");
	while (!polled[0].revents) {
		polled[1].fd = *listener;
		poll(polled, 2, *listener < 0 ? 1 : -1);
		if (!polled[0].revents && polled[1].revents & POLLIN)
			answer(*listener, &n, error);
	}
	waitpid(started, &status, 0);
	return exit_status(status);
}

static const struct call *find_call(const char *name, unsigned long *n)
{
	size_t length = strcspn(name, "@");
	const struct call *call = calls;

	*n = name[length] ? strtoul(name + length + 1, NULL, 10) : 0;
	while (call->name && (strncmp(call->name, name, length) ||
			      strlen(call->name) != length))
		call++;
	return call->name && (!name[length] || *n) ? call : NULL;
}

/* Its number, 0 if there is none. */
static int find_error(const char *name)
{
	const char *known;
	int error;

	if (!strcmp(name, "KILL"))
		return SIGNAL + SIGKILL;
	if (!strcmp(name, "STOP"))
		return SIGNAL + SIGSTOP;
	for (error = 1; error < ERRORS; error++) {
		known = strerrorname_np(error);
		if (known && !strcmp(known, name))
			return error;
	}
	return 0;
}

static int deny_main(int argc, char **argv)
{
	unsigned long n = 0;
	const struct call *call = argc > 3 ? find_call(argv[1], &n) : NULL;
	int error = argc > 3 ? find_error(argv[2]) : 0;

	if (!call || !error || (error > SIGNAL && !n))
		return usage();
	if (n)
		return once(call, n, error, argv + 3);
	if (filter(call, SECCOMP_RET_ERRNO | (unsigned int)error) < 0)
		return failed("seccomp");
	return run(argv + 3);
}

const struct command deny_command = {
	.name = "deny",
	.summary = "run a program for which a system call fails",
	.usage =
		"tool deny CALL[@N] ERRNO PROGRAM [ARGUMENT...]\n"
		"CALL by name, those in the list of deny.c; @N: the Nth such call only, and then\n"
		"ERRNO may be KILL or STOP. Exit: the program's; 125 if it was not tried.\n",
	.untried = 125,
	.main = deny_main,
};
