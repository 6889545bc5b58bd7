/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Blocks of a pcapng file (draft-ietf-opsawg-pcapng), in host byte order. Each
 * function writes one block to @out, which has room for it, and returns its
 * length in bytes, a multiple of 4.
 */
#ifndef PCAPNG_H
#define PCAPNG_H

#include <linux/types.h>
#include <stddef.h>

/* A block without its packet: headers and all options that we write. */
#define PCAPNG_OVERHEAD 1024

enum pcapng_linktype { PCAPNG_ETHERNET = 1, PCAPNG_IP = 101 };

/* Which hook gave the verdict: the first byte of the option epb_verdict. */
enum pcapng_hook { PCAPNG_NO_HOOK, PCAPNG_TC, PCAPNG_XDP };

enum pcapng_direction { PCAPNG_NOWHERE, PCAPNG_INBOUND, PCAPNG_OUTBOUND };

/* The origin of the file. */
struct pcapng_section {
	const char *system;
	const char *program; /* name and version */
	const char *command; /* the command line */
	const char *detail; /* such as the program in the kernel; or NULL */
};

struct pcapng_interface {
	const char *name; /* "veth0@xdp" */
	const char *description;
	enum pcapng_linktype linktype;
	__u32 snaplen;
};

struct pcapng_packet {
	__u32 interface; /* number of its interface block */
	__u64 time_ns; /* since 1970, UTC */
	__u32 length; /* of the packet */
	__u32 captured; /* as much as @parts have */
	struct pcapng_part {
		const void *data;
		size_t size;
	} parts[4]; /* one after the other; two, before a tag is put in */
	enum pcapng_direction direction;
	__u64 dropped; /* packets lost since the one before */
	__u64 number; /* of the packet */
	__u32 queue; /* if there is a verdict */
	enum pcapng_hook hook;
	__s64 verdict; /* XDP_DROP, TC_ACT_SHOT, … */
	const char *comment; /* or NULL */
};

struct pcapng_statistics {
	__u32 interface;
	__u64 time_ns; /* of these figures, since 1970 */
	__u64 start_ns; /* when the capture began */
	__u64 received; /* packets that the program saw */
	__u64 accepted; /* those that it dropped, or would have */
	__u64 lost; /* of those, the ones that are not in the file */
	__u64 delivered; /* and the ones that are */
};

/**
 * pcapng_put_tag() - a VLAN tag that is not in the bytes goes back where it was
 * @packet: its bytes are the first two parts, with the addresses in the first one; the
 *	tag becomes a part, as far as the snaplen reaches
 * @protocol: as on the wire, but host order; so is @tci
 * @tag: room for it, as long as the packet
 */
void pcapng_put_tag(struct pcapng_packet *packet, __u16 protocol, __u16 tci,
		    __u32 snaplen, __u16 tag[2]);

size_t pcapng_section(void *out, const struct pcapng_section *section);
size_t pcapng_interface(void *out, const struct pcapng_interface *interface);
size_t pcapng_packet(void *out, const struct pcapng_packet *packet);
/* The number of a packet's interface, or -1 if the block is no packet. */
int pcapng_packet_interface(const void *block);

size_t pcapng_statistics(void *out, const struct pcapng_statistics *statistics);

#endif
