// SPDX-License-Identifier: GPL-2.0-only
/* Reads selectors, and files of them. */
#include "select/rules.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/escape.h"
#include "lib/grow.h"
#include "lib/macros.h"
#include "lib/number.h"

/* Of a line without its comment, and of a selector. */
#define LINE_SIZE 256

/* Of a file's name or a selector in a message; a longer one is cut. */
#define QUOTED_SIZE 128

/* Around a selector on a line, and the mark that some editors put before UTF-8. */
#define BLANKS " \t\r\xef\xbb\xbf"

/* Where a selector stands, and where to say what is wrong with it. */
struct source {
	const char *file; /* NULL: on the command line */
	size_t line;
	char *why;
};

/* @format goes on after the quoted @text. */
static int __printf(3, 4) wrong(const struct source *source, const char *text,
				const char *format, ...)
{
	char file[QUOTED_SIZE], shown[QUOTED_SIZE], line[QUOTED_SIZE + 32] = "";
	char reason[RULES_WHY_SIZE - sizeof(line) - sizeof(shown)];
	va_list args;

	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	if (source->file)
		snprintf(line, sizeof(line), "%s, line %zu: ",
			 escape_text(file, sizeof(file), source->file),
			 source->line);
	snprintf(source->why, RULES_WHY_SIZE, "%s'%s' %s", line,
		 escape_text(shown, sizeof(shown), text), reason);
	return -EINVAL;
}

int rules_add(struct rules *rules, const struct rule *rule)
{
	return grow_list(&rules->list, &rules->count, rule, sizeof(*rule));
}

static int read_ports(const struct source *source, const char *text,
		      const char *ports, struct rule *rule)
{
	__u64 low, high;
	const char *end = read_number(ports, UINT16_MAX, &low);

	high = low;
	if (end && *end == '-')
		end = read_number(end + 1, UINT16_MAX, &high);
	if (!end || *end)
		return wrong(
			source, text,
			"has no port behind the colon. Write one from 0 to 65535, or a range such as 80-90.");
	if (high < low)
		return wrong(
			source, text,
			"has a range of ports that ends before it begins. Write %llu-%llu.",
			high, low);
	rule->has_ports = true;
	rule->low = low;
	rule->high = high;
	return 0;
}

/* As inet_pton(), but never without an address's own characters. */
static bool read_address(struct rule *rule, const char *address)
{
	rule->family = strchr(address, ':') ? AF_INET6 : AF_INET;
	return inet_pton(rule->family, address, rule->address) == 1;
}

/* Packets have neither bits behind the prefix nor IPv4 in the notation of IPv6. */
static int check_prefix(const struct source *source, const char *text,
			const char *address, const struct rule *rule)
{
	unsigned int i, bits = rule->family == AF_INET ? 32 : 128;
	static const __u8 mapped[12] = { [10] = 0xff, 0xff };
	char shown[INET6_ADDRSTRLEN];
	__u8 masked[16];

	for (i = 0; i < sizeof(masked); i++)
		masked[i] = rule->address[i] & rule_mask(rule, i);
	if (memcmp(masked, rule->address, sizeof(masked)))
		return wrong(
			source, text,
			"has bits set behind the prefix. Write %s/%u, or %s for this address alone.",
			inet_ntop(rule->family, masked, shown, sizeof(shown)),
			rule->length, address);
	if (rule->family == AF_INET || rule->length < 96 ||
	    memcmp(masked, mapped, sizeof(mapped)))
		return 0;
	inet_ntop(AF_INET, masked + sizeof(mapped), shown, sizeof(shown));
	if (rule->length == bits)
		return wrong(
			source, text,
			"is IPv4 in the notation of IPv6, as no packet has it. Write %s.",
			shown);
	return wrong(
		source, text,
		"is IPv4 in the notation of IPv6, as no packet has it. Write %s/%u.",
		shown, rule->length - 96);
}

/* @prefix is cut at its slash. */
static int read_prefix(const struct source *source, const char *text,
		       char *prefix, struct rule *rule)
{
	char *slash = strchr(prefix, '/');
	unsigned int most;
	__u64 length;
	const char *end;

	if (slash)
		*slash++ = '\0';
	if (strchr(prefix, '%'))
		return wrong(
			source, text,
			"has a scope, which packets do not have. Leave out the '%%' and what follows it.");
	if (!read_address(rule, prefix))
		return wrong(
			source, text,
			"is not an address. Names are not looked up: give addresses, such as 192.0.2.1, 192.0.2.0/24, :22 or [2001:db8::1]:22.");
	most = rule->family == AF_INET ? 32 : 128;
	length = most;
	end = slash ? read_number(slash, most, &length) : "";
	if (end && *end == ':')
		return wrong(
			source, text,
			"has a colon behind the prefix length. With a port, write [ADDRESS/LENGTH]:PORT.");
	if (!end || *end)
		return wrong(
			source, text,
			"has no prefix length behind the slash. Write one from 0 to %u.",
			most);
	rule->length = length;
	return check_prefix(source, text, prefix, rule);
}

