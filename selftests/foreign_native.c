// SPDX-License-Identifier: GPL-2.0-only
/*
 * Answers of the kernel that are shorter than they should be, and names that end too soon:
 * what is behind them is not taken for a part of them. make fuzz found these.
 */
#include <netinet/in.h> /* before linux/in6.h */

#include <limits.h>
#include <linux/genetlink.h>
#include <linux/if_ether.h>
#include <linux/wireguard.h>
#include <sys/socket.h>
#include "frames/ktap.h"
#include "where/listen.h"

static ssize_t asked(int fd, const void *request, size_t size, int flags,
		     const void *name, socklen_t length);
static ssize_t told(int fd, void *answer, size_t size, int flags);

#define sendto asked
#define recv told
#include "lib/netlink.c"
#undef sendto
#undef recv
#include "attach/pins.c"
#include "guard/conntrack.c"
#include "guard/tunnels.h"
#include "json_writer.c"

/* What each request is answered with; then the answer ends. */
static struct netlink_request answers[2];
static size_t requests;
static __u32 sequence;
static bool ends;

static ssize_t asked(int fd __maybe_unused, const void *request, size_t size,
		     int flags __maybe_unused, const void *name __maybe_unused,
		     socklen_t length __maybe_unused)
{
	sequence = ((const struct nlmsghdr *)request)->nlmsg_seq;
	requests++;
	ends = false;
	return (ssize_t)size;
}

static ssize_t told(int fd __maybe_unused, void *answer,
		    size_t size __maybe_unused, int flags __maybe_unused)
{
	struct netlink_request end, *from = &answers[(requests - 1) % 2];
	int *error = netlink_start(&end, NLMSG_DONE, 0, sizeof(*error));

	if (ends)
		from = &end;
	ends = true;
	from->header.nlmsg_seq = sequence;
	memcpy(answer, from, from->header.nlmsg_len);
	return from->header.nlmsg_len;
}

static int count(const struct nlmsghdr *message __maybe_unused, void *context)
{
	++*(int *)context;
	return 0;
}

/* What becomes of a question about links; and how many messages its reader gets. */
static int ask_links(int *messages)
{
	struct netlink nl = { .fd = STDIN_FILENO, .protocol = NETLINK_ROUTE };
	struct netlink_request request;

	*messages = 0;
	requests = 0;
	netlink_start(&request, RTM_GETLINK, NLM_F_DUMP,
		      sizeof(struct ifinfomsg));
	return netlink_talk(&nl, &request, count, messages);
}

static void test_netlink(void)
{
	int *error, messages;

	netlink_start(&answers[0], RTM_NEWLINK, 0, sizeof(struct ifinfomsg));
	ktap_point(!ask_links(&messages) && messages == 1,
		   "netlink: a message with nothing but its fixed part");
	netlink_start(&answers[0], RTM_NEWLINK, 0,
		      sizeof(struct ifinfomsg) - 4);
	ktap_point(ask_links(&messages) == -EBADMSG && !messages,
		   "netlink: a message without all of it");
	error = netlink_start(&answers[0], NLMSG_DONE, 0, sizeof(*error));
	*error = -ENODEV;
	ktap_point(ask_links(&messages) == -ENODEV, "netlink: an errno");
	*error = INT_MIN;
	ktap_point(ask_links(&messages) == -EBADMSG,
		   "netlink: what is no errno");
	netlink_start(&answers[0], NLMSG_DONE, 0, 0);
	ktap_point(ask_links(&messages) == -EBADMSG, "netlink: no errno");
}

/* WireGuard's device with one peer, to which all is sent, at an IPv6 address. */
static bool finds_carrier(size_t name_size)
{
	static const struct session session = { .protocol = IPPROTO_TCP };
	const struct sockaddr_in6 end = {
		.sin6_family = AF_INET6,
		.sin6_addr = { { { 0x20, 1, 0xd, 0xb8, [15] = 1 } } },
	};
	const __u8 key[WG_KEY_LEN] = { 1 }, address[16] = {};
	struct sessions carriers = {};
	struct rtattr *nests[4];
	__u16 family = 99;
	int i;

	netlink_start(&answers[0], GENL_ID_CTRL, 0, sizeof(struct genlmsghdr));
	netlink_put(&answers[0], CTRL_ATTR_FAMILY_ID, &family, sizeof(family));
	netlink_start(&answers[1], family, 0, sizeof(struct genlmsghdr));
	nests[0] = netlink_nest(&answers[1], WGDEVICE_A_PEERS);
	nests[1] = netlink_nest(&answers[1], 0);
	netlink_put(&answers[1], WGPEER_A_PUBLIC_KEY, key, sizeof(key));
	netlink_put(&answers[1], WGPEER_A_ENDPOINT, &end, name_size);
	nests[2] = netlink_nest(&answers[1], WGPEER_A_ALLOWEDIPS);
	nests[3] = netlink_nest(&answers[1], 0);
	netlink_put(&answers[1], WGALLOWEDIP_A_IPADDR, address,
		    sizeof(address));
	for (i = 3; i >= 0; i--)
		netlink_nest_end(&answers[1], nests[i]);
	requests = 0;
	wireguard_carriers(2, &session, &carriers);
	free(carriers.list);
	return carriers.count;
}

