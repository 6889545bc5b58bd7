// SPDX-License-Identifier: GPL-2.0-only
/* Would dropping here cut off the user's own remote session? */
#include "guard/guard.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard/conntrack.h"
#include "guard/ports.h"
#include "guard/spare.h"
#include "guard/ssh.h"
#include "guard/tunnels.h"
#include "guard/ways.h"
#include "lib/errors.h"

/* The check of one session. */
struct check {
	const struct drops *drops;
	const struct session *session;
	const struct way *way; /* one of its ways, or of what carries it */
	const struct interface *first; /* the session's own at its end */
	bool *passed; /* of all: those that its packets pass below there */
	bool *opened; /* of all: tunnels whose carriers are among these sessions: */
	struct sessions carriers;
	int code;
};

#define IN_TUNNEL \
	"It is in a tunnel here, whose packets --except session does not spare."

static const char ways_out[] =
	"--timeout 30s to try it for a while, --observe to only count, or --force.";

/* What the next step begins with, before these. */
static void advise(const struct check *check, const struct session *carrier,
		   char *text, size_t size)
{
	char ip[INET6_ADDRSTRLEN];

	if (carrier != check->session && address_is_none(&carrier->peer))
		snprintf(text, size, "%s Use", IN_TUNNEL);
	else if (carrier != check->session)
		snprintf(text, size,
			 "%s Use --except session --except %s to spare both,",
			 IN_TUNNEL, address_text(&carrier->peer, ip));
	else if (check->drops->session_spared)
		snprintf(
			text, size,
			"It began after --except session was looked up. Run it again, or use");
	else
		snprintf(text, size, "Use --except session to spare it,");
}

static void refuse(struct check *check, const struct session *carrier,
		   const char *chosen)
{
	const struct drops *drops = check->drops;
	int arrival = check->session->arrival;
	char ip[INET6_ADDRSTRLEN], over[32] = "", advice[192];
	const char *how = "arrives";

	if (address_is_none(&carrier->peer) && !carrier->bound)
		how = "may arrive";
	else if (drops->leaving && arrival && arrival != check->first->index)
		how = "leaves";
	if (strcmp(check->first->name, chosen))
		snprintf(over, sizeof(over), " (over %s)", check->first->name);
	advise(check, carrier, advice, sizeof(advice));
	check->code = fail(
		EXIT_REFUSED,
		"%s: your SSH session from %s %s here%s and %s be cut off. %s %s",
		chosen, address_text(&check->session->peer, ip), how, over,
		drops->rules->count ? "may" : "would", advice, ways_out);
}

/* Are these linked so that frames pass both as they are? */
static bool is_stacked(const struct interface *interface)
{
	return interface->lower && !tunnel_is(interface);
}

/*
 * Only downwards: the packets of one VLAN do not pass its siblings. Frames come from the
 * other end of a veth; if that is a bridge's port, they come from its other ports.
 */
static void pass(struct check *check, int index)
{
	const struct interfaces *all = check->drops->all;
	const struct interface *at = interfaces_find(all, index);
	const struct interface *lower;
	int port = 0;
	size_t i;

	if (!at || check->passed[at - all->list])
		return;
	check->passed[at - all->list] = true;
	if (!strcmp(at->kind, "bridge"))
		port = ports_find(check->way, index);
	for (i = 0; i < all->count; i++) {
		if (all->list[i].master == index &&
		    (!port || all->list[i].index == port))
			pass(check, all->list[i].index);
	}
	lower = is_stacked(at) ? interfaces_find(all, at->lower) : NULL;
	if (!lower)
		return;
	pass(check, lower->index);
	if (lower->lower == index && lower->master)
		pass(check, lower->master);
}

/* A VRF's port has the VRF above it, and other ports have nothing to do with them. */
static void pass_vrf(struct check *check, int index)
{
	const struct interface *at = interfaces_find(check->drops->all, index);
	const struct interface *master =
		at ? interfaces_find(check->drops->all, at->master) : NULL;

	if (master && !strcmp(master->kind, "vrf"))
		check->passed[master - check->drops->all->list] = true;
}

