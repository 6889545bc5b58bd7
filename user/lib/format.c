// SPDX-License-Identifier: GPL-2.0-only
/* What the tracing's "format" files tell: where an event's fields are. */
#include "lib/format.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/grow.h"

/*
 * A line is "field:TYPE NAME;" or "field:TYPE NAME[SIZE];", then offset, size
 * and sign.
 */
bool format_field(const char *format, const char *name, struct field *field)
{
	size_t length = strlen(name);
	const char *line = format;

	*field = (struct field){};
	while ((line = strstr(line, "field:"))) {
		const char *end = strchr(line, ';');
		const char *last;

		if (!end)
			return false;
		last = end;
		if (last[-1] == ']') {
			while (last > line && *last != '[')
				last--;
		}
		line += strlen("field:");
		if (last - line > (ptrdiff_t)length &&
		    !strncmp(last - length, name, length) &&
		    !isalnum((unsigned char)last[-(ptrdiff_t)length - 1]) &&
		    last[-(ptrdiff_t)length - 1] != '_')
			return sscanf(end, "; offset:%u; size:%u;",
				      &field->offset, &field->size) == 2;
	}
	return false;
}

int format_id(const char *format)
{
	const char *at = strstr(format, "ID: ");

	return at ? atoi(at + strlen("ID: ")) : -1;
}

__u64 field_value(const struct field *field, const char *data, size_t size)
{
	__u64 eight;
	__u32 four;
	__u16 two;

	if (field->offset + field->size > size)
		return 0;
	data += field->offset;
	switch (field->size) {
	case sizeof(eight):
		memcpy(&eight, data, sizeof(eight));
		return eight;
	case sizeof(four):
		memcpy(&four, data, sizeof(four));
		return four;
	case sizeof(two):
		memcpy(&two, data, sizeof(two));
		return two;
	default:
		return field->size ? (unsigned char)*data : 0;
	}
}

const char *field_string(const struct field *field, const char *data,
			 size_t size)
{
	__u32 where = (__u32)field_value(field, data, size);
	__u32 offset = where & 0xffff, length = where >> 16;

	if (!length || offset + length > size ||
	    !memchr(data + offset, '\0', length))
		return "";
	return data + offset;
}

const char *names_add(struct names *names, __u64 value, const char *name)
{
	struct named *list;
	char *copy;

	list = grow_list(names->list, names->count, sizeof(*list));
	if (!list)
		return NULL;
	names->list = list;
	copy = strdup(name);
	if (copy)
		list[names->count++] = (struct named){ value, copy };
	return copy;
}

/* __print_symbolic(REC->reason, { 2, "NOT_SPECIFIED" }, …) */
int format_names(const char *format, const char *field, struct names *names)
{
	char start[64], name[64];
	const char *at;

	*names = (struct names){};
	snprintf(start, sizeof(start), "__print_symbolic(REC->%s,", field);
	at = strstr(format, start);
	if (!at)
		return 0;
	for (at = strchr(at, '{'); at; at = strchr(at, '{')) {
		char *end;
		__u64 value = strtoull(++at, &end, 0);

		if (sscanf(end, " , \"%63[^\"]\"", name) != 1)
			break;
		if (!names_add(names, value, name)) {
			names_free(names);
			return -ENOMEM;
		}
	}
	return 0;
}

const char *names_find(const struct names *names, __u64 value)
{
	size_t i;

	for (i = 0; i < names->count; i++) {
		if (names->list[i].value == value)
			return names->list[i].name;
	}
	return NULL;
}

void names_free(struct names *names)
{
	size_t i;

	for (i = 0; i < names->count; i++)
		free(names->list[i].name);
	free(names->list);
	*names = (struct names){};
}
