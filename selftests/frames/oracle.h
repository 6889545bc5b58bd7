/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a frame carries, read from the standards, byte by byte, to be obvious, not fast: what
 * the tests, the fuzzer and the proof hold the programs' matching code against. It shares
 * neither code nor constants with them, and includes nothing.
 *
 * oracle_head() reads all that is ahead of IPv6's extension headers, oracle_turn() one of
 * these headers; oracle_read() is the first, and then the second until it is decided.
 */
#ifndef ORACLE_H
#define ORACLE_H

#define ORACLE_MOST_TAGS \
	4 /* the project's own limits: the standards have none */
#define ORACLE_MOST_HEADERS 8

/* What is no IP protocol number. */
enum {
	CARRIES_NONE = -1, /* no IP in it, or none that is well formed */
	CARRIES_UNDECIDED = -2, /* too short or too deep to tell */
	CARRIES_MORE = -3, /* not decided yet: an extension header comes next */
};

/* Offsets are from the frame's first byte, and may be behind its end. */
struct oracle {
	int carries; /* IP's protocol number, or one of the above */
	int arp; /* it is ARP */
	int family; /* 4, 6: its IP header is whole and well formed; 0: it has none */
	long network; /* of that header */
	int later; /* a later fragment: none of the headers behind is in it */
	long transport; /* of what IP carries; 0: that is not in this fragment, or not known */

	/* With CARRIES_MORE, where the reading has got to. */
	int next; /* the extension header's number */
	long at; /* its offset */
	int headers; /* how many were read before it */
};

static inline int oracle_byte(const unsigned char *frame, long at)
{
	return frame[at];
}

/* Network byte order: RFC 791, appendix B. */
static inline int oracle_word(const unsigned char *frame, long at)
{
	return frame[at] * 256 + frame[at + 1];
}

/* The IPv6 extension headers: IANA's list, less ESP, which hides what it carries. */
static inline int oracle_is_extension(int number)
{
	switch (number) {
	case 0: /* hop-by-hop options: RFC 8200, 4.3 */
	case 43: /* routing: RFC 8200, 4.4 */
	case 44: /* fragment: RFC 8200, 4.5 */
	case 51: /* authentication: RFC 4302, 2 */
	case 60: /* destination options: RFC 8200, 4.6 */
	case 135: /* mobility: RFC 6275, 6.1.1 */
	case 139: /* host identity protocol: RFC 7401, 5.1 */
	case 140: /* shim6: RFC 5533, 5.1 */
		return 1;
	}
	return 0;
}

/* A next header that is no extension header: what IPv6 carries. */
static inline int oracle_is_known(int number)
{
	/* For experiments, RFC 3692: either may be an extension header. */
	return number != 253 && number != 254;
}

/* RFC 791, 3.1. The packet may end anywhere behind the header that is always there. */
static inline void oracle_ipv4(struct oracle *oracle,
			       const unsigned char *frame, long length, long at)
{
	int version, words, offset;

	if (at + 20 > length) {
		oracle->carries = CARRIES_UNDECIDED;
		return;
	}
	version = oracle_byte(frame, at) / 16;
	words = oracle_byte(frame, at) % 16; /* of 32 bits, in the header */
	if (version != 4 || words < 5)
		return;
	oracle->family = 4;
	oracle->network = at;
	oracle->carries = oracle_byte(frame, at + 9);
	offset = oracle_word(frame, at + 6) % 8192; /* behind three flags */
	if (offset != 0)
		oracle->later = 1;
	else
		oracle->transport = at + 4 * words;
}

/* This header comes next, and starts there. */
static inline void oracle_next(struct oracle *oracle, int number, long at)
{
	if (oracle_is_extension(number)) {
		oracle->carries = CARRIES_MORE;
		oracle->next = number;
		oracle->at = at;
	} else if (oracle_is_known(number)) {
		oracle->carries = number;
		oracle->transport = at;
	} else {
		oracle->carries = CARRIES_UNDECIDED;
	}
}

/* RFC 8200, 3 */
static inline void oracle_ipv6(struct oracle *oracle,
			       const unsigned char *frame, long length, long at)
{
	if (at + 40 > length) {
		oracle->carries = CARRIES_UNDECIDED;
		return;
	}
	if (oracle_byte(frame, at) / 16 != 6)
		return;
	oracle->family = 6;
	oracle->network = at;
	oracle_next(oracle, oracle_byte(frame, at + 6), at + 40);
}

