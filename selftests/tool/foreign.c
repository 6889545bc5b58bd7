// SPDX-License-Identifier: GPL-2.0-only
/*
 * What others may have attached: one program on interfaces of several network
 * namespaces, or a filter that bears our name, in our place or beside.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/netns.h"
#include "tool/tool.h"

#define TCX_EGRESS 47 /* Linux 6.6's enum bpf_attach_type */

/* Enters the namespace; returns the interface's number there. */
static int enter(const char *netns, const char *name)
{
	int index;

	errno = namespace_enter(netns_path(netns), CLONE_NEWNET);
	if (errno)
		give_up(netns);
	index = (int)if_nametoindex(name);
	if (!index)
		give_up(name);
	return index;
}

static const struct bpf_program *load(const char *path)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	struct bpf_program *program;

	program = object ? bpf_object__next_program(object, NULL) : NULL;
	if (!program || bpf_object__load(object))
		give_up(path);
	return program;
}

static int link_to(const struct bpf_program *program, const char *netns,
		   const char *name)
{
	int type = bpf_program__type(program) == BPF_PROG_TYPE_XDP ? BPF_XDP :
								     TCX_EGRESS;
	int link = bpf_link_create(bpf_program__fd(program), enter(netns, name),
				   type, NULL);

	if (link < 0)
		give_up("link");
	return link;
}

/* The links live as long as this process. */
static int hold_links(const char *path, char **ends)
{
	const struct bpf_program *program = load(path);

	for (; ends[0] && ends[1]; ends += 2)
		link_to(program, ends[0], ends[1]);
	puts("ready");
	fflush(stdout);
	pause();
	return 0;
}

static int pin_link(const char *pin, const char *path, char **end)
{
	int link = link_to(load(path), end[0], end[1]);

	return bpf_obj_pin(link, pin) ? failed(pin) : 0;
}

static int attach_tcx(const char *path, char **end)
{
	const struct bpf_program *program = load(path);

	return bpf_prog_attach(bpf_program__fd(program), enter(end[0], end[1]),
			       TCX_EGRESS, 0) ?
		       failed("TCX") :
		       0;
}

static int add_filter(const char *netns, const char *name, const char *map_name,
		      __u32 value_size, __u32 priority)
{
	struct bpf_insn code[] = {
		{ BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_FD },
		{},
		{ BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, -1 },
		{ BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_tc_hook, hook, .attach_point = BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = 0xbdf, .priority = priority);

	hook.ifindex = enter(netns, name);
	code[0].imm = bpf_map_create(BPF_MAP_TYPE_ARRAY, map_name,
				     sizeof(__u32), value_size, 1, NULL);
	if (code[0].imm < 0)
		give_up("map");
	opts.prog_fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "tc_drop_tcp",
				     "GPL", code, sizeof(code) / sizeof(*code),
				     NULL);
	if (opts.prog_fd < 0)
		give_up("program");
	errno = -bpf_tc_hook_create(&hook);
	if (errno && errno != EEXIST)
		give_up("clsact");
	errno = -bpf_tc_attach(&hook, &opts);
	if (errno)
		give_up("filter");
	return 0;
}

static int foreign_main(int argc, char **argv)
{
	if (argc >= 5 && !strcmp(argv[1], "link"))
		return hold_links(argv[2], argv + 3);
	if (argc == 6 && !strcmp(argv[1], "pin"))
		return pin_link(argv[2], argv[3], argv + 4);
	if (argc == 5 && !strcmp(argv[1], "tcx"))
		return attach_tcx(argv[2], argv + 3);
	if (argc >= 6 && !strcmp(argv[1], "filter"))
		return add_filter(argv[2], argv[3], argv[4],
				  (__u32)strtoul(argv[5], NULL, 10),
				  argv[6] ? (__u32)strtoul(argv[6], NULL, 10) :
					    1);
	return usage();
}

const struct command foreign_command = {
	.name = "foreign",
	.summary = "attach what is not ours",
	.usage =
		"tool foreign link OBJECT NETNS IFACE [NETNS IFACE]...\n"
		"         one program, by XDP or TCX egress links, while it runs\n"
		"       tool foreign pin PATH OBJECT NETNS IFACE\n"
		"         the same, pinned there\n"
		"       tool foreign tcx OBJECT NETNS IFACE\n"
		"         by TCX egress, without a link\n"
		"       tool foreign filter NETNS IFACE MAP VALUE_SIZE [PRIORITY]\n"
		"         at clsact egress with a map of that name, in our place, or beside\n",
	.untried = 2,
	.main = foreign_main,
};
