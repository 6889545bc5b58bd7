// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records of the rings, to flows, lines and pcapng: each is taken from memory of its own
 * size, and what is written has to be blocks.
 */
#include <netinet/in.h> /* before linux/in6.h */

#include "fuzz/answers.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define write_packet write_dropped /* where/write.h has one, too */
#include "capture/capture.c"
#undef write_packet
#include "capture/flows.h"
#include "lib/output.h"
#include "where/listen.h"

#define SIZE (4 << 20) /* of a sink's buffer */

static struct common_options options = { .write = "-", .snaplen = 96 };

static void open_sink(struct capture_file *file)
{
	static char *data;

	data = data ?: malloc(SIZE);
	*file = (struct capture_file){
		.options = &options,
		.snaplen = options.snaplen,
		.sink = { .path = "-", .fd = FAKE, .data = data, .size = SIZE },
	};
}

/* Interfaces come before their packets, which are no longer than asked for. */
static void check_blocks(const struct capture_file *file)
{
	const char *block = file->sink.data, *end = block + file->sink.used;
	__u32 head[7], size, interfaces = 0;

	for (; block < end; block += size) {
		memcpy(head, block, sizeof(head));
		size = head[1];
		if (size % 4 || size < 12 || size > end - block ||
		    size > SINK_BLOCK_MAX ||
		    memcmp(block + size - 4, &size, sizeof(size)))
			wrong("no block");
		interfaces += head[0] == 1;
		if (head[0] == 6 &&
		    (head[2] >= interfaces || head[5] > file->snaplen ||
		     head[5] + 36 > size))
			wrong("no packet");
	}
}

/* The next record of at least so many bytes, in memory of its own size. NULL: no more. */
static void *next_record(size_t *size, size_t least)
{
	ssize_t length = answer_begin(-1);
	char *bytes;

	if (length < 0)
		return NULL;
	*size = length < (ssize_t)least ? least : (size_t)length;
	bytes = malloc(*size);
	answer_pass(bytes, *size);
	return bytes;
}

static void run_drops(void)
{
	static struct attachment attachments[] = {
		{ .interface = { .name = "veth0", .type = 1 } },
		{ .interface = { .name = "tun0", .type = 65534 },
		  .hook = HOOK_TCX_EGRESS },
	};
	struct capture capture = { .attachments = attachments };
	struct capture_slot slots[] = { { .number = -1 },
					{ .number = -1 },
					{ .number = -1 } };
	struct drop_record *record;
	json_writer_t *json;
	__u8 flags = input_byte();
	size_t size;

	open_sink(&capture.file);
	options.snaplen = flags & 1 ? 96 : DROP_SNAPLEN_MAX;
	capture.file.snaplen = options.snaplen;
	capture.slots = slots;
	capture.room = ARRAY_SIZE(attachments);
	capture.flows = flows_new();
	capture.observe = flags & 2;
	while ((record = next_record(&size, sizeof(*record)))) {
		/* Also one more than there is. */
		record->captured %= size - sizeof(*record) + 2;
		record->slot %= capture.room + 2;
		take(&capture, record, size);
		free(record);
	}
	check_blocks(&capture.file);
	flows_show(capture.flows, stdout, 10, 1000, flags);
	json = jsonw_new(stdout);
	jsonw_start_object(json);
	flows_write(capture.flows, json, 10, 1000);
	jsonw_end_object(json);
	jsonw_destroy(&json);
	free(capture.flows);
	free(capture.file.written);
}

static void run_events(void)
{
	static char symbols[] =
		"ffff0000 t veth_xdp_rcv.cold\nffff1000 T ip_rcv\n";
	struct tracing tracing = { .unwanted_fd = fake_map(1) };
	struct stats_total total = {};
	struct where_event *event;
	__u8 flags = input_byte();
	struct where where = {
		.lines = flags & 1,
		.options.all_netns = flags & 2,
		.options.common = options,
		.take_until_ns = UINT64_MAX,
		.stats = { .out = &standard_output, .rows = &where.rows },
	};
	size_t size;

	where.options.common.json = flags & 4;
	where.rows.options = &where.options;
	where.rows.tracing = &tracing;
	where.rows.names.kallsyms = fmemopen(symbols, strlen(symbols), "r");
	options.snaplen = flags & 8 ? 96 : DROP_SNAPLEN_MAX;
	open_sink(&where.file);
	while ((event = next_record(&size, sizeof(*event)))) {
		event->captured %= size - sizeof(*event) + 2;
		listen_take(&where, event, size);
		free(event);
	}
	check_blocks(&where.file);
	stats_show(&where.stats, &total, true);
	rows_free(&where.rows);
	free(where.file.written);
	close(tracing.unwanted_fd);
}

const struct operation operations[] = {
	{ "drops", run_drops },
	{ "events", run_events },
	{},
};
