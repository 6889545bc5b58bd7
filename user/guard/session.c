// SPDX-License-Identifier: GPL-2.0-only
/* Sessions and their addresses. */
#include "guard/session.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "lib/grow.h"

int sessions_add(struct sessions *sessions, const struct session *session)
{
	return grow_list(&sessions->list, &sessions->count, session,
			 sizeof(*session));
}

void address_from_bytes(struct in6_addr *ip, const void *bytes, size_t size)
{
	static const struct in6_addr any_ipv4 = {
		.s6_addr = { [10] = 0xff, [11] = 0xff },
	};

	*ip = in6addr_any;
	if (size == sizeof(*ip))
		memcpy(ip->s6_addr, bytes, size);
	if (size != 4)
		return;
	*ip = any_ipv4;
	memcpy(ip->s6_addr + 12, bytes, size);
	/* 0.0.0.0 is no address either. */
	if (IN6_ARE_ADDR_EQUAL(ip, &any_ipv4))
		*ip = in6addr_any;
}

int address_from_name(struct in6_addr *ip, const void *name, size_t size)
{
	const struct sockaddr_in6 *six = name;
	const struct sockaddr_in *four = name;

	*ip = in6addr_any;
	if (size < sizeof(*four))
		return 0;
	if (size >= sizeof(*six) && six->sin6_family == AF_INET6) {
		address_from_bytes(ip, &six->sin6_addr, sizeof(*ip));
		return (int)six->sin6_scope_id;
	}
	if (four->sin_family == AF_INET)
		address_from_bytes(ip, &four->sin_addr, sizeof(four->sin_addr));
	return 0;
}

const char *address_text(const struct in6_addr *ip, char text[INET6_ADDRSTRLEN])
{
	*text = '\0';
	inet_ntop(AF_INET6, ip, text, INET6_ADDRSTRLEN);
	return IN6_IS_ADDR_V4MAPPED(ip) ? text + strlen("::ffff:") : text;
}

int address_from_text(struct in6_addr *ip, char *text)
{
	char *scope = strchr(text, '%');
	struct in_addr four;

	if (scope)
		*scope++ = '\0';
	*ip = in6addr_any;
	if (inet_pton(AF_INET, text, &four) == 1)
		address_from_bytes(ip, &four, sizeof(four));
	else
		inet_pton(AF_INET6, text, ip);
	return scope ? (int)if_nametoindex(scope) : 0;
}
