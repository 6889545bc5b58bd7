// SPDX-License-Identifier: GPL-2.0-only
/*
 * A strict reader of the pcapng files that --write makes: whatever the draft
 * (draft-ietf-opsawg-pcapng) or we ourselves do not allow is an error. And a
 * judge of their packets: the same as in a capture by tcpdump? See the end.
 */
#include <arpa/inet.h>
#include <unistd.h>

#include "tool/pcapng_oracle.h"
#include "tool/pcapng_read.h"
#include "tool/tool.h"

#define INTERFACES_MAX 64
#define HEX_MAX 64 /* bytes of a packet that a line shows */
#define UNKNOWN (~0U)

enum { BLOCK_INTERFACE = 1, BLOCK_STATISTICS = 5, BLOCK_PACKET = 6 };

#define BLOCK_SECTION 0x0a0d0d0a

struct interface {
	char name[64];
	unsigned int link;
	unsigned int snaplen;
	unsigned long packets;
	bool statistics;
};

static struct interface interfaces[INTERFACES_MAX];
static unsigned int interface_count;
static __u64 last_number;
static bool hookless; /* drop-where's: no verdicts, as it gives none */
static bool follows; /* a loader's to which interfaces may come later */
static __u64 told; /* losses, by the drop counts of packets */

static bool numbered, quiet, whole;
static const char *only; /* the interface to compare */
static long first = -1; /* of tcpdump's packets to compare, if only some are */

static void check_section(struct bytes body)
{
	struct bytes value;
	unsigned int code;

	if (offset)
		reject("a second section");
	if (body.size < 16 || get_u32(body.data) != 0x1a2b3c4d)
		reject("no byte-order magic of this machine");
	if (get_u16(body.data + 4) != 1 || get_u16(body.data + 6) != 0)
		reject("not version 1.0");
	if (get_u64(body.data + 8) != ~0ULL)
		reject("a section's length is given");
	take(&body, 16);
	while ((code = next_option(&body, &value))) {
		if (code != 1 && code != 3 && code != 4)
			reject("a section's option %u", code);
		if (code == 4 && value.size >= 10)
			hookless = !memcmp(value.data, "drop-where", 10);
		if (code == 1)
			follows |= !!memmem(value.data, value.size,
					    " --follow ", 10);
		printf("%s=%.*s\n",
		       code == 1 ? "comment" :
		       code == 3 ? "system" :
				   "program",
		       (int)value.size, value.data);
	}
}

static void check_interface(struct bytes body)
{
	struct interface *interface = &interfaces[interface_count];
	struct bytes value;
	unsigned int code, resolution = 0;

	if (interface_count == INTERFACES_MAX)
		reject("too many interfaces for this program");
	if (packet_count && !hookless && !follows)
		reject("an interface after packets");
	if (body.size < 8)
		reject("too short");
	interface->link = get_u16(body.data);
	interface->snaplen = get_u32(body.data + 4);
	if (get_u16(body.data + 2))
		reject("what is reserved is not zero");
	take(&body, 8);
	while ((code = next_option(&body, &value))) {
		if (code == 2)
			snprintf(interface->name, sizeof(interface->name),
				 "%.*s", (int)value.size, value.data);
		else if (code == 9 && value.size == 1)
			resolution = *value.data;
		else if (code != 3)
			reject("an interface's option %u", code);
	}
	if (!*interface->name || resolution != 9)
		reject("no name, or no nanoseconds");
	printf("interface=%s link=%u snaplen=%u\n", interface->name,
	       interface->link, interface->snaplen);
	interface_count++;
}

static struct interface *interface_of(const struct bytes *body)
{
	__u32 number = body->size < 4 ? UNKNOWN : get_u32(body->data);

	if (number >= interface_count)
		reject("interface %u, which there is not", number);
	return &interfaces[number];
}

static void __attribute__((format(printf, 1, 2))) show(const char *format, ...)
{
	va_list list;

	if (quiet)
		return;
	va_start(list, format);
	vprintf(format, list);
	va_end(list);
}

