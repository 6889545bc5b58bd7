// SPDX-License-Identifier: GPL-2.0-only
/* A target: the input, the operation that it is for, and what that may not do. */
#include "fuzz/answers.h"
#include "fuzz/libfuzzer.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/errors.h"
#include "lib/escape.h"
#include "lib/output.h"

/* Ends an answer; so one that grows or shrinks leaves those behind it as they are. */
#define MARK "\xab\xcd"
#define MARK_SIZE 2

/* Begins an answer of this byte and an errno: the call fails. */
#define FAILED 0xee

FILE *record;

static const __u8 *input, *input_end;
static const __u8 *answer, *answer_last;

/* All that is said, on standard output and error. */
static char *said;
static size_t said_size;
static FILE *text;

void wrong(const char *what)
{
	dprintf(STDERR_FILENO, "disagreement: %s\n", what);
	abort();
}

static void copy(void *to, size_t size, const __u8 **from, const __u8 *end)
{
	size_t left = end - *from;

	left = left < size ? left : size;
	memset(to, 0, size);
	if (left)
		memcpy(to, *from, left);
	*from += left;
}

void input_bytes(void *to, size_t size)
{
	copy(to, size, &input, input_end);
	if (record)
		fwrite(to, 1, size, record);
}

__u8 input_byte(void)
{
	__u8 byte;

	input_bytes(&byte, sizeof(byte));
	return byte;
}

char *input_text(size_t *size)
{
	static char *rest;
	size_t left = input_end - input;

	free(rest);
	rest = calloc(1, left + 1);
	input_bytes(rest, left);
	if (size)
		*size = left;
	return rest;
}

ssize_t answer_begin(ssize_t real)
{
	if (record) {
		if (real < 0)
			fprintf(record, "%c%c" MARK, FAILED, errno);
		return real;
	}
	if (input == input_end) {
		errno = ENOENT;
		return -1;
	}
	answer = input;
	answer_last = memmem(input, input_end - input, MARK, MARK_SIZE);
	input = answer_last ? answer_last + MARK_SIZE : input_end;
	answer_last = answer_last ?: input_end;
	if (answer_last - answer == 2 && *answer == FAILED) {
		errno = answer[1] ?: EIO;
		return -1;
	}
	return answer_last - answer;
}

void answer_pass(void *bytes, size_t size)
{
	if (record)
		fwrite(bytes, 1, size, record);
	else
		copy(bytes, size, &answer, answer_last);
}

long answer_end(long result)
{
	if (record)
		fwrite(MARK, 1, MARK_SIZE, record);
	return result;
}

ssize_t told_write(int fd, const void *data, size_t size)
{
	return fd == FAKE ? (ssize_t)fwrite(data, 1, size, text) :
			    write(fd, data, size);
}

/* What is escaped need not be escaped once more: nothing in it steers a terminal. */
static void check_said(void)
{
	char *escaped;
	size_t size;
	FILE *to = open_memstream(&escaped, &size);

	fflush(text);
	escape_put(to, said);
	fclose(to);
	if (strlen(said) != said_size || strcmp(said, escaped))
		wrong(escaped);
	free(escaped);
}

static void run(const struct operation *operation)
{
	FILE *out = stdout;

	text = open_memstream(&said, &said_size);
	stdout = text;
	operation->run();
	stdout = out;
	output_drain(&standard_output, -1);
	output_drain(&standard_error, -1);
	check_said();
	fclose(text);
	free(said);
	fakes_check();
}

int fuzz_begin(int *argc, char ***argv)
{
	const char *path = getenv("RECORD"), *name = getenv("OPERATION");
	size_t i;

	errors_init("fuzz");
	standard_output.sink.fd = FAKE;
	standard_output.sink.regular = true;
	standard_error.sink.fd = FAKE;
	standard_error.sink.regular = true;
	verbose_init(1);
	libbpf_num_possible_cpus(); /* is read once */
	for (i = 0; path && operations[i].name; i++) {
		if (strcmp(operations[i].name, name))
			continue;
		record = fopen(path, "we");
		fputc((int)i, record);
		run(&operations[i]);
		fclose(record);
		exit(0);
	}
	return 0;
}

int fuzz_one(const __u8 *data, size_t size)
{
	size_t count = 0;

	if (!size)
		return 0;
	while (operations[count].name)
		count++;
	input = data + 1;
	input_end = data + size;
	run(&operations[*data % count]);
	return 0;
}
