// SPDX-License-Identifier: GPL-2.0-only
/*
 * The step lemma: from any state that a walk along IPv6's extension headers can be in, one
 * turn of match_extensions()'s loop does what a turn of the oracle's does, and reads no byte
 * behind the frame.
 *
 * By turn.inc, each loop in the matching code is made to begin in that state, and to end
 * after the turn, in turned(). Where the code has no such loop any more, the lemma fails.
 *
 * prove: 4 both --unwindset show.0:9 --unwindset show.1:9
 */
#include "proof/proof.h"
#include "frames/oracle.h"

static int turn; /* the one that is proved */
static __u8 header; /* for the other loop, which is not run */

static bool begun(int *i);
static void turned(const void *data, __u8 header, int headers);

#include "proof/turn.inc"
#include "match_protocol.h"
#undef for
#include "proof/expect.h"

#define TURN_MOST 8 /* bytes that are read of a header */

static const unsigned char *start; /* of the frame */
static long length;
static struct oracle before, oracle;
static struct where found, *where;

static bool went_on; /* after this turn, without an answer */

/*
 * Goes to the loop's end at first, as if it were the turn before this one's; and behind
 * the last turn, when it has gone on.
 */
static bool begun(int *i)
{
	static bool has_begun;

	if (went_on) {
		*i = 1000;
		return false;
	}
	if (has_begun || !turn)
		return true;
	has_begun = true;
	*i = turn - 1;
	return false;
}

/*
 * What the code has got to, with so many @headers read, is what the oracle has: a header to
 * come, or what IP carries.
 */
static void turned(const void *data, __u8 header, int headers)
{
	long at = (__u32)distance(start, data);
	struct oracle reached = before;
	bool same, untouched;

	if (went_on || headers == turn)
		return;
	ASSERT(before.carries == CARRIES_MORE,
	       "goes on only if the oracle does");
	ASSERT(headers == turn + 1, "one header was read");
	reached.headers = headers;
	oracle_next(&reached, header, at);
	same = oracle.carries == reached.carries &&
	       oracle.headers == reached.headers &&
	       oracle.transport == reached.transport && !oracle.later;
	ASSERT(same, "the oracle has got there, too");
	if (oracle.carries == CARRIES_MORE)
		ASSERT(oracle.next == header && oracle.at == at, "header");
	ASSERT(reachable(at, headers, length), "the next step begins here");
	untouched = !found.carried && !found.transport && !found.later;
	ASSERT(untouched, "nothing but the IP header was found so far");
	went_on = true;
}

/* In a counterexample: the header behind others, in a frame without tags. */
static unsigned char shown[14 + 40 + 8 * (ORACLE_MOST_HEADERS + 1)];

static void show(__u8 first, const unsigned char *bytes, long left)
{
	int i;

	shown[12] = 0x86;
	shown[13] = 0xdd;
	shown[14] = 0x60;
	shown[20] = turn ? 60 : first;
	for (i = 0; i < ORACLE_MOST_HEADERS; i++) {
		if (i < turn)
			shown[54 + 8 * i] = i + 1 < turn ? 60 : first;
	}
	for (i = 0; i < TURN_MOST; i++) {
		if (left >= TURN_MOST)
			shown[54 + 8 * turn + i] = bytes[i];
	}
}

/*
 * The oracle reads from this header on, where the bytes are: of offsets it only makes sums,
 * and compares them with the length. To those from the frame's first byte on:
 */
static void move(struct oracle *oracle, long at)
{
	if (oracle->carries == CARRIES_MORE)
		oracle->at += at;
	else if (oracle->carries >= 0 && !oracle->later)
		oracle->transport += at;
}

int main(void)
{
	unsigned char bytes[TURN_MOST], none[HEADER_MOST];
	const unsigned char *here;
	enum match got;
	__u8 wanted, first;
	bool is_null;
	long any_length, at, left, network;
	int any_turn;

	turn = any_turn;
	length = any_length;
	ASSUME(turn >= 0 && turn <= ORACLE_MOST_HEADERS);
	ASSUME(length >= 0 && length <= LENGTH_MOST);
	ASSUME(reachable(at, turn, length));
	ASSUME(!oracle_is_extension(wanted));
	ASSUME(network >= 0 && network <= at - 40);
	left = length - at;
	/* No byte of a header that is not whole may be read. The frame's end may be before it. */
	here = left < TURN_MOST ? none + HEADER_MOST : bytes;
	start = here - at;
	show(first, bytes, left);
	where = is_null ? 0 : &found;
	found = (struct where){ .family = 6, .network = network };
	before = (struct oracle){ .carries = CARRIES_NONE,
				  .family = 6,
				  .network = network,
				  .headers = turn };
	oracle_next(&before, first, 0);
	oracle = before;
	if (oracle.carries == CARRIES_MORE)
		oracle_turn(&oracle, bytes, left);
	move(&before, at);
	move(&oracle, at);
	got = match_extensions(wanted, start, here, here + left, first, where);
	if (went_on)
		return 0;
	ASSERT(oracle.carries != CARRIES_MORE,
	       "decides only where the oracle does");
	ASSERT(got == expected(&oracle, wanted), "the oracle's answer");
	ASSERT(is_null || agrees(&found, &oracle), "found the oracle's");
	return 0;
}
