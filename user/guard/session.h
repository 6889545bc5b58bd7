/* SPDX-License-Identifier: GPL-2.0-only */
/* A remote session, or what carries its packets: from whom, to which address of ours. */
#ifndef SESSION_H
#define SESSION_H

#include <linux/types.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

/* IPv4 is kept as IPv4-mapped IPv6, as some sockets say it anyway. */
struct session {
	struct in6_addr peer; /* all zero: it may be anybody */
	struct in6_addr server; /* ours; all zero: not known */
	__u16 peer_port; /* 0: not known, or none */
	__u16 server_port;
	int protocol; /* IPPROTO_*, what IP carries on the wire */
	int bound; /* the one interface it uses, as a link-local peer does; or 0 */
	int arrival; /* the interface it began at, or 0: not known */
};

struct sessions {
	struct session *list;
	size_t count;
};

/* Returns 0 or -ENOMEM. Free sessions->list. */
int sessions_add(struct sessions *sessions, const struct session *session);

static inline bool address_is_none(const struct in6_addr *ip)
{
	return IN6_IS_ADDR_UNSPECIFIED(ip);
}

/* From 4 or 16 bytes; all zero if there is another number of them. */
void address_from_bytes(struct in6_addr *ip, const void *bytes, size_t size);

/*
 * From a socket's name of @size bytes; all zero if that is too short. Returns the interface
 * that a link-local address belongs to, or 0.
 */
int address_from_name(struct in6_addr *ip, const void *name, size_t size);

/* As people write it, IPv4 in its own form. Returns @text or a part of it. */
const char *address_text(const struct in6_addr *ip,
			 char text[INET6_ADDRSTRLEN]);

/* From text, "%eth0" behind it cut off. Returns the interface that this names, or 0. */
int address_from_text(struct in6_addr *ip, char *text);

#endif
