// SPDX-License-Identifier: GPL-2.0-only
/* --except session, and which sessions the rules of a selection spare. */
#include "guard/spare.h"

#include <stdlib.h>
#include <string.h>

#include "guard/conntrack.h"
#include "guard/ssh.h"
#include "lib/address.h"
#include "lib/errors.h"

static int family_of(const struct in6_addr *ip)
{
	return IN6_IS_ADDR_V4MAPPED(ip) ? AF_INET : AF_INET6;
}

/* Where the bytes of an address of its family begin. */
static const __u8 *bytes_of(const struct in6_addr *ip)
{
	return ip->s6_addr + (family_of(ip) == AF_INET ? 12 : 0);
}

/* Processes share a session's socket, and variables name it again. */
static bool is_known(const struct sessions *sessions, size_t at)
{
	const struct session *list = sessions->list;
	size_t i;

	for (i = 0; i < at; i++) {
		if (list[i].peer_port == list[at].peer_port &&
		    IN6_ARE_ADDR_EQUAL(&list[i].peer, &list[at].peer))
			return true;
	}
	return false;
}

static int spare(struct rules *rules, const struct session *session)
{
	const __u8 *bytes = bytes_of(&session->peer);
	size_t size = session->peer.s6_addr + sizeof(session->peer) - bytes;
	struct rule rule = {
		.except = true,
		.sides = SIDE_EITHER,
		.family = family_of(&session->peer),
		.length = size * 8,
		.has_ports = true,
		.low = session->peer_port,
		.high = session->peer_port,
	};
	char text[INET6_ADDRSTRLEN];

	memcpy(rule.address, bytes, size);
	note("spared: the SSH session from %s port %d",
	     address_text(&session->peer, text), session->peer_port);
	return rules_add(rules, &rule);
}

int spare_session(struct rules *rules)
{
	struct sessions sessions;
	int error = ssh_sessions(&sessions, true);
	size_t i;

	for (i = 0; i < sessions.count && !error; i++) {
		conntrack_ends(&sessions.list[i]);
		if (!is_known(&sessions, i))
			error = spare(rules, &sessions.list[i]);
	}
	free(sessions.list);
	if (error)
		return fail(
			EXIT_REFUSED,
			"--except session: cannot find out which SSH session is yours (%s), and dropping might cut it off. Name the address that you come from instead, as in --except 203.0.113.2.",
			strerror(-error));
	if (!i)
		return fail(
			EXIT_REFUSED,
			"--except session: no SSH server has a connection in this network namespace that can be seen from here. Name the address to spare instead, as in --except 203.0.113.2, or leave --except session out.");
	return EXIT_DONE;
}

/* Do the first @bits of an address belong to it, or it to them? */
static bool overlaps(const struct rule *rule, const struct in6_addr *ip,
		     int bits)
{
	return rule->family == family_of(ip) &&
	       address_fits(rule->address, bytes_of(ip),
			    rule->length < bits ? rule->length : bits);
}

/* @surely: else it is enough that this end may be one that matches. */
static bool end_matches(const struct rule *rule, const struct in6_addr *ip,
			__u16 port, bool surely)
{
	if (rule->has_ports && !port && surely)
		return false;
	if (rule->has_ports && port && (port < rule->low || port > rule->high))
		return false;
	if (!rule->family)
		return true;
	return address_is_none(ip) ? !surely : overlaps(rule, ip, 128);
}

static bool rule_matches(const struct rule *rule, const struct session *session,
			 bool surely)
{
	bool peer, server;

	/* Both ends are of one family. */
	if (rule->family && !address_is_none(&session->peer) &&
	    rule->family != family_of(&session->peer))
		return false;
	peer = end_matches(rule, &session->peer, session->peer_port, surely);
	server = end_matches(rule, &session->server, session->server_port,
			     surely);
	/* Either end may be the source. */
	if (surely && rule->sides != SIDE_EITHER)
		return peer && server;
	return peer || server;
}

bool rules_spare(const struct rules *rules, const struct session *session)
{
	bool only = false, selected = false;
	const struct rule *rule;
	size_t i;

	for (i = 0; i < rules->count; i++) {
		rule = &rules->list[i];
		if (rule->except && rule_matches(rule, session, true))
			return true;
		only |= !rule->except;
		selected |= !rule->except && rule_matches(rule, session, false);
	}
	return only && !selected;
}

/* May neighbour discovery match it? That has no ports. */
static bool matches_neighbours(const struct rule *rule,
			       const struct session *session,
			       const struct in6_addr *next)
{
	static const struct in6_addr link_local = { { { 0xfe, 0x80 } } };
	static const struct in6_addr multicast = { { { 0xff } } };

	return rule->family == AF_INET6 && !rule->has_ports &&
	       family_of(&session->peer) == AF_INET6 &&
	       (overlaps(rule, &link_local, 10) ||
		overlaps(rule, &multicast, 8) ||
		end_matches(rule, &session->peer, 0, false) ||
		end_matches(rule, &session->server, 0, false) ||
		end_matches(rule, next, 0, false));
}

bool rules_spare_neighbours(const struct rules *rules,
			    const struct session *session,
			    const struct in6_addr *next)
{
	bool only = false;
	size_t i;

	for (i = 0; i < rules->count; i++) {
		if (rules->list[i].except)
			continue;
		only = true;
		if (matches_neighbours(&rules->list[i], session, next))
			return false;
	}
	return only;
}
