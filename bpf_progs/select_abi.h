/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interface between the kernel side's selection (--only, --except, --ratio …) and user
 * space. Included by both, so only UAPI types.
 *
 * A rule is a prefix, perhaps with ports of the same end. The loader turns all rules into
 * classes: addresses to which the same rules apply are of one class. So one lookup for each
 * end of a packet finds all rules, however many there are and however they overlap.
 */
#ifndef SELECT_ABI_H
#define SELECT_ABI_H

#include <linux/types.h>

/* A kind of rule, and the end of a packet that it looks at. */
enum select_end {
	ONLY_SOURCE,
	ONLY_DESTINATION,
	EXCEPT_SOURCE,
	EXCEPT_DESTINATION,
	SELECT_ENDS,
};

/* Values of select_class.ports[]; from PORTS_SETS on, it is that number in "select_ports". */
enum select_which_ports {
	PORTS_NONE, /* no rule applies */
	PORTS_ALL, /* one that names no port */
	PORTS_SETS,
};

/* Which rules apply to an address. All zero: none. */
struct select_class {
	__u16 ports[SELECT_ENDS];
};

/*
 * The same as one word, which suffices where rules name no port: bit "enum select_end" says
 * PORTS_ALL, and the bits from SELECT_ENDS on are an index into "select_classes" if any end
 * has a set of ports, else 0.
 */
#define SELECT_CLASS_BITS 30

/* Entry of the map "select_ports": a bit for each port, bit port % 32 of word port / 32. */
struct select_ports {
	__u32 words[65536 / 32];
};

/* A prefix as constants: an address belongs to it if (address & mask) == value. */
struct select_prefix {
	__be32 value[4]; /* IPv4: the first one */
	__be32 mask[4];
	__u32 class; /* as a word */
	__u32 unused;
} __attribute__((aligned(8)));

#define SELECT_FEW 4 /* at most this many prefixes are constants */

enum select_lookup {
	LOOKUP_NONE, /* no rule has addresses of this family */
	LOOKUP_FEW, /* select_config.few4, .few6 */
	LOOKUP_MANY, /* the map "select_ipv4" or "select_ipv6" */
};

/*
 * The map "select_ipv4" has one value: words, and behind them ranges. The ranges are sorted by
 * their first address, the first one begins at 0.0.0.0, and each ends before the next one.
 * Those behind the last one have UINT32_MAX as their first address and the last one's class.
 *
 * The upper 16 bits of an address are the number of its word: SELECT_ONE_CLASS and the class
 * of all addresses there; or the range that the lowest of them is in; or, where ranges are
 * many, SELECT_SPLIT, a shift and the number of a word. From that on there is one for each
 * value of the lower 16 bits >> shift: another such class or range.
 */
struct select_range {
	__u32 first; /* host order */
	__u32 class; /* as a word */
};

#define SELECT_ONE_CLASS 0x80000000
#define SELECT_SPLIT 0x40000000
#define SELECT_SPLIT_SHIFT 24 /* the bits from here on: the shift */

/* Of the search: where there are more than 2^10 ranges, they are split. */
#define SELECT_MOST_STEPS 10

/*
 * Key of the map "select_ipv6"; the value, __u32, is a class as a word. If the prefixes are of
 * few lengths, it is a hash table, in which each length is looked up, the longest one first;
 * else a trie, which takes longer. Both find the longest prefix only, so its class has the
 * rules of all shorter prefixes around it, too.
 */
struct select_ipv6 {
	__u32 length; /* of the prefix */
	__u8 address[16];
};

#define SELECT_LENGTHS 2 /* at most so many are few */

/* What is looked up of an address; of the trie it is all, 128 bits. */
struct select_length {
	__be32 mask[4];
	__u32 length;
	__u32 unused;
} __attribute__((aligned(8)));

/* Bits of select_config.flags. */
enum select_flag {
	SELECT_ONLY = 1, /* what no --only rule matches is spared */
	SELECT_EXCEPT = 2,
	SELECT_PORTS = 4, /* some classes have sets of ports */
	SELECT_NEIGHBOURS = 8, /* spare ARP, IPv6 ND, "too big" */
	SELECT_RATIO = 16,
	SELECT_EVERY = 32,
	SELECT_FIRST = 64,
	SELECT_FLAP = 128,
};

/* By what is in the packet. */
#define SELECT_BY_FRAME (SELECT_ONLY | SELECT_EXCEPT | SELECT_NEIGHBOURS)

/* Constants (.rodata.select), set before loading. */
struct select_config {
	__u32 flags; /* enum select_flag */
	__u32 ratio; /* of 2^32: drop if a random number is below */
	__u32 every; /* drop each so-many-th, 2 or more */
	/* Of the map "select_ipv4" */
	__u32 steps; /* bits of the search from a word's range on, an even number */
	__u32 ranges; /* where they begin, bytes */
	__u32 range_mask; /* the number of those that words name, a power of two, less one */
	__u32 word_mask; /* the number of words, too */
	__u32 lookup4; /* enum select_lookup */
	__u32 lookup6;
	__u32 count4; /* of few4, 1 to SELECT_FEW */
	__u32 count6;
	__u32 lengths; /* how many there are in length6 */
	__u64 first; /* drop so many, then pass all */
	__u64 on_ns; /* drop so long, 1 or more, in each period, from its beginning */
	__u64 period_ns; /* the first one begins at drop_state.started_ns */
	struct select_prefix few4[SELECT_FEW];
	struct select_prefix few6[SELECT_FEW];
	struct select_length length6[SELECT_LENGTHS];
};

#endif
