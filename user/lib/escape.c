// SPDX-License-Identifier: GPL-2.0-only
/* Foreign texts, safe for terminals and for JSON. */
#include "lib/escape.h"

#include <linux/types.h>
#include <stdbool.h>
#include <string.h>

#include "lib/macros.h"

/* The most that one byte becomes: "\u001b". */
#define SHOWN_SIZE 8

/* Of a string in JSON: a name of NAME_MAX bytes fits, each of them escaped. */
#define JSON_SIZE 2048

/*
 * Characters that control a terminal (C0, DEL, C1 of ISO 6429), end a line or change the
 * direction of the following text (UAX #9).
 */
static const struct {
	__u32 first, last;
} unprintable[] = {
	{ 0x00, 0x1f },	    { 0x7f, 0x9f },	{ 0x200e, 0x200f },
	{ 0x2028, 0x202e }, { 0x2066, 0x2069 },
};

static bool is_printable(__u32 code)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(unprintable); i++) {
		if (code >= unprintable[i].first && code <= unprintable[i].last)
			return false;
	}
	return true;
}

/* The length of the character of UTF-8 that @text starts with, and its code; 0: none. */
static size_t decode(const char *text, __u32 *code)
{
	static const __u32 least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = *text;
	size_t i, length = first < 0x80 ? 1 :
			   first < 0xe0 ? 2 :
			   first < 0xf0 ? 3 :
					  4;

	if ((first >= 0x80 && first < 0xc0) || first >= 0xf8)
		return 0;
	*code = length == 1 ? first : first & (0x7f >> length);
	for (i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0; /* the end of @text, perhaps */
		*code = *code << 6 | (text[i] & 0x3f);
	}
	if (*code < least[length] || *code > 0x10ffff ||
	    (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return length;
}

/* Shows one character, or a byte that is not one. Returns its length. */
static size_t show_text(char shown[SHOWN_SIZE], const char *text)
{
	size_t length;
	__u32 code;

	length = decode(text, &code);
	if (length && is_printable(code)) {
		snprintf(shown, SHOWN_SIZE, "%.*s", (int)length, text);
		return length;
	}
	snprintf(shown, SHOWN_SIZE, "\\x%02x", (unsigned char)*text);
	return 1;
}

static size_t show_json(char shown[SHOWN_SIZE], const char *text)
{
	size_t length;
	__u32 code;

	length = decode(text, &code);
	if (!length)
		snprintf(shown, SHOWN_SIZE, "\\ufffd");
	else if (!is_printable(code))
		snprintf(shown, SHOWN_SIZE, "\\u%04x", code);
	else
		snprintf(shown, SHOWN_SIZE, "%s%.*s",
			 strchr("\"\\", *text) ? "\\" : "", (int)length, text);
	return length ? length : 1;
}

static void fill(char *to, size_t size, const char *from,
		 size_t (*show)(char shown[SHOWN_SIZE], const char *text))
{
	char shown[SHOWN_SIZE];
	size_t length;

	for (*to = '\0'; *from; to += length, size -= length) {
		from += show(shown, from);
		length = strlen(shown);
		if (length >= size)
			return;
		memcpy(to, shown, length + 1);
	}
}

const char *escape_text(char *to, size_t size, const char *from)
{
	fill(to, size, from, show_text);
	return to;
}

void escape_put(FILE *stream, const char *from)
{
	char shown[SHOWN_SIZE];

	while (*from) {
		if (*from == '\n' || *from == '\t') {
			fputc(*from++, stream);
			continue;
		}
		from += show_text(shown, from);
		fputs(shown, stream);
	}
}

void escape_json(json_writer_t *json, const char *key, const char *value)
{
	char text[JSON_SIZE];

	fill(text, sizeof(text), value, show_json);
	jsonw_name(json, key);
	jsonw_printf(json, "\"%s\"", text);
}
