// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run a program for which a system call fails: a seccomp filter answers it with an
 * error, as another kernel would, or one short of something; always, or once, at the
 * Nth time. Or the program is killed or stopped there, before the call is made, or told that
 * it was made. Or all of its calls are counted, so that each of them can be made to fail.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/net.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
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
/* Behind all errnos: a signal, and no answer. 0 is success, of what is not done. */
#define SIGNAL 0x1000
#define ERRORS 200 /* there are fewer */

struct call {
	const char *name;
	int number; /* of the system call */
	int first; /* its first argument, or ANY */
	const char *errors; /* that the kernel has for it */
};

/* A name may be there several times: by each of these the call may be made. */
static const struct call calls[] = {
	{ "MAP_CREATE", __NR_bpf, BPF_MAP_CREATE, "ENOMEM EPERM EMFILE" },
	{ "MAP_LOOKUP", __NR_bpf, BPF_MAP_LOOKUP_ELEM, "ENOMEM EPERM" },
	{ "MAP_UPDATE", __NR_bpf, BPF_MAP_UPDATE_ELEM, "ENOMEM EPERM" },
	{ "MAP_NEXT_KEY", __NR_bpf, BPF_MAP_GET_NEXT_KEY, "ENOMEM EPERM" },
	{ "MAP_FREEZE", __NR_bpf, BPF_MAP_FREEZE, "EPERM EBUSY" },
	{ "MAP_FD", __NR_bpf, BPF_MAP_GET_FD_BY_ID, "EPERM EMFILE" },
	{ "PROG_LOAD", __NR_bpf, BPF_PROG_LOAD, "ENOMEM EPERM EMFILE" },
	{ "PROG_FD", __NR_bpf, BPF_PROG_GET_FD_BY_ID, "EPERM EMFILE" },
	{ "PROG_QUERY", __NR_bpf, BPF_PROG_QUERY, "ENOMEM EPERM" },
	{ "PROG_BIND", __NR_bpf, BPF_PROG_BIND_MAP, "ENOMEM" },
	{ "BTF_LOAD", __NR_bpf, BPF_BTF_LOAD, "ENOMEM EPERM" },
	{ "OBJ_GET", __NR_bpf, BPF_OBJ_GET, "EPERM EMFILE" },
	{ "OBJ_INFO", __NR_bpf, BPF_OBJ_GET_INFO_BY_FD, "ENOMEM" },
	{ "OBJ_PIN", __NR_bpf, BPF_OBJ_PIN, "ENOMEM ENOSPC EPERM EEXIST" },
	{ "LINK_CREATE", __NR_bpf, BPF_LINK_CREATE,
	  "ENOMEM EPERM EBUSY EEXIST ENODEV EMFILE" },
	{ "LINK_UPDATE", __NR_bpf, BPF_LINK_UPDATE, "ENOMEM EPERM ENOLINK" },
	{ "LINK_FD", __NR_bpf, BPF_LINK_GET_FD_BY_ID, "EPERM EMFILE EAGAIN" },
	{ "LINK_NEXT_ID", __NR_bpf, BPF_LINK_GET_NEXT_ID, "EPERM" },
	{ "LINK_DETACH", __NR_bpf, BPF_LINK_DETACH, "ENOMEM" },
	{ "SIGNALFD", __NR_signalfd4, ANY, "ENOMEM EMFILE" },
	{ "SIGNAL_MASK", __NR_rt_sigprocmask, ANY, "" },
	{ "TIMERFD", __NR_timerfd_create, ANY, "ENOMEM EMFILE" },
	{ "TIMER_SET", __NR_timerfd_settime, ANY, "" },
	{ "POLL", __NR_ppoll, ANY, "ENOMEM EINTR" },
	{ "EPOLL", __NR_epoll_create1, ANY, "ENOMEM EMFILE" },
	{ "EPOLL_ADD", __NR_epoll_ctl, ANY, "ENOMEM ENOSPC" },
	{ "SOCKET", __NR_socket, ANY, "ENOBUFS EMFILE" },
	{ "BIND", __NR_bind, ANY, "ENOMEM" },
	{ "SETSOCKOPT", __NR_setsockopt, ANY, "ENOMEM" },
	{ "SEND", __NR_sendto, ANY, "ENOBUFS ENOMEM" },
	{ "RECEIVE", __NR_recvfrom, ANY, "ENOBUFS ENOMEM" },
	{ "OPEN", __NR_openat, ANY, "EMFILE ENOMEM EACCES" },
	{ "READ", __NR_read, ANY, "EIO ENOMEM" },
	{ "WRITE", __NR_write, ANY, "EIO ENOSPC EPIPE" },
	{ "CLOSE", __NR_close, ANY, "" },
	{ "IOCTL", __NR_ioctl, ANY, "EIO" },
	{ "STAT", __NR_newfstatat, ANY, "ENOMEM EACCES" },
	{ "STATFS", __NR_statfs, ANY, "ENOMEM EACCES" },
	{ "TRUNCATE", __NR_ftruncate, ANY, "EIO" },
	{ "FILES", __NR_getdents64, ANY, "ENOMEM EIO" },
	{ "MMAP", __NR_mmap, ANY, "ENOMEM" },
	{ "MUNMAP", __NR_munmap, ANY, "" },
	{ "LIMIT", __NR_prlimit64, ANY, "EPERM" },
	{ "PRCTL", __NR_prctl, ANY, "" },
	{ "CAPSET", __NR_capset, ANY, "EPERM" },
	{ "SETNS", __NR_setns, ANY, "EPERM ENOMEM" },
#ifdef __NR_poll
	{ "OLD_POLL", __NR_poll, ANY, "ENOMEM EINTR" },
	{ "MKDIR", __NR_mkdir, ANY, "ENOMEM ENOSPC EACCES" },
	{ "UNLINK", __NR_unlink, ANY, "EACCES EROFS" },
	{ "RENAME", __NR_rename, ANY, "ENOMEM ENOSPC" },
	{ "ACCESS", __NR_access, ANY, "EACCES" },
#endif
#ifdef __NR_socketcall
	/* As glibc makes them on s390x. */
	{ "SOCKET", __NR_socketcall, SYS_SOCKET, "ENOBUFS EMFILE" },
	{ "BIND", __NR_socketcall, SYS_BIND, "ENOMEM" },
	{ "SETSOCKOPT", __NR_socketcall, SYS_SETSOCKOPT, "ENOMEM" },
	{ "SEND", __NR_socketcall, SYS_SEND, "ENOBUFS ENOMEM" },
	{ "SEND", __NR_socketcall, SYS_SENDTO, "ENOBUFS ENOMEM" },
	{ "RECEIVE", __NR_socketcall, SYS_RECV, "ENOBUFS ENOMEM" },
	{ "RECEIVE", __NR_socketcall, SYS_RECVFROM, "ENOBUFS ENOMEM" },
#endif
	{}
};

