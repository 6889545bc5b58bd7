// SPDX-License-Identifier: GPL-2.0-only
/* From the kernel's events to deaths. */
#include "where/deaths.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/duration.h"
#include "lib/errors.h"
#include "lib/macros.h"

static const char *const events[EVENT_COUNT] = {
	[EVENT_FREE] = "skb/kfree_skb",
	[EVENT_CONSUME] = "skb/consume_skb",
	[EVENT_RECEIVE] = "net/netif_receive_skb",
	[EVENT_BACKLOG] = "net/netif_rx",
	[EVENT_QUEUE] = "net/net_dev_queue",
	[EVENT_START] = "net/net_dev_start_xmit",
	[EVENT_DONE] = "net/net_dev_xmit",
};

const char *death_place_name(enum death_place place)
{
	static const char *const names[] = {
		[IN_XDP_NATIVE] = "xdp-native",
		[IN_XDP_GENERIC] = "xdp-generic",
		[IN_TC_INGRESS] = "tc-ingress",
		[IN_TC_EGRESS] = "tc-egress",
		[IN_STACK] = "stack",
	};

	return names[place];
}

static int read_format(struct deaths *deaths, const struct tracefs *tracefs,
		       enum packet_event event)
{
	struct death_format *format = &deaths->formats[event];
	char path[96], *text;
	int error = 0;

	snprintf(path, sizeof(path), "events/%s/format", events[event]);
	text = tracefs_read(tracefs, path);
	if (!text)
		return -errno;
	format->id = format_id(text);
	format_field(text, "common_type", &deaths->type);
	format_field(text, "skbaddr", &format->skb);
	format_field(text, "name", &format->name);
	format_field(text, "len", &format->length);
	format_field(text, "location", &format->location);
	format_field(text, "protocol", &format->protocol);
	if (event == EVENT_FREE) {
		deaths->has_reasons =
			format_field(text, "reason", &format->reason);
		error = format_names(text, "reason", &deaths->reasons);
	}
	free(text);
	if (!format->skb.size ||
	    (event == EVENT_FREE && !format->location.size))
		error = -EPROTO;
	return error;
}

static int switch_on(struct deaths *deaths, const struct tracefs *tracefs,
		     enum packet_event event)
{
	char path[96];
	int error;

	error = read_format(deaths, tracefs, event);
	if (error)
		return error;
	if (event == EVENT_FREE) {
		/* Not on any network: messages of sockets. */
		snprintf(path, sizeof(path), "events/%s/filter", events[event]);
		tracefs_write(tracefs, path, "protocol != 0");
	}
	snprintf(path, sizeof(path), "events/%s/enable", events[event]);
	return tracefs_write(tracefs, path, "1");
}

int deaths_open(struct deaths *deaths, const struct tracefs *tracefs,
		const struct ring *ring)
{
	enum packet_event event;
	int code, error;
	size_t i;

	for (event = 0; event < EVENT_COUNT; event++)
		deaths->formats[event].id = -1;
	for (i = 0; i < ring->count; i++) {
		if (ring->cpus[i].cpu >= deaths->cpus)
			deaths->cpus = ring->cpus[i].cpu + 1;
	}
	deaths->receiving = calloc(deaths->cpus, sizeof(*deaths->receiving));
	if (trails_open(&deaths->trails) || !deaths->receiving)
		return fail(
			EXIT_SYSTEM,
			"there is not enough memory. Free some and try again.");
	error = symbols_open(&deaths->symbols);
	if (error)
		return fail(
			EXIT_LACKING,
			"cannot read /proc/kallsyms: %s. Functions have no names without it: use a kernel with CONFIG_KALLSYMS.",
			strerror(-error));
	code = suspects_read(&deaths->suspects, 0);
	if (!code)
		code = strangers_read(&deaths->strangers);
	/* Last of all, as from then on they are told. */
	for (event = EVENT_COUNT; event-- > 0 && !code;) {
		error = switch_on(deaths, tracefs, event);
		/* The others only help to tell where it was. */
		if (error && event == EVENT_FREE)
			code = fail(
				error == -ENOENT ? EXIT_LACKING : EXIT_SYSTEM,
				"cannot trace '%s': %s. Linux 5.10 or newer is needed, with its network events.",
				events[event], strerror(-error));
	}
	return code;
}

void deaths_close(struct deaths *deaths)
{
	symbols_close(&deaths->symbols);
	suspects_free(&deaths->suspects);
	strangers_free(&deaths->strangers);
	names_free(&deaths->reasons);
	trails_close(&deaths->trails);
	free(deaths->receiving);
	deaths->receiving = NULL;
}

