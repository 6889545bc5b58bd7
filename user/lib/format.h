/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tracing's "format" files tell: where an event's fields are. */
#ifndef FORMAT_H
#define FORMAT_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

struct field {
	__u32 offset;
	__u32 size; /* 0: this kernel has no such field */
};

/* False if there is no such field; @field is then empty. */
bool format_field(const char *format, const char *name, struct field *field);

/* The event's number, or -1. */
int format_id(const char *format);

/* A field's value in an event of @size bytes; 0 if it has no such field. */
__u64 field_value(const struct field *field, const char *data, size_t size);

/* The same for a string (__data_loc); "" if there is none. */
const char *field_string(const struct field *field, const char *data,
			 size_t size);

/* Numbers' names. */
struct named {
	__u64 value;
	char *name;
};

struct names {
	struct named *list;
	size_t count;
};

/* What a format prints @field's numbers as; 0 or a negative errno. */
int format_names(const char *format, const char *field, struct names *names);
/* Adds one; returns the copy of @name, which stays where it is, or NULL. */
const char *names_add(struct names *names, __u64 value, const char *name);
/* NULL: it has none. */
const char *names_find(const struct names *names, __u64 value);
void names_free(struct names *names);

#endif
