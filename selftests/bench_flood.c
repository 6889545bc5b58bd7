// SPDX-License-Identifier: GPL-2.0-only
/*
 * A flood of one frame into a veth, as fast as one CPU can: by an XDP program that redirects
 * live frames of BPF_PROG_TEST_RUN (Linux 5.18). They arrive at the other end on the same
 * CPU, so all that is done there is this thread's time: what a packet costs is printed, in
 * nanoseconds.
 *
 * Usage: bench_flood INTERFACE PACKETS LENGTH FRAME: the rest of the frame, which is in
 * hexadecimal, is zero
 */
#include <net/if.h>
#include <string.h>
#include <linux/bpf.h>

#include "frames/timed.h"

static unsigned char frame[2048];

static int load_redirect(int ifindex)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K,
		  .dst_reg = BPF_REG_1,
		  .imm = ifindex },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_redirect },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return bpf_prog_load(BPF_PROG_TYPE_XDP, "flood", "GPL", code,
			     sizeof(code) / sizeof(*code), NULL);
}

static size_t parse(const char *text)
{
	size_t length = 0;

	while (length < sizeof(frame) &&
	       sscanf(text + 2 * length, "%2hhx", &frame[length]) == 1)
		length++;
	return length;
}

int main(int argc, char **argv)
{
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame,
			    .flags = BPF_F_TEST_XDP_LIVE_FRAMES);
	double start;
	int fd;

	if (argc != 5)
		return 2;
	fd = load_redirect(if_nametoindex(argv[1]));
	opts.repeat = atoi(argv[2]);
	opts.data_size_in = atoi(argv[3]);
	if (parse(argv[4]) > opts.data_size_in ||
	    opts.data_size_in > sizeof(frame))
		return 2;
	start = timed_now();
	if (fd < 0 || bpf_prog_test_run_opts(fd, &opts)) {
		perror("bench_flood");
		return 1;
	}
	printf("%.2f\n", (timed_now() - start) / opts.repeat);
	return 0;
}
