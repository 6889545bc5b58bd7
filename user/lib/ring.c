// SPDX-License-Identifier: GPL-2.0-only
/* Reading a tracing instance's buffers: what happened, in order of time. */
#include "lib/ring.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/errors.h"
#include "lib/format.h"
#include "lib/grow.h"

/* For all CPUs together, and for each. */
#define ALL_KB 65536
#define LEAST_KB 512
#define MOST_KB 8192
/* From one CPU at one go, lest a flood keep us from telling. */
#define PAGES_AT_ONCE 2048

/* include/linux/ring_buffer.h, enum ring_buffer_type */
#define TYPE_PADDING 29
#define TYPE_TIME_EXTEND 30
#define TYPE_TIME_STAMP 31
#define DELTA_BITS 27
#define STAMP_BITS 59
/* A page's commit: its length, and flags above it (RB_MISSED_*). */
#define COMMIT_MASK 0xfffffffULL

struct event {
	__u32 type_len : 5, time_delta : 27;
	__u32 array[];
};

static int open_cpu(struct ring *ring, const struct tracefs *tracefs, __u32 cpu)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct ring_cpu *cpus;
	char path[64];

	cpus = grow_list(ring->cpus, ring->count, sizeof(*cpus));
	if (!cpus)
		return -ENOMEM;
	ring->cpus = cpus;
	cpus += ring->count;
	snprintf(path, sizeof(path), "per_cpu/cpu%u/trace_pipe_raw", cpu);
	cpus->pipe = openat(tracefs->instance, path,
			    O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (cpus->pipe < 0)
		return -errno;
	snprintf(path, sizeof(path), "per_cpu/cpu%u/stats", cpu);
	cpus->stats = openat(tracefs->instance, path, O_RDONLY | O_CLOEXEC);
	cpus->cpu = cpu;
	ring->count++;
	return epoll_ctl(ring->ready, EPOLL_CTL_ADD, cpus->pipe, &event) ?
		       -errno :
		       0;
}

