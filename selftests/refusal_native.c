// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the loaders tell of the verifier's log, on logs of several kernels: the last
 * line of source, what follows it, and why the program is refused.
 */
#include <string.h>
#include "frames/ktap.h"
#include "loader/refusal.c"

struct sample {
	const char *name;
	const char *log;
	const char *first, *reason,
		*where; /* first: NULL, if there is nothing */
	size_t lines;
};

static const struct sample samples[] = {
	{ "Linux 6.12: file and line",
	  "0: R1=ctx() R10=fp0\n"
	  "; SEC(\"xdp\") @ xdp_drop_tcp_kern.c:9\n"
	  "0: (bf) r6 = r1                       ; R1=ctx() R6_w=ctx()\n"
	  "; if (next == 0) @ match_protocol.h:85\n"
	  "1: (69) r2 = *(u16 *)(r3 +0)\n"
	  "misaligned packet access off 2+(0x0; 0x3f)+0+0 size 2\n"
	  "processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n",
	  "; if (next == 0) @ match_protocol.h:85",
	  "misaligned packet access off 2+(0x0; 0x3f)+0+0 size 2",
	  "match_protocol.h:85", 3 },
	{ "Linux 5.10: source, but no line",
	  "func#0 @0\n"
	  "0: R1=ctx(id=0,off=0,imm=0) R10=fp0\n"
	  "; const void *end = (const void *)(long)ctx->data_end;\n"
	  "0: (61) r1 = *(u32 *)(r1 +5)\n"
	  "invalid bpf_context access off=5 size=4\n"
	  "processed 1 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n"
	  "\n",
	  "; const void *end = (const void *)(long)ctx->data_end;",
	  "invalid bpf_context access off=5 size=4", "", 3 },
	{ "Linux 7.3: a report behind it",
	  "; error = read(buffer); @ capture_kern.h:120\n"
	  "393: (85) call bpf_probe_read#4\n"
	  "program of this type cannot use helper bpf_probe_read#4\n"
	  "\n"
	  "Verification failed: Policy: Operation is not allowed\n"
	  "\n"
	  "Reason:\n"
	  "  The helper bpf_probe_read#4 is not allowed.\n"
	  "\n"
	  "Suggestion:\n"
	  "  Use a helper allowed for this program type.\n"
	  "\n"
	  "processed 153 insns (limit 1000000) max_states_per_insn 0 total_states 12 peak_states 12 mark_read 0\n",
	  "; error = read(buffer); @ capture_kern.h:120",
	  "program of this type cannot use helper bpf_probe_read#4",
	  "capture_kern.h:120", 3 },
	{ "at level 4, figures of several lines",
	  "unreachable insn 5\n"
	  "verification time 57 usec\n"
	  "stack depth 0\n"
	  "processed 0 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n",
	  "unreachable insn 5", "unreachable insn 5", "", 1 },
	{ "far from its line of source, which stays",
	  "; loop @ a.c:1\n1: a\n2: b\n3: c\n4: d\n5: e\n6: f\n7: g\n8: h\n"
	  "BPF program is too large. Processed 1000001 insn\n",
	  "; loop @ a.c:1", "BPF program is too large. Processed 1000001 insn",
	  "a.c:1", 8 },
	{ "long, and no source",
	  "1: a\n2: b\n3: c\n4: d\n5: e\n6: f\n7: g\n8: h\nR0 !read_ok", "2: b",
	  "R0 !read_ok", "", 8 },
	{ "empty", "" },
	{ "figures alone",
	  "processed 8 insns (limit 1000000) total_states 0 peak_states 0 mark_read 0\n" },
};

static bool is_right(const struct sample *sample)
{
	struct refusal refusal;
	char log[1024];

	snprintf(log, sizeof(log), "%s", sample->log);
	if (!refusal_read(&refusal, log))
		return !sample->first;
	return sample->first && refusal.count == sample->lines &&
	       !strcmp(refusal.lines[0], sample->first) &&
	       !strcmp(refusal.reason, sample->reason) &&
	       refusal.lines[refusal.count - 1] == refusal.reason &&
	       !strcmp(refusal.where, sample->where);
}

int main(void)
{
	const size_t count = ARRAY_SIZE(samples);
	size_t i;

	ktap_begin();
	ksft_set_plan(count);
	for (i = 0; i < count; i++)
		ktap_point(is_right(&samples[i]), samples[i].name);
	ksft_finished();
}
