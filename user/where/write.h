/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dropped packets to a pcapng file. Packets that do not reach the file are counted:
 * captured + lost = reported.
 */
#ifndef WHERE_WRITE_H
#define WHERE_WRITE_H

#include "capture/file.h"
#include "where/rows.h"

/* Adds a packet, if there still is a file; 0 or a negative errno. */
int write_packet(struct capture_file *file, const struct rows *rows,
		 struct row *row, const struct where_event *event);

/**
 * write_finish() - the statistics, and all that is not written yet
 * @signal_fd: a signal that can be read here ends the waiting for a slow reader
 *
 * Return: as file_finish().
 */
int write_finish(struct capture_file *file, const struct rows *rows,
		 int signal_fd);

#endif
