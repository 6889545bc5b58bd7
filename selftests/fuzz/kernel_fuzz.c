// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel and /proc tell: rtnetlink, generic netlink, connection tracking, extack;
 * programs, maps and bpf_links of others; pins; processes and their sockets.
 */
#include <netinet/in.h> /* before linux/in6.h */

#include "fuzz/answers.h"

#include <stdlib.h>
#include <string.h>

#include "attach/clsact.h"
#include "attach/owners.c"
#include "attach/tc.h"
#include "attach/xdp_why.h"
#include "guard/conntrack.h"
#include "guard/guard.h"
#include "guard/ports.h"
#include "guard/spare.h"
#include "guard/tunnels.h"
#include "lib/errors.h"
#include "lib/frame_type.h"
#include "loader/list.c"

static const struct program program = {
	.name = "tc-drop-tcp",
	.function = "tc_drop_tcp",
	.tc = true,
	.matches = "TCP",
	.protocol = IPPROTO_TCP,
};

static char *patterns[] = { "*", "veth0@if2" };

/* Reads interfaces, and chooses some or all of them. */
static bool choose(struct interfaces *all, struct interfaces *chosen)
{
	__u8 byte = input_byte();

	if (interfaces_read(all))
		return false;
	if (!interfaces_choose(all, patterns + byte % 2, 1, byte & 2, chosen))
		return true;
	interfaces_free(all);
	return false;
}

static void run_interfaces(void)
{
	struct interfaces all, chosen;
	const struct interface *at;

	if (!choose(&all, &chosen))
		return;
	free(interface_levels(&all));
	for (at = chosen.list; at < chosen.list + chosen.count; at++) {
		note("%s: %s %u %s", at->name, at->kind,
		     interface_frame_type(at), interface_why_strange(at) ?: "");
		clsact_is_ours(at->index);
		clsact_in_use(at->index);
	}
	interfaces_free(&chosen);
	interfaces_free(&all);
}

/* --list and --detach */
static void run_command(int (*command)(struct run *run))
{
	struct run run = { .program = &program };

	run.options.common.json = input_byte() & 1;
	run.options.common.force = input_byte() & 1;
	if (!choose(&run.all, &run.chosen))
		return;
	if (!lost_find(&run))
		command(&run);
	free(run.lost.list);
	free(run.present.list);
	interfaces_free(&run.chosen);
	interfaces_free(&run.all);
	free(holders.list);
	free(holders.pins.list);
	memset(&holders, 0, sizeof(holders));
}

/* --list leaves the last program's maps open; there is none of that number. */
static int list(struct run *run)
{
	const struct program_maps *maps;
	int code = command_list(run);

	input_text(NULL);
	open_maps(~0U, &maps);
	return code;
}

static void run_list(void)
{
	run_command(list);
}

static void run_detach(void)
{
	run_command(command_detach);
}

/* The guard, with a rule of --except and without. */
static void run_guard(void)
{
	struct rule except = { .except = true, .sides = SIDE_EITHER };
	struct interfaces all, chosen;
	__u8 flags = input_byte();
	struct rules rules = { &except, flags & 1 };

	except.has_ports = true;
	except.low = 22;
	except.high = 22;
	if (!choose(&all, &chosen))
		return;
	guard_check(&(struct drops){
		.all = &all,
		.chosen = &chosen,
		.protocol = flags & 2 ? IPPROTO_TCP : 0,
		.leaving = flags & 4,
		.rules = &rules,
		.session_spared = flags & 8,
	});
	interfaces_free(&chosen);
	interfaces_free(&all);
}

static void run_spare(void)
{
	struct rules rules = {};

	spare_session(&rules);
	free(rules.list);
}

/* A connection that is known stays one. */
static void run_ways(void)
{
	struct session session = { .protocol = IPPROTO_TCP };
	struct ways ways = {};
	size_t i;

	input_bytes(&session.peer, sizeof(session.peer));
	input_bytes(&session.server, sizeof(session.server));
	session.arrival = input_byte();
	session.peer_port = 50000;
	session.server_port = 22;
	conntrack_ends(&session);
	if (!session.peer_port)
		wrong("the session's peer was lost");
	ways_find(&session, input_byte() & 1, &ways);
	for (i = 0; i < ways.count; i++)
		ports_find(&ways.list[i], 2);
	free(ways.list);
}

static void run_tunnels(void)
{
	static const char *const kinds[] = { "vxlan",	  "geneve", "ip6gre",
					     "sit",	  "vti",    "macsec",
					     "wireguard", "tun" };
	struct session session = { .protocol = IPPROTO_TCP };
	struct interface tunnel = { .name = "tunnel", .index = 2 };
	struct sessions carriers = {};

	strcpy(tunnel.kind, kinds[input_byte() % ARRAY_SIZE(kinds)]);
	input_bytes(&session.peer, sizeof(session.peer));
	tunnel_carriers(&tunnel, &session, &carriers);
	free(carriers.list);
}

/* Why XDP is refused, and what a filter in our place is. */
static void run_extack(void)
{
	struct attachment at = { .interface = { .name = "eth0", .index = 2 } };
	char name[CLSACT_NAME_SIZE] = "";
	int error = -input_byte();

	at.hook = input_byte() % 2 ? HOOK_XDP_NATIVE : HOOK_XDP_GENERIC;
	xdp_fail(&at, xdp_ask_why(&at, FAKE, error ?: -EINVAL));
	clsact_program(2, at.hook == HOOK_XDP_NATIVE, name);
	note("%s", name);
	tc_remove_qdisc(2);
}

/* Messages about interfaces, while a program is attached to two of them. */
static void run_changes(void)
{
	struct attachment two[] = {
		{ .interface = { .name = "bond0", .kind = "bond" },
		  .index = 2 },
		{ .interface = { .name = "veth0" }, .index = 3, .slot = 1 },
	};
	struct run run = { .program = &program, .attachments = two, .room = 2 };
	const size_t size =
		libbpf_num_possible_cpus() * sizeof(struct drop_counters);
	size_t i;

	run.chosen.count = run.room;
	run.slots = (struct slots){ .attachments = two, .count = 2, .room = 2 };
	run.slots.map_fd = fake_map(sizeof(struct drop_slot));
	run.counters_fd = fake_map(size);
	run.watch.display = (struct display){ .out = &standard_output,
					      .program = program.name,
					      .json = true };
	for (i = 0; i < run.room; i++) {
		two[i].link_fd = fake_open(BPF_LINK_GET_FD_BY_ID, 0);
		two[i].attached = true;
	}
	changes_hear(&run);
	unseen_look(&run);
	changes_check(&run);
	for (i = 0; i < run.room; i++)
		close(two[i].link_fd);
	close(run.counters_fd);
	close(run.slots.map_fd);
}

const struct operation operations[] = {
	{ "interfaces", run_interfaces }, { "list", run_list },
	{ "detach", run_detach },	  { "guard", run_guard },
	{ "spare", run_spare },		  { "ways", run_ways },
	{ "tunnels", run_tunnels },	  { "extack", run_extack },
	{ "changes", run_changes },	  {},
};
