// SPDX-License-Identifier: GPL-2.0-only
/* A pcapng file, or a pipe, to which packets are written one by one. */
#include "capture/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "lib/duration.h"
#include "lib/errors.h"
#include "lib/grow.h"

/* Called for each block that was not written. */
static void count_lost(void *context, const char *block)
{
	struct capture_file *file = context;
	int i = pcapng_packet_interface(block);

	if (i < 0)
		return;
	file->written[i]--;
	file->captured--;
}

int file_open(struct capture_file *file, const struct common_options *options)
{
	*file = (struct capture_file){
		.sink.fd = -1,
		.options = options,
		.snaplen = options->snaplen,
		.discard = !options->write,
	};
	return options->write ?
		       sink_open(&file->sink, options->write, options->force) :
		       EXIT_DONE;
}

int file_begin(struct capture_file *file, const char *program,
	       const char *detail)
{
	struct sink *sink = &file->sink;
	struct utsname system = {};
	char text[sizeof(system.sysname) + sizeof(system.release) + 2];
	char command[COMMAND_SIZE];
	const struct pcapng_section section = {
		.system = text,
		.program = program,
		.command = command,
		.detail = detail,
	};
	int error;

	if (!file_is_open(file))
		return EXIT_DONE;
	file->start_ns = clock_ns(CLOCK_REALTIME);
	uname(&system);
	snprintf(text, sizeof(text), "%s %s", system.sysname, system.release);
	common_command(file->options, command);
	sink->lost = count_lost;
	sink->context = file;
	error = sink_begin(sink);
	if (!error) {
		sink_add(sink, pcapng_section(sink_block(sink), &section));
		error = sink_flush(sink);
	}
	if (error && error != -EPIPE)
		return fail(
			EXIT_SYSTEM,
			"%s: cannot be written: %s. Choose another file for --write.",
			sink->path, strerror(-error));
	return EXIT_DONE;
}

int file_add_interface(struct capture_file *file,
		       struct pcapng_interface *interface)
{
	struct sink *sink = &file->sink;
	const __u64 none = 0;

	if (!file_has_room(file))
		return -ENOBUFS;
	if (grow_list(&file->written, &file->count, &none, sizeof(none)))
		return -ENOMEM;
	interface->snaplen = file->snaplen;
	if (!file->discard)
		sink_add(sink, pcapng_interface(sink_block(sink), interface));
	return 0;
}

void file_add_packet(struct capture_file *file, struct pcapng_packet *packet,
		     __u16 tag_protocol, __u16 tag_tci)
{
	struct sink *sink = &file->sink;
	__u16 tag[2];

	if (file->discard)
		return;
	packet->time_ns += file->offset_ns;
	packet->number = ++file->number;
	if (tag_protocol)
		pcapng_put_tag(packet, tag_protocol, tag_tci, file->snaplen,
			       tag);
	sink_add(sink, pcapng_packet(sink_block(sink), packet));
	file->written[packet->interface]++;
	file->captured++;
}

bool file_has_room(const struct capture_file *file)
{
	return file->discard || sink_has_room(&file->sink);
}

int file_flush(struct capture_file *file)
{
	int error = file->discard ? 0 : sink_flush(&file->sink);

	if (error) {
		file->discard = true;
		file->told = true;
	}
	return error;
}

void file_flush_all(struct capture_file *file, int signal_fd)
{
	if (file->discard || sink_flush_all(&file->sink, signal_fd))
		return;
	file->discard = true;
	sink_abandon(&file->sink);
}

void file_add_statistics(struct capture_file *file, size_t i, __u64 received,
			 __u64 accepted, int signal_fd)
{
	struct pcapng_statistics statistics = {
		.interface = i,
		.time_ns = clock_ns(CLOCK_REALTIME),
		.start_ns = file->start_ns,
		.received = received,
		.accepted = accepted,
		.delivered = file->written[i],
		.lost = accepted - file->written[i],
	};
	struct sink *sink = &file->sink;

	if (!file_has_room(file))
		file_flush_all(file, signal_fd);
	if (!file->discard)
		sink_add(sink,
			 pcapng_statistics(sink_block(sink), &statistics));
}

int file_finish(struct capture_file *file, int signal_fd)
{
	const struct sink *sink = &file->sink;

	file_flush_all(file, signal_fd);
	if (!file_is_open(file) || !file->discard || sink->error == EPIPE)
		return EXIT_DONE;
	if (!sink->error)
		note("the reader of the capture reads no more: the rest is lost.");
	else if (!file->told)
		note("%s: cannot be written to its end: %s.", sink->path,
		     strerror(sink->error));
	return EXIT_SYSTEM;
}

void file_close(struct capture_file *file, bool failed)
{
	sink_close(&file->sink, failed);
	free(file->written);
	*file = (struct capture_file){ .sink.fd = -1 };
}
