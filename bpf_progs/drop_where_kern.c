// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reports where packets are dropped: the tracepoint kfree_skb has the packet, the
 * function that frees it and, from Linux 5.17 on, the reason. It runs in any
 * context. If another drop interrupts it on its CPU, newer kernels do not run it
 * again, but count that as missed; for older ones, see tell_captured().
 */
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "snaplen_kern.h"
#include "where_abi.h"

/* The kernel's structures: the fields that are read, relocated by the kernel's BTF. */
#define __kernel_type __attribute__((preserve_access_index))

struct ns_common {
	unsigned int inum;
} __kernel_type;

struct net {
	struct ns_common ns;
} __kernel_type;

struct net_pointer {
	struct net *net;
} __kernel_type;

struct net_device {
	char name[WHERE_NAME_SIZE];
	int ifindex;
	unsigned short type;
	struct net_pointer nd_net;
	void *miniq_ingress;
	void *miniq_egress;
} __kernel_type;

struct sock_common {
	struct net_pointer skc_net;
} __kernel_type;

struct sock {
	struct sock_common __sk_common;
} __kernel_type;

struct sk_buff {
	struct net_device *dev;
	struct sock *sk;
	unsigned int len;
	unsigned int data_len;
	int skb_iif;
	__be16 protocol;
	__be16 vlan_proto;
	__u16 vlan_tci;
	__u8 vlan_present : 1; /* before Linux 6.2 */
	__u16 mac_header;
	__u16 network_header;
	unsigned char *head;
	unsigned char *data;
} __kernel_type;

/* Linux 5.17 and later; this reason is newer. */
enum skb_drop_reason {
	SKB_DROP_REASON_TC_INGRESS = 1, /* its value here means nothing */
};

#define TYPE_ETHERNET 1 /* net_device.type: ARPHRD_ETHER */
#define TYPE_LOOPBACK 772 /* ARPHRD_LOOPBACK, with an Ethernet header, too */
#define NO_MAC_HEADER 0xffff /* sk_buff.mac_header */

const volatile struct where_config config = {};
struct where_state state = {};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096); /* the loader: enough, if there are events */
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct where_key);
	__type(value, struct where_sum);
} sums SEC(".maps");

/* Filled by user space: drops that are not to be reported. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct where_key);
	__type(value, __u8);
} unwanted SEC(".maps");

SCRATCH(struct where_scratch);

/*
 * Finds the interface and network namespace. Returns 0 if the packet was on no
 * network (a message of local sockets), or is empty. Without an interface the union
 * of skb->dev holds something else: a device without a namespace is none.
 */
static __always_inline int
find_place(struct sk_buff *skb, struct net_device **dev, struct where_key *key)
{
	struct sock *sk;

	*dev = BPF_CORE_READ(skb, dev);
	if (*dev)
		key->netns = BPF_CORE_READ(*dev, nd_net.net, ns.inum);
	if (key->netns) {
		key->ifindex = BPF_CORE_READ(*dev, ifindex);
		return !!BPF_CORE_READ(skb, len);
	}
	*dev = NULL;
	sk = BPF_CORE_READ(skb, sk);
	if (sk)
		key->netns =
			BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	/* An interface's number means nothing without its namespace. */
	if (key->netns)
		key->ifindex = BPF_CORE_READ(skb, skb_iif);
	return !!BPF_CORE_READ(skb, protocol);
}

/* Is something attached to its clsact? Asked only if no drop reason names TC. */
static __always_inline __u32 tc_flags(struct net_device *dev)
{
	__u32 flags = 0;

	if (bpf_core_enum_value_exists(enum skb_drop_reason,
				       SKB_DROP_REASON_TC_INGRESS) ||
	    !bpf_core_field_exists(dev->miniq_ingress))
		return 0;
	if (BPF_CORE_READ(dev, miniq_ingress))
		flags |= WHERE_TC_INGRESS;
	if (BPF_CORE_READ(dev, miniq_egress))
		flags |= WHERE_TC_EGRESS;
	return flags;
}

/* Does the packet start with an Ethernet header of its own? */
static __always_inline int has_ethernet(struct sk_buff *skb,
					struct net_device *dev)
{
	__u16 type = BPF_CORE_READ(dev, type);
	__u16 mac = BPF_CORE_READ(skb, mac_header);
	__u16 network = BPF_CORE_READ(skb, network_header);

	return (type == TYPE_ETHERNET || type == TYPE_LOOPBACK) &&
	       mac != NO_MAC_HEADER && (!network || mac < network) &&
	       BPF_CORE_READ(skb, head) + mac <= BPF_CORE_READ(skb, data);
}