static int open_tunnels(struct check *check, const struct session *session)
{
	const struct interfaces *all = check->drops->all;
	int error = 0;
	size_t i;

	for (i = 0; i < all->count && !error; i++) {
		if (!check->passed[i] || check->opened[i] ||
		    !tunnel_is(&all->list[i]))
			continue;
		check->opened[i] = true;
		error = tunnel_carriers(&all->list[i], session,
					&check->carriers);
	}
	return error;
}

/* Are its packets, and what else it needs, certainly not dropped? */
static bool is_spared(const struct check *check, const struct session *carrier)
{
	const struct drops *drops = check->drops;
	struct session wire = *carrier;

	if (drops->protocol && drops->protocol != carrier->protocol)
		return true;
	if (!drops->rules->count)
		return false;
	conntrack_ends(&wire);
	return rules_spare(drops->rules, &wire) &&
	       (drops->protocol || drops->session_spared ||
		rules_spare_neighbours(drops->rules, &wire, &check->way->next));
}

/* Would this session's packets be dropped on this interface? */
static int check_way(struct check *check, const struct session *carrier,
		     const struct way *way)
{
	const struct interfaces *all = check->drops->all;
	const struct interface *at = interfaces_find(all, way->index);
	size_t i;

	if (!at)
		return 0;
	check->way = way;
	if (carrier == check->session)
		check->first = at;
	memset(check->passed, 0, all->count * sizeof(*check->passed));
	pass(check, way->index);
	pass_vrf(check, way->index);
	for (i = 0; i < check->drops->chosen->count && !check->code; i++) {
		at = interfaces_find(all, check->drops->chosen->list[i].index);
		if (!at || !check->passed[at - all->list])
			continue;
		/* It is, or is not, at each of them: the kernel is asked once. */
		if (is_spared(check, carrier))
			break;
		refuse(check, carrier, at->name);
	}
	return check->code ? 0 : open_tunnels(check, carrier);
}

static int check_carrier(struct check *check, const struct session *carrier)
{
	struct ways ways;
	int error;
	size_t i;

	error = ways_find(carrier, check->drops->leaving, &ways);
	for (i = 0; i < ways.count && !error && !check->code; i++)
		error = check_way(check, carrier, &ways.list[i]);
	free(ways.list);
	return error;
}

static int check_session(struct check *check, const struct session *session)
{
	struct session carrier;
	int error;
	size_t i;

	check->session = session;
	memset(check->opened, 0,
	       check->drops->all->count * sizeof(*check->opened));
	check->carriers.count = 0;
	error = check_carrier(check, session);
	/* Each may find more of them. */
	for (i = 0; i < check->carriers.count && !error && !check->code; i++) {
		carrier = check->carriers.list[i];
		error = check_carrier(check, &carrier);
	}
	return error;
}

static int check_all(struct check *check)
{
	struct sessions sessions;
	int error;
	size_t i;

	check->passed =
		calloc(check->drops->all->count + 1, sizeof(*check->passed));
	check->opened =
		calloc(check->drops->all->count + 1, sizeof(*check->opened));
	if (!check->passed || !check->opened)
		return -ENOMEM;
	error = ssh_sessions(&sessions, check->drops->session_spared);
	for (i = 0; i < sessions.count && !error && !check->code; i++)
		error = check_session(check, &sessions.list[i]);
	free(sessions.list);
	return error;
}

int guard_check(const struct drops *drops)
{
	struct check check = { .drops = drops };
	int error = check_all(&check);

	free(check.passed);
	free(check.opened);
	free(check.carriers.list);
	if (!error)
		return check.code;
	return fail(
		EXIT_REFUSED,
		"cannot find out where your SSH session arrives (%s), and dropping might cut it off. Use %s",
		strerror(-error), ways_out);
}
