// SPDX-License-Identifier: GPL-2.0-only
/*
 * Texts with any bytes in them, as they are shown, and as strings of JSON; and blocks of
 * pcapng with such texts and with nothing. Undefined behaviour traps here, see Makefile.
 */
#include <string.h>
#include "frames/ktap.h"
#include "lib/escape.c"
#include "capture/pcapng.c"
#include "json_writer.c"

static const struct sample {
	const char *name;
	const char *text, *shown, *json;
} samples[] = {
	{ "nothing", "", "", "" },
	{ "ASCII", "eth0.100 a\"b\\c'd", "eth0.100 a\"b\\c'd",
	  "eth0.100 a\\\"b\\\\c'd" },
	{ "UTF-8 of two, three and four bytes", "b\u00fcro \u20ac \U0001f980",
	  "b\u00fcro \u20ac \U0001f980", "b\u00fcro \u20ac \U0001f980" },
	{ "control characters", "\a\033[2J\r\n\x7f",
	  "\\x07\\x1b[2J\\x0d\\x0a\\x7f",
	  "\\u0007\\u001b[2J\\u000d\\u000a\\u007f" },
	{ "control characters beyond ASCII", "\xc2\x9b;1m", "\\xc2\\x9b;1m",
	  "\\u009b;1m" },
	{ "right to left", "a\xe2\x80\xae.", "a\\xe2\\x80\\xae.", "a\\u202e." },
	{ "no UTF-8", "a\xff\xfe\x80", "a\\xff\\xfe\\x80",
	  "a\\ufffd\\ufffd\\ufffd" },
	{ "cut off", "a\xe2\x82", "a\\xe2\\x82", "a\\ufffd\\ufffd" },
	{ "longer than need be", "\xc0\xaf\xe0\x80\xaf",
	  "\\xc0\\xaf\\xe0\\x80\\xaf", "\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd" },
	{ "a surrogate, and beyond Unicode", "\xed\xa0\x80\xf4\x90\x80\x80",
	  "\\xed\\xa0\\x80\\xf4\\x90\\x80\\x80",
	  "\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd" },
};

static bool is_right(const struct sample *sample)
{
	char shown[80], json[128], wanted[128], *put = NULL;
	size_t size;
	FILE *stream = open_memstream(&put, &size);
	json_writer_t *writer = jsonw_new(stream);

	escape_text(shown, sizeof(shown), sample->text);
	jsonw_start_object(writer);
	escape_json(writer, "a", sample->text);
	escape_json(writer, "b", "");
	jsonw_end_object(writer);
	jsonw_destroy(&writer);
	fclose(stream);
	snprintf(json, sizeof(json), "%s", put);
	free(put);
	snprintf(wanted, sizeof(wanted), "{\"a\":\"%s\",\"b\":\"\"}\n",
		 sample->json);
	return !strcmp(shown, sample->shown) && !strcmp(json, wanted);
}

/* Only whole characters, and what stands for a byte is whole, too. */
static bool is_cut(void)
{
	char text[6];

	return !strcmp(escape_text(text, sizeof(text), "abc\u20ac"), "abc") &&
	       !strcmp(escape_text(text, sizeof(text), "ab\u20ac"),
		       "ab\u20ac") &&
	       !strcmp(escape_text(text, sizeof(text), "ab\033"), "ab") &&
	       !strcmp(escape_text(text, sizeof(text), "a\033"), "a\\x1b") &&
	       !strcmp(escape_text(text, 1, "a"), "");
}

static bool holds(const char *block, size_t size, const char *text)
{
	return memmem(block, size, text, strlen(text));
}

static bool is_block(void)
{
	char block[1024], text[TEXT_MAX + 2];
	struct pcapng_interface interface = { .name = "a\033b" };
	struct pcapng_packet empty = { .comment = text };
	size_t size;

	size = pcapng_interface(block, &interface);
	if (!holds(block, size, "a\\x1bb") || size % 4)
		return false;
	memset(text, '\a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	size = pcapng_packet(block, &empty);
	return size % 4 == 0 && size < 300 &&
	       holds(block, size, "\\x07\\x07") &&
	       pcapng_packet_interface(block) == 0;
}

int main(void)
{
	const size_t count = ARRAY_SIZE(samples);
	size_t i;

	ktap_begin();
	ksft_set_plan(count + 2);
	for (i = 0; i < count; i++)
		ktap_point(is_right(&samples[i]), samples[i].name);
	ktap_point(is_cut(), "what does not fit is cut between characters");
	ktap_point(is_block(), "blocks of pcapng");
	ksft_finished();
}