/*
 * The packet's first byte: of its Ethernet header, else of its network header. @ahead
 * bytes of it were pulled before the drop; less than 0: it starts behind skb->data.
 */
static __always_inline unsigned char *find_start(struct sk_buff *skb,
						 int ethernet, __s64 *ahead)
{
	unsigned char *head = BPF_CORE_READ(skb, head), *start;
	unsigned char *data = BPF_CORE_READ(skb, data);
	__u16 network;

	if (ethernet) {
		start = head + BPF_CORE_READ(skb, mac_header);
	} else {
		network = BPF_CORE_READ(skb, network_header);
		start = network ? head + network : data;
	}
	*ahead = data - start;
	if ((__s64)BPF_CORE_READ(skb, len) + *ahead > 0)
		return start;
	*ahead = 0;
	return data;
}

static __always_inline void read_tag(struct sk_buff *skb,
				     struct where_event *event)
{
	__u16 protocol = BPF_CORE_READ(skb, vlan_proto);

	if (bpf_core_field_exists(skb->vlan_present) &&
	    !BPF_CORE_READ_BITFIELD_PROBED(skb, vlan_present))
		return;
	event->tag_protocol = bpf_ntohs(protocol);
	event->tag_tci = BPF_CORE_READ(skb, vlan_tci);
}

/*
 * An event with the packet's linear part. It is built in a buffer for each CPU: a
 * drop that interrupts us while the buffer is in use has no event.
 */
static __always_inline long tell_captured(struct sk_buff *skb,
					  const struct where_event *event,
					  const void *start, __s64 ahead)
{
	__s64 linear = ahead + BPF_CORE_READ(skb, len);
	struct where_scratch *buffer = scratch_get(&scratch);
	__u64 length = 0;
	long error;

	if (!buffer)
		return -1;
	linear -= BPF_CORE_READ(skb, data_len);
	buffer->event = *event;
	if (event->ethernet)
		read_tag(skb, &buffer->event);
	if (linear > 0) {
		length = capture_length(linear, config.snaplen);
		if (bpf_probe_read_kernel(buffer->bytes, length, start))
			length = 0;
	}
	buffer->event.captured = length;
	error = bpf_ringbuf_output(&events, &buffer->event,
				   sizeof(buffer->event) + length, 0);
	scratch_put(buffer);
	return error;
}

static __always_inline void count(const struct where_key *key, __u32 length)
{
	struct where_sum *sum = bpf_map_lookup_elem(&sums, key), none = {};

	if (!sum) {
		bpf_map_update_elem(&sums, key, &none, BPF_NOEXIST);
		sum = bpf_map_lookup_elem(&sums, key);
	}
	if (!sum) {
		__sync_fetch_and_add(&state.uncounted, 1);
		return;
	}
	__sync_fetch_and_add(&sum->packets, 1);
	__sync_fetch_and_add(&sum->bytes, length);
}

/* Sends an event; without room for it, counts the packet. */
static __always_inline void tell(struct sk_buff *skb, struct net_device *dev,
				 const struct where_key *key)
{
	struct where_event event = { .key = *key };
	__u16 protocol = BPF_CORE_READ(skb, protocol);
	const void *start;
	long error = -1;
	__s64 ahead;

	event.ethernet = dev && has_ethernet(skb, dev);
	start = find_start(skb, event.ethernet, &ahead);
	event.time_ns = bpf_ktime_get_ns();
	event.length = ahead + BPF_CORE_READ(skb, len);
	event.protocol = bpf_ntohs(protocol);
	if (config.capture)
		error = tell_captured(skb, &event, start, ahead);
	else if (config.events)
		error = bpf_ringbuf_output(&events, &event, sizeof(event), 0);
	if (error)
		count(key, event.length);
}

/* @args: the tracepoint's, each in 64 bits: packet, location and perhaps a reason */
SEC("tp_btf/kfree_skb")
int drop_where(const __u64 *args)
{
	struct sk_buff *skb = (struct sk_buff *)args[0];
	struct where_key key = { .location = args[1] };
	struct net_device *dev;

	if (state.ended || !find_place(skb, &dev, &key) ||
	    (config.netns && key.netns != config.netns))
		return 0;
	/* The type came with the reason; without it the verifier removes this. */
	if (bpf_core_type_exists(enum skb_drop_reason))
		key.reason = args[2];
	if (dev) {
		BPF_CORE_READ_STR_INTO(&key.name, dev, name);
		key.flags = tc_flags(dev);
	}
	if (!bpf_map_lookup_elem(&unwanted, &key))
		tell(skb, dev, &key);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
