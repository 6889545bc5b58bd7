// SPDX-License-Identifier: GPL-2.0-only
/*
 * The head lemma: for frames of any length, match_where() answers what the oracle says, or
 * walks the extension headers from where the oracle's come next; and no byte outside of the
 * frame is read.
 *
 * Of the name's two places, the definition and the call, the first stays; the call is of
 * match_extensions_1(), which is here.
 *
 * prove: 71 both
 */
#include "proof/proof.h"

#define match_extensions NUMBERED(match_extensions, __COUNTER__)
static int match_extensions_1(__u8 wanted, const void *start, const void *data,
			      const void *end, __u8 header, void *where);
#include "match_protocol.h"
#undef match_extensions
#include "frames/oracle.h"
#include "proof/expect.h"

static unsigned char shown[HEAD_MOST]; /* in a counterexample */

static struct {
	int times;
	enum match match;
	__u8 wanted;
	const void *start, *data, *end;
	__u8 header;
	void *where;
} walk;

static int match_extensions_1(__u8 wanted, const void *start, const void *data,
			      const void *end, __u8 header, void *where)
{
	walk.times++;
	walk.wanted = wanted;
	walk.start = start;
	walk.data = data;
	walk.end = end;
	walk.header = header;
	walk.where = where;
	return walk.match;
}

int main(void)
{
	struct where found = {}, *where;
	struct oracle oracle;
	enum match got, any;
	unsigned char frame[HEAD_MOST], other[HEAD_MOST];
	const unsigned char *last = other + HEAD_MOST;
	bool is_null, any_ip;
	__u8 wanted;
	long length, i, here;
	int is_ip, tags;

	ASSUME(length >= 0 && length <= LENGTH_MOST);
	is_ip = any_ip;
	ASSUME(tags >= 0 && tags <= ORACLE_MOST_TAGS);
	ASSUME(!oracle_is_extension(wanted));
	for (i = 0; i < HEAD_MOST && i < length; i++)
		shown[i] = frame[i];
	where = is_null ? 0 : &found;
	walk.match = any;
	oracle = oracle_head(frame, length, is_ip, tags);
	got = match_where(wanted, is_ip ? TYPE_IP : TYPE_ETHERNET, frame,
			  frame + length, tags, where);
	if (oracle.carries != CARRIES_MORE) {
		ASSERT(walk.times == 0, "no extension header is read");
		ASSERT(got == expected(&oracle, wanted), "the oracle's answer");
		ASSERT(is_null || agrees(&found, &oracle),
		       "found the oracle's");
	} else {
		ASSERT(walk.times == 1, "the headers are walked once");
		ASSERT(got == walk.match, "and decide");
		ASSERT(walk.wanted == wanted && walk.start == frame,
		       "wanted, frame");
		ASSERT(walk.end == frame + length && walk.where == where,
		       "end, where");
		ASSERT(walk.data == frame + oracle.at,
		       "from the oracle's place");
		ASSERT(walk.header == oracle.next, "and number");
		ASSERT(is_null || agrees(&found, &oracle),
		       "found so far the oracle's");
		ASSERT(reachable(oracle.at, 0, length),
		       "which is where the step lemma begins");
	}

	/* The object ends where the frame does: a byte behind it is out of bounds. */
	here = length < HEAD_MOST ? length : HEAD_MOST;
	match_where(wanted, is_ip ? TYPE_IP : TYPE_ETHERNET, last - here,
		    last - here + length, tags, 0);
	return 0;
}
