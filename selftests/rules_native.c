// SPDX-License-Identifier: GPL-2.0-only
/*
 * Selectors of --only and --except, alone and in files: the rule that each is, or what is
 * said of a wrong one. Undefined behaviour traps here, see Makefile.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "frames/ktap.h"
#include "lib/escape.c"
#include "lib/duration.c"
#include "select/rules.c"
#include "select/select_options.c"
#include "json_writer.c"

#define LINES 100000
#define BAD 0x100000000

static char why[RULES_WHY_SIZE], path[] = "/tmp/rules_native.XXXXXX";

static const struct sample {
	const char *text;
	const char *rule; /* "SIDES PREFIX PORTS"; NULL: it is wrong */
	const char *why; /* a part of what is said then */
} samples[] = {
	{ "192.0.2.1", "3 192.0.2.1/32 -" },
	{ "0.0.0.0/0", "3 0.0.0.0/0 -" },
	{ "255.255.255.255/32", "3 255.255.255.255/32 -" },
	{ "10.128.0.0/9", "3 10.128.0.0/9 -" },
	{ ":22", "3 any 22-22" },
	{ ":0-65535", "3 any 0-65535" },
	{ "192.0.2.1:80", "3 192.0.2.1/32 80-80" },
	{ "192.0.2.0/24:80-90", "3 192.0.2.0/24 80-90" },
	{ "src=192.0.2.0/24", "1 192.0.2.0/24 -" },
	{ "dst=:443", "2 any 443-443" },
	{ "src=[2001:db8::1]:22", "1 2001:db8::1/128 22-22" },
	{ "2001:db8::/32", "3 2001:db8::/32 -" },
	{ "::", "3 ::/128 -" },
	{ "::/0", "3 ::/0 -" },
	{ "[2001:db8::1]", "3 2001:db8::1/128 -" },
	{ "[2001:db8::/32]", "3 2001:db8::/32 -" },
	{ "[2001:db8::/32]:80-90", "3 2001:db8::/32 80-90" },
	{ "[2001:db8::]/33:80", "3 2001:db8::/33 80-80" },
	{ "2001:DB8::80", "3 2001:db8::80/128 -" },
	{ "", NULL, "'' selects nothing" },
	{ "src=", NULL, "'src=' selects nothing" },
	{ ":", NULL, "no port behind the colon. Write one from 0 to 65535" },
	{ "192.0.2.1:", NULL, "no port behind" },
	{ ":70000", NULL, "':70000' has no port behind" },
	{ ":4294967376", NULL, "no port behind" },
	{ ":-1", NULL, "no port behind" },
	{ ":80-", NULL, "no port behind" },
	{ ":80-90-", NULL, "no port behind" },
	{ ":+80", NULL, "no port behind" },
	{ ":http", NULL, "no port behind" },
	{ ":90-80", NULL, "ends before it begins. Write 80-90." },
	{ "192.0.2.0/33", NULL,
	  "prefix length behind the slash. Write one from 0 to 32" },
	{ "2001:db8::/129", NULL, "Write one from 0 to 128" },
	{ "192.0.2.0/", NULL, "no prefix length" },
	{ "192.0.2.0/24/24", NULL, "no prefix length" },
	{ "192.0.2.0/255.255.255.0", NULL, "no prefix length" },
	{ "/24", NULL, "not an address" },
	{ "10", NULL, "not an address" },
	{ "10.1/16", NULL, "not an address" },
	{ "192.0.2.256", NULL, "not an address" },
	{ "010.0.0.1", NULL, "not an address" },
	{ " 192.0.2.1", NULL, "not an address" },
	{ "192.0.2.1 ", NULL, "not an address" },
	{ "example.com", NULL,
	  "'example.com' is not an address. Names are not looked up: give addresses" },
	{ "example.com:80", NULL, "give addresses" },
	{ "192.0.2.1:80:90", NULL, "not an address" },
	{ "src=dst=192.0.2.1", NULL, "not an address" },
	{ "a\033[2J", NULL, "'a\\x1b[2J' is not an address" },
	{ "10.1.2.3/8", NULL,
	  "Write 10.0.0.0/8, or 10.1.2.3 for this address alone." },
	{ "10.1.2.3/0", NULL, "Write 0.0.0.0/0, or" },
	{ "[2001:db8::1/32]:80", NULL,
	  "Write 2001:db8::/32, or 2001:db8::1 for" },
	{ "::ffff:192.0.2.1", NULL, "Write 192.0.2.1." },
	{ "::ffff:192.0.2.0/120", NULL, "Write 192.0.2.0/24." },
	{ "::ffff:0:0/96", NULL, "Write 0.0.0.0/0." },
	{ "::fffe:0:0/95", "3 ::fffe:0:0/95 -" },
	{ "fe80::1%eth0", NULL, "Leave out the '%' and what follows it." },
	{ "fe80::%eth0/64", NULL, "Leave out the '%'" },
	{ "2001:db8::/32:80", NULL, "write [ADDRESS/LENGTH]:PORT" },
	{ "[2001:db8::1:22", NULL, "not an IPv6 address in brackets" },
	{ "[2001:db8::1]22", NULL, "in brackets" },
	{ "[2001:db8::]]:22", NULL, "in brackets" },
	{ "[192.0.2.1]:22", NULL, "in brackets" },
	{ "[]:22", NULL, "in brackets" },
	{ "[2001:db8::/32]/32", NULL, "no prefix length" },
	{ "src=@/dev/null", NULL, "before each selector in the file" },
	{ "@", NULL, "'@' cannot be read: No such file" },
	{ "@/nosuch", NULL, "'@/nosuch' cannot be read: No such file" },
	{ "@/", NULL, "not a regular file" },
	{ "@/dev/zero", NULL, "not a regular file" },
};

