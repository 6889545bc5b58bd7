// SPDX-License-Identifier: GPL-2.0-only
/* The flows that most packets were dropped of. */
#include "capture/flows.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/columns.h"
#include "lib/escape.h"
#include "lib/macros.h"
#include "match_protocol.h"

/* A flow has its place in one set of the list, where it competes with few. */
#define SETS 1024
#define WAYS 4

/* No padding: it is hashed and compared. */
struct key {
	__u8 addresses[2][sizeof(struct in6_addr)]; /* from, to */
	__be16 ports[2]; /* 0: none */
	__be16 ethernet; /* EtherType */
	__u16 carried; /* IPPROTO_*, if that is IP */
};

struct flow {
	struct key key;
	__u64 packets; /* 0: free */
	__u64 bytes;
};

struct flows {
	struct flow list[SETS * WAYS];
};

/* A packet, and how much of it was read. */
struct packet {
	const void *bytes;
	size_t at, size;
};

/* Copies the next header; false: it is not all there. */
static bool take(struct packet *packet, void *header, size_t size)
{
	if (packet->at + size > packet->size)
		return false;
	memcpy(header, packet->bytes + packet->at, size);
	packet->at += size;
	return true;
}

static void read_ipv4(struct key *key, struct packet *packet)
{
	struct iphdr ip;

	if (!take(packet, &ip, sizeof(ip)))
		return;
	memcpy(key->addresses[0], &ip.saddr, sizeof(ip.saddr));
	memcpy(key->addresses[1], &ip.daddr, sizeof(ip.daddr));
	key->carried = ip.protocol;
	packet->at += ip.ihl * 4 - sizeof(ip);
	/* A later fragment has no ports. */
	if (ip.frag_off & htons(0x1fff))
		packet->at = packet->size;
}

static void read_ipv6(struct key *key, struct packet *packet)
{
	struct extension ext;
	struct ipv6hdr ip;
	__u8 kind;

	if (!take(packet, &ip, sizeof(ip)))
		return;
	memcpy(key->addresses[0], &ip.saddr, sizeof(ip.saddr));
	memcpy(key->addresses[1], &ip.daddr, sizeof(ip.daddr));
	key->carried = ip.nexthdr;
	while ((kind = extension_kind[key->carried]) &&
	       take(packet, &ext, sizeof(ext))) {
		packet->at += ext.length * (kind & EXTENSION_UNIT);
		if (key->carried == IPPROTO_FRAGMENT &&
		    ext.offset & htons(FRAGMENT_OFFSET))
			packet->at = packet->size;
		key->carried = ext.next;
	}
}

static struct key read_key(__u32 type, const struct drop_record *record,
			   const void *bytes)
{
	const void *end = bytes + record->captured;
	struct network network = type == TYPE_IP ?
					 behind_nothing(bytes, end) :
					 behind_ethernet(bytes, end, 0);
	struct packet packet = { bytes, network.header - bytes,
				 record->captured };
	struct key key = { .ethernet = network.protocol };

	if (key.ethernet == htons(ETH_P_IP))
		read_ipv4(&key, &packet);
	else if (key.ethernet == htons(ETH_P_IPV6))
		read_ipv6(&key, &packet);
	switch (key.carried) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
		take(&packet, key.ports, sizeof(key.ports));
	}
	return key;
}

/* FNV-1a */
static __u32 hash(const struct key *key)
{
	const __u8 *bytes = (const void *)key;
	__u32 hash = 2166136261;
	size_t i;

	for (i = 0; i < sizeof(*key); i++)
		hash = (hash ^ bytes[i]) * 16777619;
	return hash;
}

struct flows *flows_new(void)
{
	return calloc(1, sizeof(struct flows));
}

void flows_add(struct flows *flows, __u32 type,
	       const struct drop_record *record, const void *bytes)
{
	struct key key = read_key(type, record, bytes);
	struct flow *flow = flows->list + hash(&key) % SETS * WAYS;
	struct flow *least = flow, *end = flow + WAYS;

	for (; flow < end && memcmp(&flow->key, &key, sizeof(key)); flow++) {
		if (flow->packets < least->packets)
			least = flow;
	}
	if (flow == end) {
		flow = least;
		*flow = (struct flow){ .key = key };
	}
	flow->packets++;
	flow->bytes += record->length;
	if (record->tag_protocol)
		flow->bytes += sizeof(struct vlan_tag);
}