/* The lower half of the first argument. */
#define ARGUMENT                               \
	(offsetof(struct seccomp_data, args) + \
	 (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__) * 4)

#define PART 5 /* instructions for each call */

/* Of NAME[@N]. */
static bool has_name(const struct call *call, const char *name)
{
	size_t length = strcspn(name, "@");

	return strlen(call->name) == length &&
	       !strncmp(call->name, name, length);
}

/*
 * From now on, the calls of this name, or all, get this answer; returns a descriptor if it
 * is asked for.
 */
static int filter(const char *name, unsigned int answer)
{
	struct sock_filter code[PART * sizeof(calls) / sizeof(*calls) + 1];
	struct sock_fprog program = { .filter = code };
	unsigned int flags = answer == SECCOMP_RET_USER_NOTIF ?
				     SECCOMP_FILTER_FLAG_NEW_LISTENER :
				     0;
	struct sock_filter *end = code;
	const struct call *call;

	for (call = calls; call->name; call++) {
		/* Where there is no argument to look at, this is no jump. */
		__u8 other = call->first == ANY ? 0 : 1;
		struct sock_filter part[PART] = {
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
				 offsetof(struct seccomp_data, nr)),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call->number, 0, 3),
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARGUMENT),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call->first, 0,
				 other),
			BPF_STMT(BPF_RET | BPF_K, answer),
		};

		if (name && !has_name(call, name))
			continue;
		memcpy(end, part, sizeof(part));
		end += PART;
	}
	*end++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
					      SECCOMP_RET_ALLOW);
	program.len = end - code;
	return (int)syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags,
			    &program);
}

/* Which calls the program's parent is asked about, and what it answers. */
struct plan {
	const char *name; /* or NULL: about all */
	unsigned long left; /* calls until the one that fails, or 0 */
	int error;
	unsigned long made[sizeof(calls) / sizeof(*calls)];
	char **argv;
	int *listener; /* shared: what the filter gave */
};

/* On the first entry of its name. */
static void count_call(struct plan *plan, const struct seccomp_data *data)
{
	const struct call *call = calls, *first = calls;

	while (call->number != data->nr ||
	       (call->first != ANY && call->first != (int)data->args[0]))
		call++;
	while (!has_name(first, call->name))
		first++;
	plan->made[first - calls]++;
}