/* Has it sent what may arrive by then? */
struct arrival {
	struct trails *trails;
	__u64 ns;
};

static bool may_arrive(const char *name, void *context)
{
	const struct arrival *arrival = context;

	return trails_sent(arrival->trails, name, arrival->ns);
}

/* "name" or "name.suffix" of the compiler's is already cut to "name". */
static bool is_one_of(const char *function, const char *const *names)
{
	for (; *names; names++) {
		if (!strcmp(function, *names))
			return true;
	}
	return false;
}

static void find_place(struct death *death)
{
	/* Into which of them the compiler inlines the others varies. */
	static const char *const native[] = { "veth_xdp_rcv_skb",
					      "veth_xdp_rcv", "veth_poll",
					      NULL };
	static const char *const generic[] = { "do_xdp_generic",
					       "netif_receive_generic_xdp",
					       "generic_xdp_tx", NULL };
	static const char *const ingress[] = { "__netif_receive_skb_core",
					       "sch_handle_ingress", NULL };
	static const char *const egress[] = { "__dev_queue_xmit",
					      "sch_handle_egress", NULL };
	bool unnamed = !death->reason ||
		       !strcmp(death->reason, "NOT_SPECIFIED");
	const char *reason = death->reason ? death->reason : "";

	if (is_one_of(death->function, native))
		death->place = IN_XDP_NATIVE;
	else if (is_one_of(death->function, generic))
		death->place = IN_XDP_GENERIC;
	else if (!strcmp(reason, "TC_INGRESS"))
		death->place = IN_TC_INGRESS;
	else if (!strcmp(reason, "TC_EGRESS"))
		death->place = IN_TC_EGRESS;
	else if (unnamed && is_one_of(death->function, ingress))
		death->place = IN_TC_INGRESS;
	else if (unnamed && is_one_of(death->function, egress))
		death->place = IN_TC_EGRESS;
	else
		death->place = IN_STACK;
	/* There, packets also die that nobody wants. */
	death->place_guessed = (death->place == IN_TC_INGRESS ||
				death->place == IN_TC_EGRESS) &&
			       unnamed;
}

static __u8 hook_of(enum death_place place)
{
	static const __u8 hooks[] = {
		[IN_XDP_NATIVE] = AT_NATIVE,
		[IN_XDP_GENERIC] = AT_GENERIC,
		[IN_TC_INGRESS] = AT_INGRESS,
		[IN_TC_EGRESS] = AT_EGRESS,
		[IN_STACK] = 0,
	};

	return hooks[place];
}

/* Does anything stand on it that shares its packets' arrival: VLAN, bond, …? */
static bool has_upper(const struct deaths *deaths,
		      const struct interface *interface)
{
	const struct interfaces *all = &deaths->suspects.all;
	const struct interface *master;
	size_t i;

	master = interfaces_find(all, interface->master);
	if (master && strcmp(master->kind, "bridge"))
		return true;
	for (i = 0; i < all->count; i++) {
		if (all->list[i].lower == interface->index &&
		    strcmp(all->list[i].kind, "veth"))
			return true;
	}
	return false;
}

/* One packet sent, one arrived: what others' interfaces lose is not ours. */
static void has_arrived(struct deaths *deaths,
			const struct interface *interface)
{
	const struct suspects *suspects = &deaths->suspects;

	trails_arrive(&deaths->trails,
		      suspects->peers[interface - suspects->all.list]);
}

/* Where only the hooks of our interfaces help; false: it was none of them. */
static bool guess_interface(struct deaths *deaths, struct death *death,
			    const struct trail *trail)
{
	const struct suspects *suspects = &deaths->suspects;
	struct arrival arrival = { .trails = &deaths->trails, .ns = death->ns };
	struct clue clue = { .sent = may_arrive, .context = &arrival };
	const struct interface *guess;
	bool any;

	if (trail && death->place != IN_XDP_NATIVE) {
		clue.near = suspects_named(suspects, trail->name);
		clue.inside = trail->last == EVENT_START;
		if (!clue.near)
			return false;
	}
	guess = suspects_guess(suspects, hook_of(death->place), &clue, &any);
	if (guess && death->place == IN_XDP_NATIVE)
		has_arrived(deaths, guess);
	if (guess)
		snprintf(death->interface, sizeof(death->interface), "%s",
			 guess->name);
	death->interface_guessed = true;
	return any;
}