static void check_packet_options(struct bytes body)
{
	static const size_t sizes[] = {
		[2] = 4, [3] = 8, [4] = 8, [5] = 8, [6] = 4, [7] = 9,
	};
	unsigned int code, seen = 0;
	struct bytes value;
	__u64 number;

	while ((code = next_option(&body, &value))) {
		if (code == 4 && value.size == 8)
			told += get_u64(value.data);
		if (code > 7 || seen & 1U << code)
			reject("a packet's option %u, or twice", code);
		seen |= 1U << code;
		if (code == 1) {
			show(" comment=\"%.*s\"", (int)value.size, value.data);
			continue;
		}
		need_size(code, &value, sizes[code]);
		if (code == 2)
			show(" flags=%u", get_u32(value.data));
		else if (code == 4)
			show(" dropcount=%llu", get_u64(value.data));
		else if (code == 6)
			show(" queue=%u", get_u32(value.data));
		else if (code == 7)
			show(" verdict=%u:%lld", *value.data,
			     (long long)get_u64(value.data + 1));
		if (code != 5)
			continue;
		number = get_u64(value.data);
		show(" number=%llu", number);
		if (number <= last_number)
			reject("packet number %llu after %llu", number,
			       last_number);
		last_number = number;
	}
	/* Flags and number are always there, queue and verdict, or else a comment. */
	if (hookless ? (seen & 0xe6) != 0x26 : (seen & 0xe4) != 0xe4)
		reject("an option is missing, there are %#x", seen);
}

static void show_packet(const struct interface *interface,
			const struct packet *packet)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	if (quiet)
		return;
	printf("packet=%s time=%llu.%09llu length=%u captured=%zu bytes=",
	       interface->name, packet->time_ns / SECOND_NS,
	       packet->time_ns % SECOND_NS, packet->length, packet->bytes.size);
	for (i = 0; i < packet->bytes.size && (whole || i < HEX_MAX); i++) {
		putchar(digits[packet->bytes.data[i] >> 4]);
		putchar(digits[packet->bytes.data[i] & 15]);
	}
}

/* The last four bytes of probe flood's frames count from 0. */
static void check_order(const struct bytes *bytes)
{
	static long last = -1;
	__u32 number;

	if (bytes->size < sizeof(number))
		reject("too short for a number");
	memcpy(&number, bytes->data + bytes->size - sizeof(number),
	       sizeof(number));
	number = ntohl(number);
	if (number <= last)
		reject("frame %u after frame %ld", number, last);
	last = number;
}

static void check_packet(struct bytes body)
{
	struct interface *interface = interface_of(&body);
	struct packet packet = {};
	unsigned int most;

	packet_count++;
	interface->packets++;
	if (body.size < 20)
		reject("too short");
	packet.time_ns = get_time(body.data + 4);
	packet.bytes.size = get_u32(body.data + 12);
	packet.length = get_u32(body.data + 16);
	take(&body, 20);
	packet.bytes.data = body.data;
	take(&body, (packet.bytes.size + 3) & ~3UL);
	check_padding(packet.bytes.data, packet.bytes.size);
	most = packet.length < interface->snaplen ? packet.length :
						    interface->snaplen;
	if (packet.bytes.size != most)
		reject("%zu bytes instead of %u", packet.bytes.size, most);
	show_packet(interface, &packet);
	check_packet_options(body);
	show("\n");
	if (compare && (!only || !strcmp(only, interface->name)))
		check_same(&packet);
	if (numbered)
		check_order(&packet.bytes);
}

