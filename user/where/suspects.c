// SPDX-License-Identifier: GPL-2.0-only
/* Where could a packet have died, when the kernel does not say? */
#include "where/suspects.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "attach/clsact.h"
#include "attach/tc.h"
#include "lib/errors.h"
#include "lib/netlink.h"
#include "where/peer.h"

int suspects_check(const struct suspects *suspects)
{
	struct interfaces all, chosen;
	int code;

	code = interfaces_read(&all);
	if (code)
		return code;
	code = interfaces_choose(&all, suspects->patterns,
				 suspects->pattern_count, &chosen);
	if (!code)
		interfaces_free(&chosen);
	interfaces_free(&all);
	return code;
}

static size_t place_of(const struct suspects *suspects,
		       const struct interface *interface)
{
	return interface - suspects->all.list;
}

static int mark_qdisc(int ifindex, enum clsact_kind kind, void *context)
{
	struct suspects *suspects = context;
	const struct interface *interface =
		interfaces_find(&suspects->all, ifindex);

	if (interface)
		suspects->hooks[place_of(suspects, interface)] |=
			kind == CLSACT_CLSACT ? AT_INGRESS | AT_EGRESS :
						AT_INGRESS;
	return 0;
}

static bool has_tcx(const struct interface *interface, int where)
{
	__u32 count = 0;

	return !bpf_prog_query(interface->index, where, 0, NULL, NULL,
			       &count) &&
	       count;
}

static __u8 hooks_of(const struct interface *interface)
{
	__u8 hooks = 0;

	if (interface->xdp_native && !strcmp(interface->kind, "veth"))
		hooks |= AT_NATIVE;
	if (interface->xdp_generic)
		hooks |= AT_GENERIC;
	if (has_tcx(interface, ATTACH_TCX_INGRESS))
		hooks |= AT_INGRESS;
	if (has_tcx(interface, ATTACH_TCX_EGRESS))
		hooks |= AT_EGRESS;
	return hooks;
}

static int read_hooks(struct suspects *suspects)
{
	struct netlink nl;
	int error;
	size_t i;

	error = netlink_open(&nl, 0);
	if (error)
		return error;
	error = clsact_qdiscs(&nl, mark_qdisc, suspects);
	/* Others changed something meanwhile: the next look sees it. */
	if (error == -EAGAIN)
		error = 0;
	for (i = 0; i < suspects->all.count && !error; i++) {
		const struct interface *interface = &suspects->all.list[i];

		suspects->hooks[i] |= hooks_of(interface);
		if (suspects->hooks[i] & AT_NATIVE)
			peer_name(&nl, interface->index, suspects->peers[i]);
	}
	netlink_close(&nl);
	return error;
}

/* What hung there at the last look may have dropped since. */
static void remember(struct suspects *suspects, size_t i,
		     const struct suspects *old, size_t at)
{
	suspects->recent[i] |= old->hooks[at];
	if (old->hooks[at] & ~suspects->hooks[i] & AT_NATIVE)
		memcpy(suspects->peers[i], old->peers[at],
		       sizeof(*suspects->peers));
}

int suspects_read(struct suspects *suspects, __u64 now_ns)
{
	struct suspects old = *suspects;
	const struct interface *before;
	int code, error;
	size_t i;

	code = interfaces_read(&suspects->all);
	if (code) {
		suspects->all = old.all;
		return code;
	}
	suspects->hooks = calloc(suspects->all.count + 1, 1);
	suspects->recent = calloc(suspects->all.count + 1, 1);
	suspects->peers =
		calloc(suspects->all.count + 1, sizeof(*suspects->peers));
	error = suspects->hooks && suspects->recent && suspects->peers ?
			read_hooks(suspects) :
			-ENOMEM;
	for (i = 0; i < suspects->all.count && !error; i++) {
		const struct interface *interface = &suspects->all.list[i];

		suspects->recent[i] = suspects->hooks[i];
		before = interfaces_find(&old.all, interface->index);
		if (before)
			remember(suspects, i, &old, place_of(&old, before));
	}
	suspects->read_ns = now_ns;
	suspects_free(&old);
	return error ? fail_at(AT_NETLINK, -error, "hooks", NULL) : EXIT_DONE;
}

int suspects_read_anew(struct suspects *suspects, __u64 now_ns)
{
	suspects_free(suspects);
	return suspects_read(suspects, now_ns);
}

void suspects_free(struct suspects *suspects)
{
	interfaces_free(&suspects->all);
	free(suspects->hooks);
	free(suspects->recent);
	free(suspects->peers);
	suspects->hooks = NULL;
	suspects->recent = NULL;
	suspects->peers = NULL;
}

const struct interface *suspects_named(const struct suspects *suspects,
				       const char *name)
{
	size_t i;

	for (i = 0; i < suspects->all.count; i++) {
		if (!strcmp(suspects->all.list[i].name, name))
			return &suspects->all.list[i];
	}
	return NULL;
}

bool suspects_chosen(const struct suspects *suspects, const char *name)
{
	size_t i;

	for (i = 0; i < suspects->pattern_count; i++) {
		if (!fnmatch(suspects->patterns[i], name, 0))
			return true;
	}
	return !suspects->pattern_count;
}

/* Can the packet have been there? */
static bool is_possible(const struct suspects *suspects, size_t i, __u8 hook,
			const struct clue *clue)
{
	const struct interface *interface = &suspects->all.list[i];
	const struct interface *near = clue->near;

	if (!(suspects->recent[i] & hook))
		return false;
	/* A veth receives what its peer sends. */
	if (hook == AT_NATIVE)
		return !*suspects->peers[i] ||
		       clue->sent(suspects->peers[i], clue->context);
	if (!near)
		return true;
	/* A bridge or bond hands it to a port, a VLAN to what it stands on. */
	if (clue->inside)
		return interface->master == near->index ||
		       near->lower == interface->index;
	/* A bridge forwards from port to port. */
	return near->master && interface->master == near->master;
}

/* Can it have gone nowhere else than to its neighbours? */
static bool is_strict(const struct suspects *suspects, const struct clue *clue)
{
	size_t i;

	if (!clue->near)
		return true;
	if (!clue->inside)
		return clue->near->master;
	for (i = 0; i < suspects->all.count; i++) {
		if (suspects->all.list[i].master == clue->near->index)
			return true;
	}
	return clue->near->lower;
}

const struct interface *suspects_guess(const struct suspects *suspects,
				       __u8 hook, const struct clue *clue,
				       bool *any)
{
	const struct interface *found = NULL;
	struct clue none = *clue;
	size_t i, count = 0;

	*any = false;
	for (i = 0; i < suspects->all.count; i++) {
		if (!is_possible(suspects, i, hook, clue))
			continue;
		found = &suspects->all.list[i];
		count++;
		*any |= suspects_chosen(suspects, found->name);
	}
	none.near = NULL;
	if (!count && !is_strict(suspects, clue))
		return suspects_guess(suspects, hook, &none, any);
	return count == 1 ? found : NULL;
}