static int by_packets(const void *left, const void *right)
{
	const struct flow *a = left, *b = right;

	if (a->packets != b->packets)
		return a->packets < b->packets ? 1 : -1;
	return memcmp(&a->key, &b->key, sizeof(a->key));
}

/* A flow in words. */
struct words {
	char protocol[16];
	char ends[2][INET6_ADDRSTRLEN + sizeof("[]:65535")];
};

static struct words words_of(const struct key *key)
{
	static const char *const names[] = {
		[IPPROTO_ICMP] = "ICMP",     [IPPROTO_TCP] = "TCP",
		[IPPROTO_UDP] = "UDP",	     [IPPROTO_GRE] = "GRE",
		[IPPROTO_ICMPV6] = "ICMPv6", [IPPROTO_SCTP] = "SCTP",
	};
	bool ipv4 = key->ethernet == htons(ETH_P_IP);
	struct words words = { .ends = { "-", "-" } };
	char text[INET6_ADDRSTRLEN];
	int i;

	if (!ipv4 && key->ethernet != htons(ETH_P_IPV6)) {
		snprintf(words.protocol, sizeof(words.protocol),
			 key->ethernet == htons(ETH_P_ARP) ? "ARP" : "0x%04x",
			 ntohs(key->ethernet));
		return words;
	}
	if (key->carried < ARRAY_SIZE(names) && names[key->carried])
		strcpy(words.protocol, names[key->carried]);
	else
		snprintf(words.protocol, sizeof(words.protocol), "IP %u",
			 key->carried);
	for (i = 0; i < 2; i++) {
		inet_ntop(ipv4 ? AF_INET : AF_INET6, key->addresses[i], text,
			  sizeof(text));
		snprintf(words.ends[i], sizeof(words.ends[i]),
			 !key->ports[i] ? "%s" :
			 ipv4		? "%s:%u" :
					  "[%s]:%u",
			 text, ntohs(key->ports[i]));
	}
	return words;
}

/* Those with the most packets come first, free ones last. */
static const struct flow *sort(const struct flows *flows)
{
	static struct flows sorted;

	sorted = *flows;
	qsort(sorted.list, ARRAY_SIZE(sorted.list), sizeof(*sorted.list),
	      by_packets);
	return sorted.list;
}

int flows_show(const struct flows *flows, FILE *text, size_t most,
	       __u64 packets, int room)
{
	static struct column columns[] = {
		{ .width = 8, .right = true }, /* packets */
		{ .width = 8, .right = true }, /* bytes */
		{}, /* protocol */
		{ .least = 21 }, /* from */
		{ .least = 21 }, /* to */
	};
	const struct flow *flow = sort(flows);
	FILE *cells = columns_begin();
	struct words words;

	if (!cells)
		return -ENOMEM;
	fputs("packets\tbytes\tprotocol\tfrom\tto\n", cells);
	for (; most-- && flow->packets; flow++) {
		packets -= flow->packets;
		words = words_of(&flow->key);
		fprintf(cells, "%llu\t%llu\t%s\t%s\t%s\n", flow->packets,
			flow->bytes, words.protocol, words.ends[0],
			words.ends[1]);
	}
	columns_end(text, columns, ARRAY_SIZE(columns), room);
	fprintf(text, "%8llu others\n", packets);
	return 0;
}

void flows_write(const struct flows *flows, json_writer_t *json, size_t most,
		 __u64 packets)
{
	const struct flow *flow = sort(flows);
	struct words words;

	jsonw_name(json, "top");
	jsonw_start_array(json);
	for (; most-- && flow->packets; flow++) {
		packets -= flow->packets;
		words = words_of(&flow->key);
		jsonw_start_object(json);
		escape_json(json, "protocol", words.protocol);
		escape_json(json, "from", words.ends[0]);
		escape_json(json, "to", words.ends[1]);
		jsonw_lluint_field(json, "packets", flow->packets);
		jsonw_lluint_field(json, "bytes", flow->bytes);
		jsonw_end_object(json);
	}
	jsonw_end_array(json);
	jsonw_lluint_field(json, "other_packets", packets);
}
