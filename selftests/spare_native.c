// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which sessions do the rules of a selection spare for certain, and which rules does
 * --except session add? The sessions are made up.
 */
#include <stdarg.h>
#include <string.h>
#include "frames/ktap.h"
#include "guard/session.c"
#include "guard/spare.c"
#include "select/rules.c"

struct sample {
	const char *name;
	const char *rules; /* words: + for --only, - for --except */
	const char *session; /* the peer, its port, ours; ::, 0: not known */
	const char *next; /* the router, if IPv6 */
	bool spared, neighbours; /* for certain */
};

#define FOUR "203.0.113.2 50422 203.0.113.1 22"
#define HALF "203.0.113.2 50422 :: 0" /* our end is not known */
#define SIX "2001:db8::2 50422 2001:db8::1 22"
#define CARRIER "203.0.113.2 0 :: 0" /* of a VXLAN */

static const struct sample samples[] = {
	{ "no rules", "", FOUR },
	{ "--except its peer", "-203.0.113.2", FOUR, .spared = true },
	{ "a prefix", "-203.0.113.0/30", FOUR, .spared = true },
	{ "another prefix", "-203.0.113.4/30", FOUR },
	{ "all of IPv4", "-0.0.0.0/0", FOUR, .spared = true },
	{ "all of IPv6", "-::/0", FOUR },
	{ "the peer's port", "-203.0.113.2:50422", FOUR, .spared = true },
	{ "another port", "-203.0.113.2:50423-65535", FOUR },
	{ "our port", "-:22", FOUR, .spared = true },
	{ "our port, which may be another one on the wire", "-:22", HALF },
	{ "our address", "-203.0.113.1:22", FOUR, .spared = true },
	{ "our address, which may be another one", "-203.0.113.1", HALF },
	{ "address and port of different ends", "-203.0.113.2:22", FOUR },
	{ "from its peer: not what is sent to it", "-src=203.0.113.2", FOUR },
	{ "from either end", "-dst=203.0.113.0/24", FOUR, .spared = true },
	{ "several, one of them spares it", "-198.51.100.1 -:50422 -:1", FOUR,
	  .spared = true },
	{ "--except wins", "+203.0.113.0/24 -:50422", FOUR, .spared = true,
	  .neighbours = true },
	{ "--only its peer", "+203.0.113.2", FOUR, .neighbours = true },
	{ "to its peer", "+dst=203.0.113.2", FOUR, .neighbours = true },
	{ "--only another", "+203.0.113.77", FOUR, .spared = true,
	  .neighbours = true },
	{ "another, and our end is not known", "+203.0.113.77", HALF,
	  .neighbours = true },
	{ "--only a port", "+:80", FOUR, .spared = true, .neighbours = true },
	{ "a port that may be ours", "+:80", HALF, .neighbours = true },
	{ "several, one of them may match", "+198.51.100.1 +:1-22 +:80", FOUR,
	  .neighbours = true },
	{ "--only IPv6", "+2001:db8::/32", HALF, .spared = true,
	  .neighbours = true },
	{ "IPv6: --except its peer", "-2001:db8::2", SIX, .spared = true },
	{ "a prefix that ends within a byte", "-[2001:db8::/125]:50422", SIX,
	  .spared = true },
	{ "another such prefix", "-2001:db8::8/125", SIX },
	{ "all of IPv4", "-0.0.0.0/0 -0.0.0.0/1", SIX },
	{ "--only another", "+2001:db8::77", SIX, "2001:db8::2", true, true },
	{ "its router", "+2001:db8:1::1", SIX, "2001:db8:1::1", true },
	{ "a router that is not known", "+2001:db8::77", SIX, "::", true },
	{ "link-local addresses, with which neighbours ask", "+fe80::8/127",
	  SIX, "2001:db8::2", true },
	{ "multicast, by which they ask", "+ff02::1:ff00:1", SIX, "2001:db8::2",
	  true },
	{ "ports, which they do not have", "+[2001:db8::2]:80", SIX,
	  "2001:db8::2", true, true },
	{ "all ports", "+:0-65535", SIX, "2001:db8::2", false, true },
	{ "IPv4, which they are not", "+0.0.0.0/0", SIX, "::", true, true },
	{ "a carrier: --except its peer", "-203.0.113.2", CARRIER,
	  .spared = true },
	{ "a port of the session in it", "-203.0.113.2:50422", CARRIER },
	{ "--only a port, which it may have", "+203.0.113.2:1", CARRIER,
	  .neighbours = true },
	{ "a carrier from anybody: --except one", "-203.0.113.2", ":: 0 :: 0" },
	{ "all of IPv6", "-::/0", ":: 0 :: 0" },
	{ "--only one", "+203.0.113.2", ":: 0 :: 0", .neighbours = true },
};