/* IEEE 802.3, and 802.1Q with its amendment 802.1ad. @tags: already taken off */
static inline void oracle_ethernet(struct oracle *oracle,
				   const unsigned char *frame, long length,
				   int tags)
{
	long at = 12; /* behind both addresses */
	int type, turn;

	oracle->carries = CARRIES_UNDECIDED;
	if (at + 2 > length)
		return;
	for (turn = 0; turn <= ORACLE_MOST_TAGS; turn++) {
		type = oracle_word(frame, at);
		at += 2;
		if (type != 0x8100 && type != 0x88a8)
			break;
		/* The tag: two bytes of its own, then another type. */
		tags++;
		if (tags > ORACLE_MOST_TAGS || at + 4 > length)
			return;
		at += 2;
	}
	oracle->carries = CARRIES_NONE;
	if (type == 0x0800)
		oracle_ipv4(oracle, frame, length, at);
	else if (type == 0x86dd)
		oracle_ipv6(oracle, frame, length, at);
	else if (type == 0x0806)
		oracle->arp = 1;
}

/* Without an Ethernet header, the version says which IP it is. */
static inline void oracle_ip(struct oracle *oracle, const unsigned char *frame,
			     long length)
{
	if (length < 1)
		oracle->carries = CARRIES_UNDECIDED;
	else if (oracle_byte(frame, 0) / 16 == 4)
		oracle_ipv4(oracle, frame, length, 0);
	else if (oracle_byte(frame, 0) / 16 == 6)
		oracle_ipv6(oracle, frame, length, 0);
}

/**
 * oracle_head() - reads all ahead of the extension headers
 * @frame: its first byte
 * @length: how many it has
 * @is_ip: it starts with an IP header; 0: with an Ethernet header
 * @tags: VLAN tags already taken off an Ethernet header (0 to 4)
 */
static inline struct oracle oracle_head(const unsigned char *frame, long length,
					int is_ip, int tags)
{
	struct oracle oracle = { CARRIES_NONE, 0, 0, 0, 0, 0, 0, 0, 0 };

	if (is_ip)
		oracle_ip(&oracle, frame, length);
	else
		oracle_ethernet(&oracle, frame, length, tags);
	return oracle;
}

/* The extension header's size in bytes, by its length field. */
static inline long oracle_size(int number, int field)
{
	if (number == 44)
		return 8; /* it has no such field */
	if (number == 51)
		return (field + 2) * 4; /* "in 32-bit words, minus 2" */
	return (field + 1) *
	       8; /* "in 8-octet units, not including the first 8 octets" */
}

/**
 * oracle_turn() - reads an extension header
 * @oracle: CARRIES_MORE
 * @frame: its first byte
 * @length: how many it has
 */
static inline void oracle_turn(struct oracle *oracle,
			       const unsigned char *frame, long length)
{
	int number = oracle->next, next;
	long at = oracle->at;

	if (oracle->headers == ORACLE_MOST_HEADERS || at + 8 > length) {
		oracle->carries = CARRIES_UNDECIDED;
		return;
	}
	oracle->headers++;
	next = oracle_byte(frame, at);
	if (number == 44 && oracle_word(frame, at + 2) / 8 != 0) {
		/* Here are bytes from the middle of what follows, no header. */
		oracle->later = 1;
		oracle->carries = oracle_is_extension(next) ||
						  !oracle_is_known(next) ?
					  CARRIES_UNDECIDED :
					  next;
		return;
	}
	oracle_next(oracle, next,
		    at + oracle_size(number, oracle_byte(frame, at + 1)));
}

/* All of it: see oracle_head() for the arguments. */
static inline struct oracle oracle_read(const unsigned char *frame, long length,
					int is_ip, int tags)
{
	struct oracle oracle = oracle_head(frame, length, is_ip, tags);
	int turn;

	for (turn = 0; turn <= ORACLE_MOST_HEADERS; turn++) {
		if (oracle.carries == CARRIES_MORE)
			oracle_turn(&oracle, frame, length);
	}
	return oracle;
}

#endif
