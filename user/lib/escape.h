/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of interfaces, processes, namespaces and files may contain any bytes. Here they
 * become text that is safe on a terminal, and strings of valid JSON.
 */
#ifndef ESCAPE_H
#define ESCAPE_H

#include <stdio.h>

#include "json_writer.h"

/* Room for a name of @size bytes, its end included, if all of it is escaped. */
#define ESCAPED_SIZE(size) (4 * (size))

/**
 * escape_text() - make a text safe for a terminal
 * @to: the result; a text that does not fit is cut between characters
 * @size: of @to
 * @from: any bytes; "\x1b" stands for one that is no printable character of UTF-8
 *
 * Return: @to.
 */
const char *escape_text(char *to, size_t size, const char *from);

/* The same into a stream; lines and tabs stay. */
void escape_put(FILE *stream, const char *from);

/*
 * A key and a string of JSON. Control characters become "\u001b", and U+FFFD a byte that
 * is not UTF-8. jsonw_string() writes them as they are, and some backslashes wrong.
 */
void escape_json(json_writer_t *json, const char *key, const char *value);

#endif
