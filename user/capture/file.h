/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A pcapng file, or a pipe, to which packets are written one by one. Packets that do not
 * reach it are counted.
 */
#ifndef FILE_H
#define FILE_H

#include "capture/pcapng.h"
#include "lib/sink.h"
#include "lib/common_options.h"

struct capture_file {
	struct sink sink;
	const struct common_options *options;
	__u32 snaplen;
	__u64 start_ns; /* since 1970 */
	__u64 offset_ns; /* from CLOCK_MONOTONIC to the time since 1970 */
	__u64 number; /* of the last packet */
	__u64 *written; /* packets that are in it, or on their way, by interface */
	size_t count; /* of its interfaces */
	__u64 captured; /* packets written, of all interfaces */
	bool discard; /* nothing is written, or not any more: added packets are lost */
	bool told; /* file_flush() has returned the error */
};

/* Opens the file of --write, if that was given; keeps @options. An exit code. */
int file_open(struct capture_file *file, const struct common_options *options);

/*
 * Writes the heading, if it is open. @program has name and version; @detail is a comment
 * more, or NULL. An exit code.
 */
int file_begin(struct capture_file *file, const char *program,
	       const char *detail);

/*
 * Adds an interface, whose number is file->count before that. Returns 0, or -ENOMEM or
 * -ENOBUFS: no room.
 */
int file_add_interface(struct capture_file *file,
		       struct pcapng_interface *interface);

/**
 * file_add_packet() - add a packet, if anything is written at all
 * @packet: as it came, with the time of CLOCK_MONOTONIC and without number
 * @tag_protocol: of a VLAN tag that is not in its bytes, host order; 0: none
 *
 * There must be room for it.
 */
void file_add_packet(struct capture_file *file, struct pcapng_packet *packet,
		     __u16 tag_protocol, __u16 tag_tci);

/* Is there room for one packet more, and its interface? Else wait for the reader. */
bool file_has_room(const struct capture_file *file);

/*
 * Writes what can be written without waiting. Returns the negative errno that ended the
 * writing, once; else 0.
 */
int file_flush(struct capture_file *file);

/**
 * file_flush_all() - at the end: write all that is there, waiting for the reader
 * @signal_fd: a signal that can be read here ends the waiting
 *
 * Waits as long as it goes on reading, else the rest is lost: see sink_flush_all().
 */
void file_flush_all(struct capture_file *file, int signal_fd);

/**
 * file_add_statistics() - of the interface @i, at the end
 * @received: packets that the kernel side saw
 * @accepted: those that should be in the file
 */
void file_add_statistics(struct capture_file *file, size_t i, __u64 received,
			 __u64 accepted, int signal_fd);

/*
 * The last call but file_close(): writes all that is left, and tells if that fails.
 * Return: an exit code; EXIT_DONE also if the reader has gone.
 */
int file_finish(struct capture_file *file, int signal_fd);

/* Frees and closes; @failed: the run failed. */
void file_close(struct capture_file *file, bool failed);

/* True if packets are to be written at all. */
static inline bool file_is_open(const struct capture_file *file)
{
	return file->sink.fd >= 0;
}

#endif