static void write_rule(char *to, size_t size, const struct rule *rule)
{
	char prefix[INET6_ADDRSTRLEN + 8] = "any", ports[16] = "-";

	if (rule->family) {
		inet_ntop(rule->family, rule->address, prefix, sizeof(prefix));
		sprintf(strchr(prefix, '\0'), "/%u", rule->length);
	}
	if (rule->has_ports)
		snprintf(ports, sizeof(ports), "%u-%u", rule->low, rule->high);
	snprintf(to, size, "%u %s %s", rule->sides, prefix, ports);
}

static bool is_right(const struct sample *sample, char got[128])
{
	const struct rule before = { .length = 7 };
	struct rules rules = {};
	bool ok;

	*why = '\0';
	rules_add(&rules, &before);
	if (rules_parse(&rules, true, sample->text, why)) {
		snprintf(got, 128, "%s", why);
		ok = !sample->rule && strstr(why, sample->why) &&
		     why[strlen(why) - 1] == '.' && rules.count == 1;
	} else {
		write_rule(got, 128, &rules.list[1]);
		ok = sample->rule && !strcmp(got, sample->rule) &&
		     rules.count == 2 && rules.list[1].except;
	}
	ok = ok && rules.list[0].length == 7;
	free(rules.list);
	return ok;
}

/* Files */

static const struct file {
	const char *name;
	const char *text; /* '~' is NUL */
	size_t count; /* of its rules */
	const char *why; /* or a part of what is said */
} files[] = {
	{ "a line", ":22\n", 1 },
	{ "a line without an end", "192.0.2.1", 1 },
	{ "blanks, comments, lines as elsewhere",
	  "\xef\xbb\xbf:22\r\n\r\n# all\r\n\t src=::1\t# some\r\n#", 2 },
	{ "empty", "", 0, "' has no selector in it" },
	{ "only comments", "\n# none\n\n", 0, "has no selector in it" },
	{ "a wrong line", ":22\n\nexample.com # why\n:23", 0,
	  ", line 3: 'example.com' is not an address" },
	{ "two on a line", ":22\n10.0.0.1 10.0.0.2\n", 0,
	  ", line 2: '10.0.0.1 10.0.0.2' is not" },
	{ "a file in a file", "@other", 0, ", line 1: '@other' is a file" },
	{ "NUL", ":22\n10.0.0.1~\n", 0, ", line 2: '10.0.0.1' is followed by" },
	{ "NUL in a comment", ":22 # ~\n", 0, "is followed by" },
};

