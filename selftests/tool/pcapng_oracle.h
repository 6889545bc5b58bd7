/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tcpdump's capture, and packets compared with it. For pcapng_check.c only.
 */
#ifndef PCAPNG_ORACLE_H
#define PCAPNG_ORACLE_H

#include "tool/pcapng_read.h"

#define SECOND_NS 1000000000LL
#define LATE_NS SECOND_NS /* so much later than tcpdump's a time may be */

struct packet {
	__u64 time_ns;
	unsigned int length;
	struct bytes bytes;
};

/* tcpdump's capture, and how far it is compared. */
static struct bytes oracle;
static size_t
	cooked; /* bytes before IP that the device does not have; see LINKTYPE_LINUX_SLL */
static bool compare, in_part, timeless;
static unsigned long compared;

static struct packet oracle_next(void)
{
	struct packet packet = {};
	size_t size;

	if (oracle.size < 16)
		reject("tcpdump has no packet %lu", compared + 1);
	size = get_u32(oracle.data + 8);
	packet.time_ns =
		get_u32(oracle.data) * SECOND_NS + get_u32(oracle.data + 4);
	packet.length = get_u32(oracle.data + 12) - cooked;
	take(&oracle, 16 + cooked);
	packet.bytes.data = oracle.data;
	packet.bytes.size = size - cooked;
	take(&oracle, packet.bytes.size);
	return packet;
}

/* Has tcpdump the same? How much there has to be, the snaplen says. */
static bool is_same(const struct packet *one, const struct packet *theirs)
{
	return one->length == theirs->length &&
	       one->bytes.size <= theirs->bytes.size &&
	       !memcmp(one->bytes.data, theirs->bytes.data, one->bytes.size);
}

static void check_same(const struct packet *one)
{
	struct packet theirs;
	long long late;

	do {
		theirs = oracle_next();
		compared++;
	} while (in_part && !is_same(one, &theirs));
	if (!is_same(one, &theirs))
		reject("not what tcpdump has: %u bytes, it has %u; captured %zu",
		       one->length, theirs.length, one->bytes.size);
	late = (long long)(one->time_ns - theirs.time_ns);
	if (!timeless && (late < 0 || late > LATE_NS))
		reject("%lld ns later than tcpdump's", late);
}

static void open_oracle(const char *path)
{
	oracle = read_all(path);
	if (oracle.size < 24 || get_u32(oracle.data) != 0xa1b23c4d) {
		fprintf(stderr, "pcapng_check: %s is not by tcpdump --nano\n",
			path);
		exit(2);
	}
	cooked = get_u32(oracle.data + 20) == 113 ? 16 : 0;
	take(&oracle, 24);
	compare = true;
}

#endif
