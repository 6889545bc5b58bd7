// SPDX-License-Identifier: GPL-2.0-only
/*
 * A packet that comes while another one is being captured on the same CPU, as with PREEMPT_RT:
 * each record has the bytes of one packet, and the packet that found the buffer in use is
 * counted as lost.
 *
 * Two processes on one CPU run the program (BPF_PROG_TEST_RUN). This one does so all the time;
 * the other one has a real-time priority, and its timer ends in the middle of such a run.
 *
 * Usage: preempt [DIRECTORY OF THE OBJECTS]
 */
#include <sched.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "frames/frames.h"
#include "frames/ktap.h"
#include "frames/loaded_program.h"
#include "frames/programs.h"

#define URGENT_RUNS 200
#define PATIENT_RUNS 50 /* until the ring is emptied */
#define RING_SIZE (1024 * 1024) /* room for these and what is between */
#define NOT_ALLOWED 2 /* exit status of the urgent process */

/* One of the two. Records are told apart by their length. */
struct sender {
	struct frame frame;
	__u64 runs;
	__u64 records;
};

enum { PATIENT, URGENT, SENDERS };
static struct sender senders[SENDERS];

/* The header's fields are the first frame's; the program looks at them only. */
static void make_frame(struct sender *sender, size_t length, int mark)
{
	struct frame *frame = &sender->frame;

	frame_build(frame, frame_cases);
	memset(frame->data + frame->length, mark, length - frame->length);
	frame->length = length;
	sender->runs = 0;
	sender->records = 0;
}

static int take(void *context, void *data, size_t size)
{
	const struct drop_record *record = data;
	struct sender *sender;
	__u64 *mixed = context;

	for (sender = senders; sender < senders + SENDERS; sender++) {
		if (record->length != sender->frame.length)
			continue;
		if (record->captured != record->length ||
		    size != sizeof(*record) + record->length ||
		    memcmp(record + 1, sender->frame.data, record->length))
			break;
		sender->records++;
		return 0;
	}
	(*mixed)++;
	return 0;
}

/* Once: before it repeats an XDP program, the kernel is busy with its dispatcher for long. */
static int run(const struct loaded *loaded, struct sender *sender)
{
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, opts,
			    .data_in = sender->frame.data,
			    .data_size_in = sender->frame.length);

	sender->runs++;
	return bpf_prog_test_run_opts(loaded->fd, &opts);
}

static void run_urgent(const struct loaded *loaded)
{
	const struct sched_param priority = { .sched_priority = 1 };
	const struct timespec pause = { .tv_nsec = 1000000 };
	int i, error = 0;

	if (sched_setscheduler(0, SCHED_FIFO, &priority))
		_exit(NOT_ALLOWED);
	for (i = 0; i < URGENT_RUNS && !error; i++) {
		nanosleep(&pause, NULL);
		error = run(loaded, &senders[URGENT]);
	}
	_exit(!!error);
}

/* Returns the urgent process's exit status, or less than 0. */
static int run_both(const struct loaded *loaded, struct ring_buffer *ring)
{
	int i, status = 0, error = 0;
	pid_t urgent = fork();

	if (!urgent)
		run_urgent(loaded);
	while (urgent > 0 && !waitpid(urgent, &status, WNOHANG)) {
		for (i = 0; i < PATIENT_RUNS; i++)
			error |= run(loaded, &senders[PATIENT]);
		ring_buffer__consume(ring);
	}
	ring_buffer__consume(ring);
	senders[URGENT].runs = URGENT_RUNS;
	return urgent > 0 && WIFEXITED(status) && !error ? WEXITSTATUS(status) :
							   -1;
}

static bool is_right(const struct drop_counters *counted, __u64 mixed)
{
	const struct sender *patient = &senders[PATIENT];
	const struct sender *urgent = &senders[URGENT];
	__u64 records = patient->records + urgent->records;
	__u64 runs = patient->runs + urgent->runs;

	printf("# runs %llu + %llu, records %llu + %llu and %llu mixed, ",
	       patient->runs, urgent->runs, patient->records, urgent->records,
	       mixed);
	printf("counted: dropped %llu, captured %llu, lost %llu\n",
	       counted->stats[STAT_DROPPED].packets, counted->captured,
	       counted->lost);
	return !mixed && patient->records <= patient->runs &&
	       urgent->records <= urgent->runs &&
	       records == counted->captured &&
	       counted->captured + counted->lost == runs &&
	       counted->stats[STAT_DROPPED].packets == runs;
}

static bool is_realtime(void)
{
	struct utsname name;

	return !uname(&name) && strstr(name.version, "PREEMPT_RT");
}

/* Without PREEMPT_RT, most kernels let nothing come in between. */
static void test(const struct loaded *loaded, const char *name)
{
	int fd = bpf_object__find_map_fd_by_name(loaded->object, "captured");
	struct ring_buffer *ring;
	struct counted counted;
	__u64 mixed = 0;
	int status;

	ring = ring_buffer__new(fd, take, &mixed, NULL);
	make_frame(&senders[PATIENT], 3000, 'p');
	make_frame(&senders[URGENT], 2900, 'u');
	status = ring ? run_both(loaded, ring) : -1;
	ring_buffer__free(ring);
	if (status == NOT_ALLOWED) {
		ktap_skip(name, "needs a real-time priority");
		return;
	}
	if (status || loaded_count(loaded, &counted)) {
		printf("# cannot run the program or read its counters\n");
		ktap_point(false, name);
	} else if (!is_right(&counted.slot[0], mixed)) {
		ktap_point(false, name);
	} else if (!is_realtime()) {
		ktap_skip(name, "this kernel is not PREEMPT_RT");
	} else {
		if (!counted.slot[0].lost)
			printf("# no run came in the middle of another one\n");
		ktap_point(true, name);
	}
}

int main(int argc, char **argv)
{
	static const struct setup setup = {
		.name = "preempted",
		.config = { .modes = MODE_CAPTURE,
			    .snaplen = DROP_SNAPLEN_MAX },
		.ring = RING_SIZE,
	};
	struct loaded loaded = { 0 };
	cpu_set_t cpu;
	char name[64];
	size_t i;

	ktap_begin();
	if (!loaded_permitted())
		ksft_exit_skip("needs root with CAP_NET_ADMIN and CAP_BPF\n");
	libbpf_set_print(loaded_print);
	ksft_set_plan(COUNT(programs));
	CPU_ZERO(&cpu);
	CPU_SET(sched_getcpu(), &cpu);
	if (sched_setaffinity(0, sizeof(cpu), &cpu))
		perror("# cannot stay on one CPU");
	for (i = 0; i < COUNT(programs); i++) {
		snprintf(name, sizeof(name), "%s: one packet in a record",
			 programs[i].name);
		if (loaded_open(&loaded, argc > 1 ? argv[1] : NULL,
				programs[i].name, &setup)) {
			ktap_point(false, name);
			continue;
		}
		test(&loaded, name);
		loaded_close(&loaded);
	}
	ksft_finished();
}
