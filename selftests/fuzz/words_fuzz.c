// SPDX-License-Identifier: GPL-2.0-only
/* What people, files and environments say: options, selectors, pins' names, tables. */
#include <netinet/in.h> /* before linux/in6.h */

#include "fuzz/answers.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "attach/pins.c"
#include "lib/columns.h"
#include "lib/escape.h"
#include "lib/terminal.h"
#include "loader/options.h"
#include "select/compile.h"
#include "select/rules.h"
#include "where/where.h"

/* Words are separated by NUL. Left out: --version, which exits, and files. */
static void run_options(void)
{
	static const struct program programs[] = {
		{ .name = "xdp-drop-tcp", .summary = "XDP" },
		{ .name = "tc-drop-tcp", .summary = "TC", .tc = true },
	};
	__u8 which = input_byte() % 3;
	char *argv[32] = { "program" }, command[COMMAND_SIZE];
	struct where_options where = {};
	struct options options = {};
	size_t size, at = 0;
	char *text;
	int argc = 1;

	for (text = input_text(&size); at < size && argc < 31; argc++) {
		argv[argc] = text + at;
		at += strlen(text + at) + 1;
		if (strpbrk(argv[argc], "V@") ||
		    !strncmp(argv[argc], "--ver", 5))
			return;
	}
	if (which == 2) {
		where_parse(&where, argc, argv);
		return;
	}
	options_parse(&options, &programs[which], argc, argv);
	common_command(&options.common, command);
	free(options.select.rules.list);
}

/* A selector, or a file of them; what they are compiled to. */
static void run_selectors(void)
{
	struct select_config config = {};
	struct compiled compiled = {};
	char why[RULES_WHY_SIZE], path[32];
	struct rules rules = {};
	__u8 flags = input_byte();
	size_t size;
	char *text = input_text(&size);
	int error, fd = memfd_create("selectors", MFD_CLOEXEC);

	snprintf(path, sizeof(path), "@/proc/self/fd/%d", fd);
	if (flags & 1 && write(fd, text, size) != (ssize_t)size)
		wrong("no memory");
	if (!(flags & 1) && *text == '@')
		*text = ':';
	error = rules_parse(&rules, flags & 2, flags & 1 ? path : text, why);
	close(fd);
	if (error)
		note("%s", why);
	if (!error && !rules_compile(&rules, &config, &compiled))
		compiled_free(&compiled);
	free(rules.list);
}

/* Any name of an interface is in its pin's name, and any file may be beside that. */
static void run_pins(void)
{
	char *text = input_text(NULL), path[PIN_PATH_SIZE];
	struct interface interface = { .index = 7 };
	struct pin pin;

	snprintf(interface.name, sizeof(interface.name), "%s", text);
	pin_path(path, "xdp_drop_tcp", &interface, HOOK_TCX_INGRESS);
	if (!parse(&pin, strrchr(path, '/') + 1) ||
	    strcmp(pin.name, interface.name) || strcmp(pin.path, path))
		wrong("a pin of another name");
	if (parse(&pin, text))
		note("%s: %s, %s", pin.path, pin.name, pin.hook);
}

/* A table of such cells in a terminal of any size. */
static void run_columns(void)
{
	struct column columns[] = {
		{ .right = true }, { .least = 9 }, { .optional = true }, {}
	};
	struct terminal terminal = { .out = &standard_output };
	FILE *cells = columns_begin();
	const int most = (int)terminal_columns(&standard_output);
	char *word = strtok(input_text(NULL), "\t\n");
	int i;

	for (i = 0; word; i++, word = strtok(NULL, "\t\n")) {
		escape_put(cells, word);
		fputs(i % 4 == 3 ? "\n" : "\t", cells);
	}
	fputs("\n", cells);
	columns_end(output_text(&standard_output), columns, ARRAY_SIZE(columns),
		    most);
	if (terminal_fits(&terminal, 3))
		terminal_draw(&terminal, false);
	else
		output_add(&standard_output, NULL, true);
}

const struct operation operations[] = {
	{ "options", run_options },
	{ "selectors", run_selectors },
	{ "pins", run_pins },
	{ "columns", run_columns },
	{},
};