static void check_statistics(struct bytes body)
{
	struct interface *interface = interface_of(&body);
	static const char *const names[] = {
		[2] = "start",	  [4] = "received", [5] = "lost_by_interface",
		[6] = "accepted", [7] = "lost",	    [8] = "delivered",
	};
	__u64 values[9] = {}, value;
	struct bytes option;
	unsigned int code;

	if (interface->statistics)
		reject("a second block of statistics");
	interface->statistics = true;
	take(&body, 12);
	printf("statistics=%s", interface->name);
	while ((code = next_option(&body, &option))) {
		if (code > 8 || !names[code])
			reject("a statistics' option %u", code);
		need_size(code, &option, 8);
		value = code == 2 ? get_time(option.data) :
				    get_u64(option.data);
		values[code] = value;
		printf(" %s=%llu", names[code], value);
	}
	printf("\n");
	if (values[8] != interface->packets)
		reject("%llu packets by the statistics, but %lu in the file",
		       values[8], interface->packets);
	if (values[7] + values[8] != values[6])
		reject("lost and delivered are not accepted");
}

/* One block; returns its length, or 0 if it is cut. */
static size_t check_block(struct bytes rest)
{
	__u32 type, size;

	if (rest.size < 8)
		return 0;
	type = get_u32(rest.data);
	size = get_u32(rest.data + 4);
	if (size % 4 || size < 12 || (!offset && type != BLOCK_SECTION))
		reject("no block: type %#x, %u bytes", type, size);
	if (size > rest.size)
		return 0;
	if (get_u32(rest.data + size - 4) != size)
		reject("its two lengths differ");
	rest.data += 8;
	rest.size = size - 12;
	switch (type) {
	case BLOCK_SECTION:
		check_section(rest);
		break;
	case BLOCK_INTERFACE:
		check_interface(rest);
		break;
	case BLOCK_PACKET:
		check_packet(rest);
		break;
	case BLOCK_STATISTICS:
		check_statistics(rest);
		break;
	default:
		reject("a block of type %u", type);
	}
	return size;
}

static int pcapng_check_main(int argc, char **argv)
{
	bool may_be_cut = false;
	struct bytes file;
	int option;
	size_t size;
	long i;

	while ((option = getopt(argc, argv, "bcf:i:npqt")) >= 0) {
		if (option == '?')
			return usage();
		whole |= option == 'b';
		may_be_cut |= option == 'c';
		in_part |= option == 'p';
		numbered |= option == 'n';
		quiet |= option == 'q';
		timeless |= option == 't';
		if (option == 'i')
			only = optarg;
		if (option == 'f')
			first = atol(optarg);
	}
	if (argc - optind != 1 && argc - optind != 2)
		return usage();
	if (argc - optind == 2)
		open_oracle(argv[optind + 1]);
	for (i = 0; i < first; i++)
		oracle_next();
	file = read_all(argv[optind]);
	while ((size = check_block(file))) {
		take(&file, size);
		offset += size;
	}
	if (!offset || (file.size && !may_be_cut))
		reject("%zu bytes that are no whole block", file.size);
	if (compare && !in_part && first < 0 && oracle.size)
		reject("tcpdump has more than %lu packets", compared);
	printf("total=%lu cut=%zu compared=%lu told=%llu\n", packet_count,
	       file.size, compared, told);
	return 0;
}

const struct command pcapng_check_command = {
	.name = "pcapng_check",
	.summary = "is a pcapng file right, and has it what tcpdump saw?",
	.usage =
		"tool pcapng_check [-bcnq] FILE\n"
		"       tool pcapng_check [-pqt] [-i NAME] [-f FIRST] FILE PCAP\n"
		"Checks a pcapng file strictly and shows what is in it; '-' is standard input.\n"
		"With a file by tcpdump, the packets have to be the same, in the same order,\n"
		"at the same time or up to a second later.\n"
		"  -b       show all bytes of a packet, else the first 64\n"
		"  -c       the file may be cut inside a block\n"
		"  -f FIRST tcpdump's packets from this one on (the first is 0), and as many as\n"
		"           are in the file\n"
		"  -i NAME  compare only this interface's packets\n"
		"  -n       the packets are of probe flood and have to be in order\n"
		"  -p       tcpdump may have seen packets that are not in the file\n"
		"  -q       show no packets\n"
		"  -t       tcpdump saw others like them, at another time\n"
		"Exit: 0 correct, and the same; 1 not; 2 wrong usage.\n",
	.untried = 2,
	.main = pcapng_check_main,
};