static struct session session_of(const char *text)
{
	struct session session = { .protocol = IPPROTO_TCP };
	char peer[64], server[64];

	if (sscanf(text, "%63s %hu %63s %hu", peer, &session.peer_port, server,
		   &session.server_port) != 4)
		ksft_exit_fail_msg("%s\n", text);
	address_from_text(&session.peer, peer);
	address_from_text(&session.server, server);
	return session;
}

static bool is_right(const struct sample *sample)
{
	struct session session = session_of(sample->session);
	char words[128], *word, why[RULES_WHY_SIZE], router[64];
	struct in6_addr next = in6addr_any;
	struct rules rules = {};
	bool right;

	snprintf(words, sizeof(words), "%s", sample->rules);
	for (word = strtok(words, " "); word; word = strtok(NULL, " ")) {
		if (rules_parse(&rules, *word == '-', word + 1, why))
			ksft_exit_fail_msg("%s: %s\n", sample->name, why);
	}
	snprintf(router, sizeof(router), "%s", sample->next ?: "::");
	address_from_text(&next, router);
	right = rules_spare(&rules, &session) == sample->spared &&
		rules_spare_neighbours(&rules, &session, &next) ==
			sample->neighbours;
	free(rules.list);
	return right;
}

/* What --except session finds, and what it says. */
static const char *const *present;
static char said[512];

int ssh_sessions(struct sessions *found, bool existing)
{
	const char *const *at;
	struct session session;

	*found = (struct sessions){};
	for (at = present; existing && *at; at++) {
		session = session_of(*at);
		sessions_add(found, &session);
	}
	return 0;
}

/* A redirected one: our end has another port on the wire. */
void conntrack_ends(struct session *session)
{
	session->server_port = 2222;
}

static void __printf(1, 0) say(const char *format, va_list args)
{
	size_t length = strlen(said);

	vsnprintf(said + length, sizeof(said) - length, format, args);
	strcat(said, "\n");
}

void note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
}

int fail(enum exit_code code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	return code;
}

const char *escape_text(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from);
	return to;
}

static bool spares_each_once(void)
{
	static const char *const list[] = {
		FOUR, SIX, FOUR, "fe80::2%lo 7 fe80::1%lo 22", NULL,
	};
	struct session session = session_of("203.0.113.2 50423 :: 0");
	struct rules rules = {};
	bool right;
	size_t i;

	present = list;
	said[0] = '\0';
	right = !spare_session(&rules) && rules.count == 3 &&
		!strcmp(said,
			"spared: the SSH session from 203.0.113.2 port 50422\n"
			"spared: the SSH session from 2001:db8::2 port 50422\n"
			"spared: the SSH session from fe80::2 port 7\n") &&
		!rules_spare(&rules, &session);
	for (i = 0; list[i]; i++) {
		session = session_of(list[i]);
		right = right && rules_spare(&rules, &session);
	}
	free(rules.list);
	return right;
}

static bool refuses_without(void)
{
	static const char *const none[] = { NULL };
	struct rules rules = {};

	present = none;
	said[0] = '\0';
	return spare_session(&rules) == EXIT_REFUSED && !rules.count &&
	       strstr(said, "no SSH server has a connection");
}

int main(void)
{
	const size_t count = ARRAY_SIZE(samples);
	size_t i;

	ktap_begin();
	ksft_set_plan(count + 2);
	for (i = 0; i < count; i++)
		ktap_point(is_right(&samples[i]), samples[i].name);
	ktap_point(spares_each_once(), "--except session spares each once");
	ktap_point(refuses_without(), "--except session without any");
	ksft_finished();
}
