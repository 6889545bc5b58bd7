// SPDX-License-Identifier: GPL-2.0-only
/* The foreground: counters, the lease of clsact filters, signals, time-out. */
#include <net/if.h> /* bears linux/if.h after it, not before */

#include "watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "duration.h"
#include "errors.h"
#include "macros.h"
#include "pins.h"
#include "tc_hook.h"

int watch_signals(void)
{
	struct sigaction hangup = {};
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	/* nohup(1) ignores it, and means it. */
	sigaction(SIGHUP, NULL, &hangup);
	if (hangup.sa_handler != SIG_IGN)
		sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

void watch_renew(struct watch *watch, bool leased)
{
	__u64 lease_ns = clock_ns(CLOCK_MONOTONIC) + TC_HOOK_LEASE_NS;

	watch->state->deadline_ns = leased && lease_ns < watch->deadline_ns ?
					    lease_ns :
					    watch->deadline_ns;
}

/* The slot behind those of the attachments: an interface that is not known. */
static int show_one(struct watch *watch, size_t i, double seconds, bool final)
{
	struct reading reading = { .final = final };
	struct drop_tally prey, *last = &watch->last_prey[i];
	int error;

	error = counters_read(watch->counters_fd, i, &reading.sum);
	if (error)
		return error;
	if (i < watch->count) {
		reading.interface = &watch->attachments[i].interface;
		reading.hook = watch->attachments[i].hook;
	} else if (counters_are_none(&reading.sum)) {
		return 0;
	}
	prey = counters_prey(&reading.sum);
	reading.elapsed =
		(double)(clock_ns(CLOCK_MONOTONIC) - watch->started_ns) /
		SECOND_NS;
	if (seconds > 0) {
		reading.packet_rate = (prey.packets - last->packets) / seconds;
		reading.byte_rate = (prey.bytes - last->bytes) / seconds;
	}
	*last = prey;
	if (capture_is_on(watch->capture))
		capture_count(watch->capture, i, &reading.sum,
			      &reading.captured, &reading.lost);
	return counters_show(&watch->display, &reading);
}

int watch_show(struct watch *watch, bool final)
{
	__u64 now = clock_ns(CLOCK_MONOTONIC);
	double seconds = (double)(now - watch->last_ns) / SECOND_NS;
	int error = 0;
	size_t i;

	if (watch->mute)
		return 0;
	counters_redraw(&watch->display);
	for (i = 0; i < slots_counters(watch->count) && !error; i++) {
		if (final || i == watch->count ||
		    watch->attachments[i].attached)
			error = show_one(watch, i, seconds, final);
	}
	watch->last_ns = now;
	if (!error && fflush(watch->display.out))
		error = -errno;
	watch->mute = error;
	return error;
}

/*
 * A link goes with its interface to another network namespace, where the interface
 * has another number if its own is taken there. @left: we have heard that it left.
 */
static void check_move(struct watch *watch, struct attachment *at, int index,
		       bool left)
{
	if (index == at->index && (!left || at->elsewhere))
		return;
	watch->display.drawn = 0;
	at->elsewhere = true;
	if (index == at->index) {
		note("%s: moved to another network namespace: it stays attached.",
		     at->interface.name);
		return;
	}
	note("%s: moved to another network namespace, as number %d: it stays attached.",
	     at->interface.name, index);
	at->index = index;
	watch->renumbered = true;
}

static bool still_there(struct watch *watch, struct attachment *at)
{
	int index;

	if (hook_is_clsact(at->hook))
		return tc_clsact_present(&at->interface, at->hook,
					 watch->program_id);
	index = link_ifindex(at->link_fd, NULL);
	if (index > 0)
		check_move(watch, at, index, false);
	return index;
}

/* Marks and tells what has vanished; false if nothing is left. */
static bool check_all(struct watch *watch)
{
	char name[IFNAMSIZ];
	bool any = false;
	size_t i;

	for (i = 0; i < watch->count; i++) {
		struct attachment *at = &watch->attachments[i];

		if (at->attached && !still_there(watch, at)) {
			at->attached = false;
			watch->display.drawn = 0;
			note(if_indextoname(at->interface.index, name) ?
				     "%s: no longer attached: somebody took the program off." :
				     "%s: no longer attached: the interface was deleted, or moved elsewhere.",
			     at->interface.name);
		}
		any |= at->attached;
	}
	return any;
}

/* Packets that nobody's number stands on: that there are any is told once. */
static void check_unknown(struct watch *watch)
{
	struct drop_counters sum;

	if (watch->unknown_told || !slots_are_many(watch->count) ||
	    counters_read(watch->counters_fd, watch->count, &sum) ||
	    counters_are_none(&sum))
		return;
	watch->unknown_told = true;
	watch->display.drawn = 0;
	note("packets of an unknown interface: taken for %s, counted as (unknown).",
	     watch->slots->unknown_link == LINK_IP ? "IP" : "Ethernet");
}

static struct attachment *attachment_on(const struct watch *watch, int index)
{
	size_t i;

	for (i = 0; i < watch->count && index; i++) {
		if (watch->attachments[i].index == index)
			return &watch->attachments[i];
	}
	return NULL;
}

/* Has what is in the map to be written anew? Ports of a bond come and go. */
static int read_change(const struct nlmsghdr *message, void *context)
{
	const struct ifinfomsg *info = NLMSG_DATA(message);
	struct watch *watch = context;
	const struct attachment *bond;
	struct attachment *at;
	size_t slot;
	int index;

	/* A bridge tells of its ports as well, in messages of its own. */
	if (info->ifi_family != AF_UNSPEC)
		return 0;
	at = attachment_on(watch, info->ifi_index);
	if (message->nlmsg_type == RTM_DELLINK && at &&
	    !hook_is_clsact(at->hook)) {
		index = link_ifindex(at->link_fd, NULL);
		if (index > 0)
			check_move(watch, at, index, true);
	}
	bond = attachment_on(
		watch, (int)netlink_u32(netlink_find(message, sizeof(*info),
						     IFLA_MASTER)));
	slot = watch->count;
	if (bond && slots_has_ports(bond) && message->nlmsg_type == RTM_NEWLINK)
		slot = bond->slot;
	if (!at && slots_are_many(watch->count) &&
	    slots_find(watch->slots, info->ifi_index) != slot)
		watch->renumbered = true;
	return 0;
}

static void hear_changes(struct watch *watch)
{
	if (netlink_listen(watch->links, read_change, watch))
		watch->renumbered = true;
}

static void renumber(struct watch *watch)
{
	struct interfaces all;
	int error;

	watch->renumbered = false;
	if (interfaces_read(&all))
		return;
	error = slots_write(watch->slots, &all);
	interfaces_free(&all);
	if (error == -E2BIG && !watch->full_told)
		note(SLOTS_FULL);
	watch->full_told |= error == -E2BIG;
	if (error && error != -E2BIG)
		note("cannot tell numbers of interfaces to the kernel side: %s.",
		     strerror(-error));
}

/* A timer that ticks each @ns, first after @ns; 0: never. Returns a descriptor. */
static int start_timer(__u64 ns)
{
	struct itimerspec spec = {
		.it_value = { ns / SECOND_NS, ns % SECOND_NS },
		.it_interval = { ns / SECOND_NS, ns % SECOND_NS },
	};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	if (fd >= 0 && timerfd_settime(fd, 0, &spec, NULL)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* True if the timer has ticked since. */
static bool ticked(const struct pollfd *timer)
{
	__u64 ticks;

	return timer->revents &&
	       read(timer->fd, &ticks, sizeof(ticks)) == sizeof(ticks);
}

enum {
	ON_SIGNAL,
	ON_INTERVAL,
	ON_HEALTH,
	ON_TIMEOUT,
	ON_RING, /* it fills up */
	ON_PERIOD, /* look into it anyway, and into the trace */
	ON_READER, /* of our capture: it takes more, or it has gone */
	ON_LINKS, /* interfaces change */
	ON_COUNT,
};

/* The wake-ups of a capture; -1 to go on, else the exit code to end with. */
static int handle_capture(struct watch *watch, struct pollfd *polled)
{
	struct capture *capture = watch->capture;
	bool failed = capture->sink.error, blocked;
	int error = 0;

	if (!capture_is_on(capture))
		return -1;
	if (polled[ON_READER].revents & (POLLERR | POLLHUP))
		return EXIT_DONE;
	error = capture_step(capture);
	if (error == -EPIPE)
		return EXIT_DONE;
	if (error && !failed) {
		watch->display.drawn = 0;
		note("%s: cannot be written any more: %s. Dropping goes on, uncaptured.",
		     capture->sink.path, strerror(-error));
	}
	blocked = capture_is_blocked(capture);
	/* A full ring would wake us up again and again. */
	polled[ON_RING].fd = blocked ? -1 : capture_fd(capture);
	polled[ON_READER].fd = capture->sink.regular ? -1 : capture->sink.fd;
	polled[ON_READER].events = blocked ? POLLOUT : 0;
	return -1;
}

/* The lines of a trace; -1 to go on, else the exit code to end with. */
static int handle_trace(struct watch *watch)
{
	bool fresh;
	int error;

	if (!watch->trace->on)
		return -1;
	error = trace_step(watch->trace, clock_ns(CLOCK_MONOTONIC), &fresh);
	if (fresh)
		watch->display.drawn = 0;
	return error == -EPIPE ? EXIT_DONE : -1;
}

/* What a wake-up means: -1 to go on, else the exit code to end with. */
static int handle(struct watch *watch, struct pollfd *polled)
{
	bool leased = hook_is_clsact(watch->attachments[0].hook);
	int error = 0, code;

	if (polled[ON_SIGNAL].revents) {
		struct signalfd_siginfo taken;

		/* The next one will say that the end takes too long. */
		if (read(polled[ON_SIGNAL].fd, &taken, sizeof(taken)) > 0)
			return EXIT_DONE;
	}
	if (polled[ON_LINKS].revents)
		hear_changes(watch);
	if (ticked(&polled[ON_HEALTH])) {
		if (leased)
			watch_renew(watch, true);
		check_unknown(watch);
		if (!check_all(watch))
			return fail(EXIT_SYSTEM,
				    "nothing is attached any more: ending.");
	}
	if (watch->renumbered)
		renumber(watch);
	if (ticked(&polled[ON_TIMEOUT])) {
		note("the time is over: letting everything pass.");
		return EXIT_DONE;
	}
	if (ticked(&polled[ON_INTERVAL]))
		error = watch_show(watch, false);
	if (error == -EPIPE)
		return EXIT_DONE;
	if (error)
		return fail(
			EXIT_SYSTEM,
			"cannot show the counters: %s. Is there space left?",
			strerror(-error));
	ticked(&polled[ON_PERIOD]);
	code = handle_trace(watch);
	return code < 0 ? handle_capture(watch, polled) : code;
}

int watch_run(struct watch *watch, int signal_fd)
{
	__u64 period_ns = capture_is_on(watch->capture) ? CAPTURE_PERIOD_NS :
			  watch->trace->on		? TRACE_PERIOD_NS :
							  0;
	struct pollfd polled[ON_COUNT] = {
		[ON_SIGNAL] = { .fd = signal_fd },
		[ON_INTERVAL] = { .fd = start_timer(
					  watch->options->interval_ns) },
		[ON_HEALTH] = { .fd = start_timer(TC_HOOK_RENEW_NS) },
		[ON_TIMEOUT] = { .fd = start_timer(watch->options->timeout_ns) },
		[ON_RING] = { .fd = -1 },
		[ON_PERIOD] = { .fd = start_timer(period_ns) },
		[ON_READER] = { .fd = -1 },
		[ON_LINKS] = { .fd = watch->links->fd },
	};
	static const int timers[] = { ON_INTERVAL, ON_HEALTH, ON_TIMEOUT,
				      ON_PERIOD };
	int code = -1;
	size_t i;

	for (i = 0; i < ON_COUNT; i++)
		polled[i].events = POLLIN;
	for (i = 0; i < ARRAY_SIZE(timers); i++) {
		if (polled[timers[i]].fd < 0)
			code = fail_at(AT_COUNTERS, EMFILE, "timers", NULL);
	}
	while (code < 0) {
		if (poll(polled, ON_COUNT, -1) >= 0)
			code = handle(watch, polled);
		else if (errno != EINTR)
			code = fail_at(AT_COUNTERS, errno, "poll", NULL);
	}
	for (i = 0; i < ARRAY_SIZE(timers); i++) {
		if (polled[timers[i]].fd >= 0)
			close(polled[timers[i]].fd);
	}
	return code;
}