/* Answers one call, if the program has not ended meanwhile. */
static void answer(struct plan *plan)
{
	struct seccomp_notif call = {};
	struct seccomp_notif_resp response = {};

	if (ioctl(*plan->listener, SECCOMP_IOCTL_NOTIF_RECV, &call))
		return;
	count_call(plan, &call.data);
	if (plan->left && !--plan->left) {
		/* Once it goes on, it calls again. */
		if (plan->error > SIGNAL) {
			kill((pid_t)call.pid, plan->error - SIGNAL);
			return;
		}
		response.error = -(plan->error % SIGNAL);
	} else {
		response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	}
	response.id = call.id;
	ioctl(*plan->listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

/* The descriptor is the parent's, too, until the program starts, which closes it. */
static int run_child(void *context)
{
	const struct plan *plan = context;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	*plan->listener = filter(plan->name, SECCOMP_RET_USER_NOTIF);
	if (*plan->listener < 0)
		return failed("seccomp");
	return run(plan->argv);
}

static pid_t started;

static void pass_on(int signal)
{
	kill(started, signal);
}

/* Returns what the program exits with. */
static int run_asked(struct plan *plan)
{
	static char stack[65536] __attribute__((aligned(16)));
	struct pollfd polled[2] = { { .events = POLLIN },
				    { .events = POLLIN } };
	int status = 0;

	plan->listener = mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (plan->listener == MAP_FAILED)
		return failed("mmap");
	*plan->listener = -1;
	started = clone(run_child, stack + sizeof(stack), CLONE_FILES | SIGCHLD,
			plan);
	if (started < 0)
		return failed("clone");
	signal(SIGINT, pass_on);
	signal(SIGTERM, pass_on);
	signal(SIGALRM, pass_on);
	polled[0].fd = (int)syscall(__NR_pidfd_open, started, 0);
	if (polled[0].fd < 0)
		return failed("pidfd_open");
	while (!polled[0].revents) {
		polled[1].fd = *plan->listener;
		poll(polled, 2, *plan->listener < 0 ? 1 : -1);
		if (!polled[0].revents && polled[1].revents & POLLIN)
			answer(plan);
	}
	waitpid(started, &status, 0);
	return exit_status(status);
}

/* Which calls are made how often, and what they can fail with: a line for each. */
static int count_calls(const char *path, char **argv)
{
	struct plan plan = { .argv = argv };
	FILE *file = fopen(path, "we");
	size_t i;
	int status;

	if (!file)
		return failed(path);
	status = run_asked(&plan);
	for (i = 0; calls[i].name; i++)
		if (plan.made[i])
			fprintf(file, "%s %lu %s\n", calls[i].name,
				plan.made[i], calls[i].errors);
	return fclose(file) ? failed(path) : status;
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
	if (!strcmp(name, "NOTHING"))
		return SIGNAL;
	for (error = 1; error < ERRORS; error++) {
		known = strerrorname_np(error);
		if (known && !strcmp(known, name))
			return error;
	}
	return 0;
}

static int deny_main(int argc, char **argv)
{
	const struct call *call = calls;
	struct plan plan = { .argv = argv + 3 };
	const char *at;

	if (argc > 3 && !strcmp(argv[1], "--count"))
		return count_calls(argv[2], argv + 3);
	if (argc <= 3)
		return usage();
	plan.name = argv[1];
	plan.error = find_error(argv[2]);
	at = strchr(plan.name, '@');
	plan.left = at ? strtoul(at + 1, NULL, 10) : 0;
	while (call->name && !has_name(call, plan.name))
		call++;
	if (!call->name || !plan.error ||
	    (!plan.left && (at || plan.error >= SIGNAL)))
		return usage();
	if (plan.left)
		return run_asked(&plan);
	if (filter(plan.name, SECCOMP_RET_ERRNO | (__u32)plan.error) < 0)
		return failed("seccomp");
	return run(argv + 3);
}

const struct command deny_command = {
	.name = "deny",
	.summary = "run a program for which a system call fails",
	.usage =
		"tool deny CALL[@N] ERRNO PROGRAM [ARGUMENT...]\n"
		"       tool deny --count FILE PROGRAM [ARGUMENT...]\n"
		"CALL by name, those in the list of deny.c; @N: the Nth such call only, and then\n"
		"ERRNO may be KILL or STOP, or NOTHING: it succeeds, but is not made. --count: none\n"
		"fails; how many of each there were, and what they can fail with. Exit: the program's;\n"
		"125 if it was not tried.\n",
	.untried = 125,
	.main = deny_main,
};