static bool is_file_right(const struct file *expected)
{
	char text[sizeof(path) + 1];
	struct rules rules = {};
	FILE *file = fopen(path, "w");
	const char *at;
	int error;
	bool ok;

	if (!file)
		return false;
	for (at = expected->text; *at; at++)
		fputc(*at == '~' ? 0 : *at, file);
	fclose(file);
	snprintf(text, sizeof(text), "@%s", path);
	error = rules_parse(&rules, false, text, why);
	ok = expected->why ? error && strstr(why, expected->why) : !error;
	ok = ok && rules.count == expected->count;
	if (!ok)
		printf("# %zu rules, %s\n", rules.count, error ? why : "right");
	free(rules.list);
	return ok;
}

static void test_long_line(void)
{
	char text[300] = "";
	const struct file file = {
		.text = text,
		.why = ", line 1: 'aaa",
	};

	memset(text, 'a', sizeof(text) - 1);
	ktap_point(is_file_right(&file) && strstr(why, "is too long"),
		   "a long line");
}

static void test_large_file(void)
{
	char *text = malloc(LINES * 32), *end = text;
	const struct file file = { .text = text, .count = LINES };
	clock_t begun = clock();
	size_t i;
	bool ok;

	for (i = 0; i < LINES; i++)
		end += sprintf(end, "10.%zu.%zu.%zu:%zu # one\n", i >> 16,
			       i >> 8 & 255, i & 255, i % 65536);
	ok = is_file_right(&file);
	printf("# %d lines: %zu ms\n", LINES,
	       (size_t)(clock() - begun) * 1000 / CLOCKS_PER_SEC);
	ktap_point(ok, "a large file");
	free(text);
}

/* It is refused, not waited for. */
static void test_fifo(void)
{
	char text[sizeof(path) + 1];
	struct rules rules = {};
	bool ok;

	unlink(path);
	snprintf(text, sizeof(text), "@%s", path);
	ok = !mkfifo(path, 0600) && rules_parse(&rules, false, text, why) &&
	     strstr(why, "not a regular file");
	ktap_point(ok, "a FIFO");
}

static void test_ratios(void)
{
	static const struct {
		const char *text;
		__u64 ratio; /* BAD: refused */
	} ratios[] = {
		{ "100%", 0 },
		{ "100.0%", 0 },
		{ "7/7", 0 },
		{ "50%", 1U << 31 },
		{ "1/8", 1U << 29 },
		{ "0.5%", 21474836 },
		{ "10%", 429496730 },
		{ "1/3", 1431655765 },
		{ "2/3", 2863311531 },
		{ "0.0000001%", 4 },
		{ "99.9999999%", UINT32_MAX - 3 },
		{ "1/4294967295", 1 },
		{ "4294967294/4294967295", UINT32_MAX },
		{ "0%", BAD },
		{ "0.0%", BAD },
		{ "0/8", BAD },
		{ "1/0", BAD },
		{ "9/8", BAD },
		{ "100.1%", BAD },
		{ "101%", BAD },
		{ "4294967297%", BAD },
		{ "1/4294967296", BAD },
		{ "0.00000001%", BAD },
		{ "0,5%", BAD },
		{ "0.05", BAD },
		{ "10", BAD },
		{ ".5%", BAD },
		{ "5.%", BAD },
		{ "1/8%", BAD },
		{ "10%%", BAD },
		{ "-1%", BAD },
		{ "1e1%", BAD },
		{ "%", BAD },
		{ "", BAD },
		{ "18446744073709551617/2", BAD },
	};
	bool ok = true;
	__u32 ratio;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ratios); i++) {
		if (read_ratio(ratios[i].text, &ratio) ?
			    ratio == ratios[i].ratio :
			    ratios[i].ratio == BAD)
			continue;
		printf("# '%s'\n", ratios[i].text);
		ok = false;
	}
	ktap_point(ok, "ratios");
}

int main(void)
{
	const size_t count = ARRAY_SIZE(samples);
	int fd = mkstemp(path);
	char got[128], name[64];
	size_t i;

	ktap_begin();
	ksft_set_plan(count + ARRAY_SIZE(files) + 4);
	for (i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "'%s'",
			 escape_text(got, 60, samples[i].text));
		if (!ktap_point(is_right(&samples[i], got), name))
			printf("# got: %s\n", got);
	}
	for (i = 0; i < ARRAY_SIZE(files); i++)
		ktap_point(is_file_right(&files[i]), files[i].name);
	test_long_line();
	test_large_file();
	test_fifo();
	test_ratios();
	unlink(path);
	close(fd);
	ksft_finished();
}