static int open_cpus(struct ring *ring, const struct tracefs *tracefs)
{
	int error = 0, fd = openat(tracefs->instance, "per_cpu",
				   O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	__u32 cpu;

	if (!directory)
		return -errno;
	while (!error && (entry = readdir(directory))) {
		if (sscanf(entry->d_name, "cpu%u", &cpu) == 1)
			error = open_cpu(ring, tracefs, cpu);
	}
	closedir(directory);
	return error;
}

static int read_layout(struct ring *ring, const struct tracefs *tracefs)
{
	char *text = tracefs_read(tracefs, "events/header_page");
	struct field commit, data;
	int error = 0;

	if (!text)
		return -errno;
	if (format_field(text, "commit", &commit) &&
	    format_field(text, "data", &data)) {
		ring->commit_at = commit.offset;
		ring->commit_size = commit.size;
		ring->data_at = data.offset;
		ring->page_size = data.offset + data.size;
		ring->page = malloc(ring->page_size);
		if (!ring->page)
			error = -ENOMEM;
	} else {
		error = -EPROTO;
	}
	free(text);
	return error;
}

static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int set_size(const struct ring *ring, const struct tracefs *tracefs)
{
	size_t kb = ALL_KB / (ring->count ? ring->count : 1);
	char text[32];

	if (kb < LEAST_KB)
		kb = LEAST_KB;
	if (kb > MOST_KB)
		kb = MOST_KB;
	snprintf(text, sizeof(text), "%zu", kb);
	return tracefs_write(tracefs, "buffer_size_kb", text);
}

int ring_open(struct ring *ring, const struct tracefs *tracefs)
{
	int error;

	raise_limit();
	*ring = (struct ring){ .ready = epoll_create1(EPOLL_CLOEXEC) };
	error = ring->ready < 0 ? -errno : 0;
	/* One clock for all CPUs, and ours too. */
	if (!error)
		error = tracefs_write(tracefs, "trace_clock", "mono");
	/* Ready when there is anything, not when it is half full (Linux 5.0). */
	if (!error)
		error = tracefs_write(tracefs, "buffer_percent", "0");
	if (!error)
		error = read_layout(ring, tracefs);
	if (!error)
		error = open_cpus(ring, tracefs);
	if (!error)
		error = set_size(ring, tracefs);
	if (error)
		return fail(EXIT_SYSTEM,
			    "cannot set up the tracing buffers: %s. %s",
			    strerror(-error),
			    error == -ENOMEM ?
				    "Free memory and try again." :
				    "See 'ls -l /sys/kernel/tracing'.");
	return EXIT_DONE;
}

static void free_batch(struct batch *batch)
{
	free(batch->records);
	free(batch->bytes);
	*batch = (struct batch){};
}

void ring_close(struct ring *ring)
{
	size_t i;

	for (i = 0; i < ring->count; i++) {
		close(ring->cpus[i].pipe);
		if (ring->cpus[i].stats >= 0)
			close(ring->cpus[i].stats);
	}
	if (ring->ready > 0)
		close(ring->ready);
	free(ring->cpus);
	free(ring->page);
	free_batch(&ring->batch);
	free_batch(&ring->rest);
	*ring = (struct ring){};
}

static int add(struct batch *batch, const struct record *from, const char *data)
{
	struct record *record;

	if (batch->count == batch->room) {
		size_t room = batch->room ? 2 * batch->room : 1024;
		struct record *records =
			realloc(batch->records, room * sizeof(*records));

		if (!records)
			return -ENOMEM;
		batch->records = records;
		batch->room = room;
	}
	if (batch->used + from->size > batch->size) {
		size_t size = 2 * (batch->size + from->size) + 65536;
		char *bytes = realloc(batch->bytes, size);

		if (!bytes)
			return -ENOMEM;
		batch->bytes = bytes;
		batch->size = size;
	}
	record = &batch->records[batch->count++];
	*record = *from;
	record->at = batch->used;
	memcpy(batch->bytes + record->at, data, from->size);
	batch->used += from->size;
	return 0;
}

static __u64 commit_of(const struct ring *ring)
{
	__u64 eight;
	__u32 four;

	if (ring->commit_size == sizeof(eight)) {
		memcpy(&eight, ring->page + ring->commit_at, sizeof(eight));
		return eight & COMMIT_MASK;
	}
	memcpy(&four, ring->page + ring->commit_at, sizeof(four));
	return four & COMMIT_MASK;
}

/* Takes the events out of a page; see include/linux/ring_buffer.h. */
static int read_page(struct ring *ring, __u32 cpu)
{
	struct record record = { .cpu = cpu };
	size_t at = ring->data_at, end;
	int error = 0;

	end = at + commit_of(ring);
	if (end > ring->page_size)
		end = ring->page_size;
	memcpy(&record.ns, ring->page, sizeof(record.ns));
	while (!error && at + sizeof(struct event) < end) {
		const struct event *event =
			(const struct event *)(ring->page + at);
		const char *data = (const char *)event->array;
		size_t size;

		switch (event->type_len) {
		case TYPE_PADDING:
			if (!event->time_delta)
				return 0;
			record.ns += event->time_delta;
			at += sizeof(*event) + event->array[0];
			continue;
		case TYPE_TIME_EXTEND:
			record.ns += ((__u64)event->array[0] << DELTA_BITS) +
				     event->time_delta;
			at += sizeof(*event) + sizeof(__u32);
			continue;
		case TYPE_TIME_STAMP:
			record.ns &= ~((1ULL << STAMP_BITS) - 1);
			record.ns |= ((__u64)event->array[0] << DELTA_BITS) +
				     event->time_delta;
			at += sizeof(*event) + sizeof(__u32);
			continue;
		case 0:
			size = event->array[0];
			if (size < sizeof(__u32))
				return 0;
			data += sizeof(__u32);
			record.size = size - sizeof(__u32);
			break;
		default:
			size = event->type_len * sizeof(__u32);
			record.size = size;
		}
		record.ns += event->time_delta;
		at += sizeof(*event) + size;
		if (at > end)
			return 0;
		error = add(&ring->batch, &record, data);
	}
	return error;
}

/* Sets *@last_ns to the last event's time if there is more to be read. */
static int read_cpu(struct ring *ring, const struct ring_cpu *cpu,
		    __u64 *last_ns)
{
	size_t page, before = ring->batch.count;
	int error;

	for (page = 0; page < PAGES_AT_ONCE; page++) {
		ssize_t got = read(cpu->pipe, ring->page, ring->page_size);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got && errno != EAGAIN ? -errno : 0;
		memset(ring->page + got, 0, ring->page_size - got);
		error = read_page(ring, cpu->cpu);
		if (error)
			return error;
	}
	if (ring->batch.count > before)
		*last_ns = ring->batch.records[ring->batch.count - 1].ns;
	return 0;
}

/* By time; what is equal stays in the order it came. */
static int by_time(const void *left, const void *right)
{
	const struct record *a = left, *b = right;

	if (a->ns != b->ns)
		return a->ns > b->ns ? 1 : -1;
	return (a->at > b->at) - (a->at < b->at);
}

/* What one CPU told is in order already: often, that is all. */
static void sort(struct batch *batch)
{
	size_t i;

	for (i = 1; i < batch->count; i++) {
		if (by_time(&batch->records[i - 1], &batch->records[i]) > 0) {
			qsort(batch->records, batch->count,
			      sizeof(*batch->records), by_time);
			return;
		}
	}
}

int ring_read(struct ring *ring, __u64 until_ns, ring_reader reader,
	      void *context)
{
	struct batch swap = ring->batch;
	int error = 0;
	size_t i;

	ring->batch = ring->rest;
	ring->rest = swap;
	ring->rest.count = 0;
	ring->rest.used = 0;
	for (i = 0; i < ring->count && !error; i++) {
		__u64 last_ns = until_ns;

		error = read_cpu(ring, &ring->cpus[i], &last_ns);
		if (last_ns < until_ns)
			until_ns = last_ns;
	}
	if (error)
		return error;
	sort(&ring->batch);
	for (i = 0; i < ring->batch.count && !error; i++) {
		const struct record *record = &ring->batch.records[i];
		const char *data = ring->batch.bytes + record->at;

		if (record->ns <= until_ns)
			reader(record, data, context);
		else
			error = add(&ring->rest, record, data);
	}
	return error;
}

static __u64 number_after(const char *text, const char *label)
{
	const char *at = strstr(text, label);

	return at ? strtoull(at + strlen(label), NULL, 10) : 0;
}

__u64 ring_lost(const struct ring *ring)
{
	__u64 lost = 0;
	char text[512];
	size_t i;

	for (i = 0; i < ring->count; i++) {
		ssize_t got =
			pread(ring->cpus[i].stats, text, sizeof(text) - 1, 0);

		if (got <= 0)
			continue;
		text[got] = '\0';
		/* "overrun" is part of "commit overrun", which comes later. */
		lost += number_after(text, "overrun: ") +
			number_after(text, "commit overrun: ") +
			number_after(text, "dropped events: ");
	}
	return lost;
}
