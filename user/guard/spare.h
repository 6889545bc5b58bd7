/* SPDX-License-Identifier: GPL-2.0-only */
/* --except session, and which sessions the rules of a selection spare. */
#ifndef SPARE_H
#define SPARE_H

#include "guard/session.h"
#include "select/rules.h"

/**
 * spare_session() - add rules that spare the user's SSH session
 *
 * These are the sessions of ssh_sessions() that exist. A rule has the peer's address and
 * port: ours are others on the wire if a firewall redirects them. Each is told by a note.
 *
 * Return: an exit code: EXIT_REFUSED after an error: there is none.
 */
int spare_session(struct rules *rules);

/**
 * rules_spare() - is it certain that they spare a session, or what carries it?
 * @session: its ends as they are on the wire; what is all zero or 0 may be anything
 *
 * In both directions: what leaves by one end of a veth arrives at the other.
 */
bool rules_spare(const struct rules *rules, const struct session *session);

/*
 * The same for what a program that drops any frame must spare, too: ARP, which is not IP, and
 * IPv6 neighbour discovery. @next: the router or the peer; all zero: not known.
 */
bool rules_spare_neighbours(const struct rules *rules,
			    const struct session *session,
			    const struct in6_addr *next);

#endif