static void test_guard(void)
{
	struct session session = { .peer_port = 22 };
	struct netlink_request entry;

	ktap_point(finds_carrier(sizeof(struct sockaddr_in6)),
		   "WireGuard: an endpoint");
	ktap_point(!finds_carrier(sizeof(struct sockaddr_in)),
		   "WireGuard: half an endpoint");
	netlink_start(&entry, 0, 0, sizeof(struct nfgenmsg));
	ktap_point(read_entry(&entry.header, &session),
		   "connection tracking: an entry without ends");
}

static bool is_named(const char *file, const char *name)
{
	struct pin pin;

	return parse(&pin, file) && !strcmp(pin.name, name);
}

static void test_pins(void)
{
	ktap_point(is_named("1-2-xdp-xdp_drop_tcp-a%2e%62", "a.b"),
		   "a pin's name");
	ktap_point(is_named("1-2-xdp-xdp_drop_tcp-a%4\0ab", "a\4"),
		   "a pin's name that ends within a byte");
}

/* An event that says more than there can be. */
static void test_event(void)
{
	struct {
		struct where_event event;
		char bytes[200];
	} drop = { .event = {
			   .length = 1000, .captured = 200, .ethernet = 1 } };
	struct tracing tracing = { .unwanted_fd = -1 };
	struct common_options options = { .snaplen = 96 };
	struct where where = {
		.file = { .snaplen = 96, .options = &options },
		.rows.tracing = &tracing,
	};
	struct row *row;
	__u32 captured;

	memset(drop.event.key.name, 'a', sizeof(drop.event.key.name));
	where.rows.options = &where.options;
	where.rows.names.kallsyms = tmpfile();
	where.file.sink.data = malloc(1 << 20);
	where.file.sink.path = "-";
	listen_take(&where, &drop, sizeof(drop));
	row = where.rows.count ? where.rows.list[0] : NULL;
	ktap_point(row && strlen(row->interface) == sizeof(row->interface) - 1,
		   "an event's interface is a string");
	/* Behind the interface's block: type, length, interface, time in two words. */
	captured = 0;
	if (row)
		memcpy(&captured,
		       where.file.sink.data +
			       ((__u32 *)where.file.sink.data)[1] + 20,
		       sizeof(captured));
	ktap_point(captured == 96,
		   "an event's bytes are no more than asked for");
	rows_free(&where.rows);
	free(where.file.written);
	free(where.file.sink.data);
}

/* A tag goes into the header that a packet without one got. */
static void test_tag(void)
{
	static const char header[14] = { [12] = 8, [13] = 0 };
	static const char want[] = "\x81\x00\x00\x05\x08\x00IPv4";
	struct pcapng_packet packet = {
		.captured = 18,
		.parts = { { header, sizeof(header) }, { "IPv4", 4 } },
	};
	char got[64] = "";
	__u16 tag[2];
	size_t i, at = 0;
	bool same;

	pcapng_put_tag(&packet, ETH_P_8021Q, 5, 64, tag);
	for (i = 0; i < ARRAY_SIZE(packet.parts); i++) {
		if (packet.parts[i].size)
			memcpy(got + at, packet.parts[i].data,
			       packet.parts[i].size);
		at += packet.parts[i].size;
	}
	same = at == 22 && !memcmp(got + 12, want, sizeof(want) - 1);
	ktap_point(same && packet.captured == at,
		   "the tag of a packet without a header");
}

int main(void)
{
	ktap_begin();
	ksft_set_plan(13);
	test_netlink();
	test_guard();
	test_pins();
	test_event();
	test_tag();
	ksft_finished();
}
