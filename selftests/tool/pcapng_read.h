/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading a pcapng file piece by piece, strictly: what is not as it should be
 * ends the program. For pcapng_check.c only.
 */
#ifndef PCAPNG_READ_H
#define PCAPNG_READ_H

#include <linux/types.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/tool.h"

struct bytes {
	const unsigned char *data;
	size_t size;
};

static size_t offset; /* of the block that is being read */
static unsigned long packet_count; /* so far */

static void __attribute__((format(printf, 1, 2), noreturn))
reject(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	printf("wrong: block at %zu, packet %lu: ", offset, packet_count);
	vprintf(format, list);
	printf("\n");
	exit(1);
}

static struct bytes read_all(const char *path)
{
	FILE *in = strcmp(path, "-") ? fopen(path, "rb") : stdin;
	size_t room = 1 << 16, size = 0, got;
	unsigned char *data = malloc(room);

	if (!in || !data)
		give_up(path);
	while ((got = fread(data + size, 1, room - size, in))) {
		size += got;
		if (size < room)
			continue;
		room *= 2;
		data = realloc(data, room);
		if (!data)
			give_up(path);
	}
	if (in != stdin)
		fclose(in);
	return (struct bytes){ data, size };
}

static __u16 get_u16(const unsigned char *at)
{
	__u16 value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static __u32 get_u32(const unsigned char *at)
{
	__u32 value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static __u64 get_u64(const unsigned char *at)
{
	__u64 value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static __u64 get_time(const unsigned char *at)
{
	return (__u64)get_u32(at) << 32 | get_u32(at + 4);
}

static void take(struct bytes *bytes, size_t size)
{
	if (bytes->size < size)
		reject("too short");
	bytes->data += size;
	bytes->size -= size;
}

static void check_padding(const unsigned char *at, size_t size)
{
	for (; size % 4; size++)
		if (at[size])
			reject("padding that is not zero");
}

/* The next option's code, 0 at the end, which has to be there. */
static unsigned int next_option(struct bytes *rest, struct bytes *value)
{
	unsigned int code;

	if (rest->size < 4)
		reject("options without an end");
	code = get_u16(rest->data);
	value->size = get_u16(rest->data + 2);
	take(rest, 4);
	value->data = rest->data;
	take(rest, (value->size + 3) & ~3UL);
	check_padding(value->data, value->size);
	if (!code && (value->size || rest->size))
		reject("an end of options that is not the end");
	return code;
}

static void need_size(unsigned int code, const struct bytes *value, size_t size)
{
	if (value->size != size)
		reject("option %u has %zu bytes instead of %zu", code,
		       value->size, size);
}

#endif