/* False: it is not among ours, or not among those asked about. */
static bool find_interface(struct deaths *deaths, struct death *death,
			   const struct trail *trail, bool receiving)
{
	const struct interface *interface;

	if (trail)
		death->length = trail->length;
	/* On these ways nothing is told of the interface before the death. */
	if (death->place == IN_TC_EGRESS || death->place == IN_XDP_NATIVE ||
	    (!trail && death->place != IN_STACK))
		return guess_interface(deaths, death, trail);
	if (!trail)
		return false;
	interface = suspects_named(&deaths->suspects, trail->name);
	if (!interface || !suspects_chosen(&deaths->suspects, trail->name))
		return false;
	memcpy(death->interface, trail->name, sizeof(death->interface));
	if (strangers_have(&deaths->strangers, trail->name)) {
		death->interface_guessed = true;
		return true;
	}
	switch (trail->last) {
	case EVENT_RECEIVE:
		/* Else it may be another packet at the same address. */
		death->interface_guessed = !receiving ||
					   has_upper(deaths, interface);
		break;
	case EVENT_QUEUE:
	case EVENT_START:
	case EVENT_BACKLOG:
		break;
	default:
		death->interface_guessed = true;
	}
	return true;
}

static const char *reason_of(struct deaths *deaths, __u64 reason)
{
	const char *name = names_find(&deaths->reasons, reason);
	char number[32];

	if (name)
		return name;
	/* A subsystem's: their names are not in the format. */
	snprintf(number, sizeof(number), "0x%llx", reason);
	return names_add(&deaths->reasons, reason, number);
}

static void read_death(struct deaths *deaths, const struct record *record,
		       const char *data, __u64 skb)
{
	const struct death_format *format = &deaths->formats[EVENT_FREE];
	struct trail *trail = trails_at(&deaths->trails, skb);
	struct death death = { .ns = record->ns };

	if (trail->skb != skb)
		trail = NULL;
	/*
	 * What hangs where is asked once for all that died before; and first, as
	 * it may not hang there for long. To find a name may take its time.
	 */
	if (deaths->suspects.read_ns < record->ns && !deaths->code)
		deaths->code = suspects_read(&deaths->suspects,
					     clock_ns(CLOCK_MONOTONIC));
	death.protocol =
		(__u16)field_value(&format->protocol, data, record->size);
	if (deaths->has_reasons)
		death.reason =
			reason_of(deaths, field_value(&format->reason, data,
						      record->size));
	symbols_find(&deaths->symbols,
		     field_value(&format->location, data, record->size),
		     death.function, sizeof(death.function));
	find_place(&death);
	if (find_interface(deaths, &death, trail,
			   record->cpu < deaths->cpus &&
				   deaths->receiving[record->cpu] == skb))
		deaths->tell(&death, deaths->context);
	if (trail)
		trail->skb = 0;
}

static void read_trail(struct deaths *deaths, const struct record *record,
		       const char *data, __u64 skb, enum packet_event event)
{
	const struct death_format *format = &deaths->formats[event];
	struct trail *trail = trails_at(&deaths->trails, skb);
	const char *name = field_string(&format->name, data, record->size);
	size_t length;

	if (event == EVENT_CONSUME) {
		if (trail->skb == skb)
			trail->skb = 0;
		return;
	}
	if (event == EVENT_DONE) {
		/* Told also if the packet is long dead, or at the peer. */
		if (trail->skb == skb && trail->last == EVENT_START &&
		    !strcmp(trail->name, name))
			trail->last = event;
		return;
	}
	if (event == EVENT_RECEIVE && record->cpu < deaths->cpus)
		deaths->receiving[record->cpu] = skb;
	if (event == EVENT_START)
		trails_send(&deaths->trails, name, record->ns);
	trail->skb = skb;
	trail->last = event;
	length = strnlen(name, sizeof(trail->name) - 1);
	memcpy(trail->name, name, length);
	trail->name[length] = '\0';
	trail->length = (__u32)field_value(&format->length, data, record->size);
}

void deaths_read(const struct record *record, const char *data, void *context)
{
	struct deaths *deaths = context;
	enum packet_event event;
	int id = (int)field_value(&deaths->type, data, record->size);
	__u64 skb;

	for (event = 0; event < EVENT_COUNT; event++) {
		if (deaths->formats[event].id == id)
			break;
	}
	if (event == EVENT_COUNT)
		return;
	skb = field_value(&deaths->formats[event].skb, data, record->size);
	if (event == EVENT_FREE)
		read_death(deaths, record, data, skb);
	else
		read_trail(deaths, record, data, skb, event);
}