/* Where the prefix ends and the ports begin. A bracket that closes is taken out. */
static int split(const struct source *source, const char *text, char **prefix,
		 char **ports)
{
	char *end, *colon = strchr(*prefix, ':');

	if (**prefix != '[') {
		if (colon && colon == strrchr(*prefix, ':'))
			*ports = colon;
		return 0;
	}
	end = strchr(++*prefix, ']');
	if (!end || !strchr("/:", end[1]) || !colon || colon > end)
		return wrong(
			source, text,
			"is not an IPv6 address in brackets. Write [ADDRESS/LENGTH]:PORT.");
	memmove(end, end + 1, strlen(end));
	*ports = strchr(end, ':');
	return 0;
}

static int read_selector(const struct source *source, const char *text,
			 struct rule *rule)
{
	char copy[LINE_SIZE], *prefix = copy, *ports = NULL;
	int error;

	if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy))
		return wrong(source, text, "is too long for a selector.");
	rule->sides = SIDE_EITHER;
	if (!strncmp(copy, "src=", 4))
		rule->sides = SIDE_SOURCE;
	else if (!strncmp(copy, "dst=", 4))
		rule->sides = SIDE_DESTINATION;
	if (rule->sides != SIDE_EITHER)
		prefix += 4;
	if (!*prefix)
		return wrong(
			source, text,
			"selects nothing. Write an address, a prefix, a port or @FILE: 192.0.2.1, 2001:db8::/32, :22.");
	if (*prefix == '@')
		return wrong(
			source, text, "%s",
			source->file ?
				"is a file in a file. Give each with an option of its own." :
				"narrows a whole file. Write it before each selector in the file.");
	error = split(source, text, &prefix, &ports);
	if (!error && ports) {
		*ports++ = '\0';
		error = read_ports(source, text, ports, rule);
	}
	if (!error && (*prefix || !ports))
		error = read_prefix(source, text, prefix, rule);
	return error;
}

static int add_selector(struct rules *rules, bool except, const char *text,
			const struct source *source)
{
	struct rule rule = { .except = except };
	int error = read_selector(source, text, &rule);

	return error ?: rules_add(rules, &rule);
}

/*
 * Reads a line without its comment and the blanks around it; *end: it was the last one.
 * Its length does not grow with what is in the file.
 */
static int read_line(FILE *file, const struct source *source,
		     char line[LINE_SIZE], bool *end)
{
	bool in_comment = false;
	size_t length = 0;
	int c;

	while ((c = getc_unlocked(file)) != EOF && c != '\n') {
		line[length] = '\0';
		if (!c)
			return wrong(
				source, line,
				"is followed by a byte that no text has (NUL). Give a file of text.");
		in_comment = in_comment || c == '#';
		if (in_comment || (!length && strchr(BLANKS, c)))
			continue;
		if (length == LINE_SIZE - 1)
			return wrong(source, line,
				     "is too long. Write one selector a line.");
		line[length++] = c;
	}
	while (length && strchr(BLANKS, line[length - 1]))
		length--;
	line[length] = '\0';
	*end = c == EOF;
	return 0;
}

static int read_lines(struct rules *rules, bool except, FILE *file,
		      struct source *source)
{
	char line[LINE_SIZE];
	bool end = false;
	int error = 0;

	while (!error && !end) {
		source->line++;
		error = read_line(file, source, line, &end);
		if (!error && *line)
			error = add_selector(rules, except, line, source);
	}
	return error;
}

/* A FIFO or a device may block, and has no end. */
static int open_file(const struct source *source, const char *text, FILE **file)
{
	int fd = open(text + 1, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat status;

	if (fd < 0 || fstat(fd, &status))
		return wrong(source, text, "cannot be read: %s.",
			     strerror(errno));
	if (S_ISREG(status.st_mode)) {
		*file = fdopen(fd, "r");
		if (*file)
			return 0;
	}
	close(fd);
	return S_ISREG(status.st_mode) ?
		       -ENOMEM :
		       wrong(source, text,
			     "is not a regular file. Write the selectors into one.");
}

static int add_file(struct rules *rules, bool except, const char *text,
		    char *why)
{
	struct source at = { .why = why },
		      in = { .file = text + 1, .why = why };
	size_t before = rules->count;
	FILE *file = NULL;
	int error = open_file(&at, text, &file);

	if (error)
		return error;
	error = read_lines(rules, except, file, &in);
	if (!error && ferror(file))
		error = wrong(&at, text, "cannot be read to its end.");
	else if (!error && rules->count == before)
		error = wrong(
			&at, text,
			"has no selector in it. Write one a line, such as 192.0.2.0/24 or :22.");
	fclose(file);
	return error;
}

int rules_parse(struct rules *rules, bool except, const char *text,
		char why[RULES_WHY_SIZE])
{
	const struct source at = { .why = why };
	size_t before = rules->count;
	int error;

	error = *text == '@' ? add_file(rules, except, text, why) :
			       add_selector(rules, except, text, &at);
	if (error)
		rules->count = before;
	if (error == -ENOMEM)
		snprintf(
			why, RULES_WHY_SIZE,
			"no memory for the selectors. Free memory, or give fewer.");
	return error;
}
