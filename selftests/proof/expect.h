/* SPDX-License-Identifier: GPL-2.0-only */
/* What the two lemmas about the matching code have in common. */
#ifndef EXPECT_H
#define EXPECT_H

#define LENGTH_MOST (70000) /* of a frame, bytes */

/* Ethernet, four tags, IPv6 */
#define HEAD_MOST (14 + 4 * 4 + 40)

#define HEADER_MOST 2048 /* an extension header's length */

/* Behind so many extension headers, can another one begin here? Its first byte may be missing. */
static inline bool reachable(long at, int headers, long length)
{
	return at >= 40 && at <= HEAD_MOST + HEADER_MOST * headers &&
	       at % 2 == 0 && at <= length + HEADER_MOST;
}

static inline enum match expected(const struct oracle *oracle, __u8 wanted)
{
	if (oracle->carries == CARRIES_UNDECIDED)
		return MATCH_UNDECIDED;
	return oracle->carries == wanted ? MATCH_YES : MATCH_NO;
}

static inline bool agrees(const struct where *where,
			  const struct oracle *oracle)
{
	if (where->arp != oracle->arp || where->family != oracle->family ||
	    where->later != oracle->later || where->network != oracle->network)
		return false;
	return oracle->carries < 0 || (where->carried == oracle->carries &&
				       where->transport == oracle->transport);
}

#endif
