// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine code of a loaded program: its bytes into a file, one function after
 * the other, and on standard output where in it each line of the source begins, in
 * hexadecimal. For scripts/listing.sh, as Debian's bpftool can do neither.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "tool/tool.h"

struct code {
	__u32 size;
	unsigned char *bytes;
	__u32 lines;
	struct bpf_line_info *line; /* of the source */
	__u64 *address; /* where its machine code begins, for each */
	__u32 functions;
	__u64 *base; /* where each function is */
	__u32 *length; /* and how long */
};

/* The first call tells how much there is, the second one fetches it. */
static int read_code(int fd, struct code *code, __u32 *btf)
{
	struct bpf_prog_info sizes = { 0 }, info = { 0 };
	__u32 size = sizeof(sizes);

	if (bpf_obj_get_info_by_fd(fd, &sizes, &size))
		return -1;
	*btf = sizes.btf_id;
	code->size = sizes.jited_prog_len;
	code->lines = sizes.nr_jited_line_info;
	code->functions = sizes.nr_jited_ksyms;
	code->bytes = calloc(1, code->size + 1);
	code->line = calloc(code->lines + 1, sizeof(*code->line));
	code->address = calloc(code->lines + 1, sizeof(*code->address));
	code->base = calloc(code->functions + 1, sizeof(*code->base));
	code->length = calloc(code->functions + 1, sizeof(*code->length));
	if (!code->bytes || !code->line || !code->address || !code->base ||
	    !code->length)
		return -1;
	info.jited_prog_len = code->size;
	info.jited_prog_insns = (unsigned long)code->bytes;
	info.nr_line_info = code->lines;
	info.line_info_rec_size = sizeof(*code->line);
	info.line_info = (unsigned long)code->line;
	info.nr_jited_line_info = code->lines;
	info.jited_line_info_rec_size = sizeof(*code->address);
	info.jited_line_info = (unsigned long)code->address;
	info.nr_jited_ksyms = code->functions;
	info.jited_ksyms = (unsigned long)code->base;
	info.nr_jited_func_lens = code->functions;
	info.jited_func_lens = (unsigned long)code->length;
	size = sizeof(info);
	return bpf_obj_get_info_by_fd(fd, &info, &size);
}

/* Functions lie anywhere in memory, but side by side in the file. */
static __u64 place_in_file(const struct code *code, __u64 address)
{
	__u64 before = 0;
	__u32 i;

	for (i = 0; i < code->functions; i++) {
		if (address - code->base[i] < code->length[i])
			return before + address - code->base[i];
		before += code->length[i];
	}
	return before;
}

static int show_lines(const struct code *code, __u32 id)
{
	struct btf *btf = btf__load_from_kernel_by_id(id);
	__u32 i;

	if (!btf)
		return failed("its BTF");
	for (i = 0; i < code->lines; i++) {
		const struct bpf_line_info *line = &code->line[i];

		printf("%llx %s [%s:%u]\n",
		       place_in_file(code, code->address[i]),
		       btf__name_by_offset(btf, line->line_off),
		       btf__name_by_offset(btf, line->file_name_off),
		       BPF_LINE_INFO_LINE_NUM(line->line_col));
	}
	btf__free(btf);
	return 0;
}

static int jited_main(int argc, char **argv)
{
	struct code code = { 0 };
	int fd, status;
	FILE *file;
	__u32 btf;

	if (argc != 3)
		return usage();
	fd = bpf_obj_get(argv[1]);
	if (fd < 0)
		return failed(argv[1]);
	if (read_code(fd, &code, &btf))
		return failed("the program");
	file = fopen(argv[2], "we");
	if (!file || fwrite(code.bytes, 1, code.size, file) != code.size ||
	    fclose(file))
		return failed(argv[2]);
	status = show_lines(&code, btf);
	free(code.bytes);
	free(code.line);
	free(code.address);
	free(code.base);
	free(code.length);
	return status;
}

const struct command jited_command = {
	.name = "jited",
	.summary = "the machine code of a loaded program",
	.usage = "tool jited PIN FILE\n",
	.untried = 2,
	.main = jited_main,
};
