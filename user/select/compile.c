// SPDX-License-Identifier: GPL-2.0-only
/* From rules to constants and maps. */
#include "select/compile.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/address.h"
#include "select/pool.h"
#include "select/prefixes.h"

/* Sets of ports: 128 MiB. Their numbers fit into select_class.ports[]. */
#define PORT_SETS_MOST 16384

struct pools {
	struct pool classes;
	struct pool ports;
};

static int compare(const void *first, const void *second)
{
	const struct rule *const *a = first, *const *b = second;
	int order = memcmp((*a)->address, (*b)->address, sizeof((*a)->address));

	return order ?: (*a)->length - (*b)->length;
}

/* Is @inner, which is sorted behind @outer, a part of it? */
static bool covers(const struct prefix *outer, const struct prefix *inner)
{
	const struct rule *rule = *outer->rules;

	return address_fits(rule->address, (*inner->rules)->address,
			    rule->length);
}

/* Groups the rules that apply to a family. */
static int group(struct prefixes *to, const struct rules *rules, __u8 family)
{
	struct prefix *last = NULL;
	size_t i, count = 0;

	/* One more: it may be none. */
	to->rules = malloc((rules->count + 1) * sizeof(*to->rules));
	to->list = malloc((rules->count + 1) * sizeof(*to->list));
	if (!to->rules || !to->list)
		return -ENOMEM;
	for (i = 0; i < rules->count; i++) {
		if (!rules->list[i].family || rules->list[i].family == family)
			to->rules[count++] = &rules->list[i];
	}
	qsort(to->rules, count, sizeof(*to->rules), compare);
	for (i = 0; i < count; i++) {
		if (!last || compare(last->rules, &to->rules[i])) {
			last = &to->list[to->count++];
			*last = (struct prefix){ .rules = &to->rules[i] };
		}
		last->count++;
	}
	return 0;
}

static bool looks_at(const struct rule *rule, enum select_end end)
{
	static const struct {
		bool except;
		__u8 side;
	} ends[] = {
		[ONLY_SOURCE] = { false, SIDE_SOURCE },
		[ONLY_DESTINATION] = { false, SIDE_DESTINATION },
		[EXCEPT_SOURCE] = { true, SIDE_SOURCE },
		[EXCEPT_DESTINATION] = { true, SIDE_DESTINATION },
	};

	return rule->except == ends[end].except && rule->sides & ends[end].side;
}

static void add_ports(struct select_ports *set, const struct rule *rule)
{
	unsigned int port;

	for (port = rule->low; port <= rule->high; port++) {
		if (port % 32 == 0 && port + 31 <= rule->high) {
			set->words[port / 32] = ~0U;
			port += 31;
		} else {
			set->words[port / 32] |= 1U << port % 32;
		}
	}
}

/* Returns enum select_which_ports, of the prefix's rules and the inherited ones. */
static int which_ports(struct pools *pools, const struct prefix *prefix,
		       enum select_end end, __u16 inherited)
{
	const struct select_ports *sets = pools->ports.list;
	struct select_ports set;
	bool has_own = false;
	int place;
	size_t i;

	if (inherited == PORTS_ALL)
		return PORTS_ALL;
	for (i = 0; i < prefix->count; i++) {
		if (!looks_at(prefix->rules[i], end))
			continue;
		if (!prefix->rules[i]->has_ports)
			return PORTS_ALL;
		if (!has_own && inherited >= PORTS_SETS)
			set = sets[inherited - PORTS_SETS];
		else if (!has_own)
			memset(&set, 0, sizeof(set));
		has_own = true;
		add_ports(&set, prefix->rules[i]);
	}
	if (!has_own)
		return inherited;
	place = pool_add(&pools->ports, &set);
	if (place >= PORT_SETS_MOST)
		return -E2BIG;
	return place < 0 ? place : PORTS_SETS + place;
}

/* *class: the rules that are inherited, and then the prefix's own, too. */
static int add_own_rules(struct pools *pools, const struct prefix *prefix,
			 struct select_class *class)
{
	int end, which;

	for (end = 0; end < SELECT_ENDS; end++) {
		which = which_ports(pools, prefix, end, class->ports[end]);
		if (which < 0)
			return which;
		class->ports[end] = which;
	}
	return 0;
}

static __u32 class_word(const struct select_class *class, __u32 place)
{
	__u32 word = 0;
	int end;

	for (end = 0; end < SELECT_ENDS; end++) {
		if (class->ports[end] == PORTS_ALL)
			word |= 1U << end;
		else if (class->ports[end] != PORTS_NONE)
			word |= place << SELECT_ENDS;
	}
	return word;
}

/* The class of a prefix whose parents' is *class, or none. */
static int set_class(struct pools *pools, struct prefix *prefix,
		     struct select_class class)
{
	int error = add_own_rules(pools, prefix, &class);
	int place = error ?: pool_add(&pools->classes, &class);

	if (place < 0)
		return place;
	if (place >> (SELECT_CLASS_BITS - SELECT_ENDS))
		return -E2BIG;
	prefix->place = place;
	prefix->class = class_word(&class, place);
	return 0;
}

/* In network byte order, as it lies in a packet. */
static void put_mask(__be32 to[4], const struct rule *rule)
{
	__u8 *bytes = (__u8 *)to;
	size_t at;

	for (at = 0; at < sizeof(rule->address); at++)
		bytes[at] = rule_mask(rule, at);
}

static int fill_few(struct select_prefix *few, struct pools *pools,
		    const struct prefixes *prefixes)
{
	const struct rule *rule;
	size_t i;
	int error = 0;

	for (i = 0; i < prefixes->count && !error; i++) {
		rule = *prefixes->list[i].rules;
		put_mask(few[i].mask, rule);
		memcpy(few[i].value, rule->address, sizeof(rule->address));
		error = set_class(pools, &prefixes->list[i],
				  (struct select_class){});
		few[i].class = prefixes->list[i].class;
	}
	return error;
}

/* Prefixes nest or have nothing in common, so each inherits from one alone. */
static int classify(struct pools *pools, struct prefixes *prefixes)
{
	struct prefix *list = prefixes->list;
	const struct select_class *classes;
	int error;
	size_t i;

	for (i = 0; i < prefixes->count; i++) {
		list[i].parent = (ssize_t)i - 1;
		while (list[i].parent >= 0 &&
		       !covers(&list[list[i].parent], &list[i]))
			list[i].parent = list[list[i].parent].parent;
		classes = pools->classes.list;
		error = set_class(pools, &list[i],
				  classes[list[i].parent < 0 ?
						  0 :
						  list[list[i].parent].place]);
		if (error)
			return error;
	}
	return 0;
}

/* False: there are too many. */
static bool set_lengths(struct select_config *config, const bool *is_length)
{
	struct rule rule = { .length = 129 };
	struct select_length *to;

	config->lengths = 0;
	while (rule.length--) {
		if (!is_length[rule.length])
			continue;
		if (config->lengths == SELECT_LENGTHS)
			return false;
		to = &config->length6[config->lengths++];
		to->length = rule.length;
		put_mask(to->mask, &rule);
	}
	return true;
}

static int fill_ipv6(struct compiled *to, struct select_config *config,
		     const struct prefixes *prefixes)
{
	bool whole[129] = { [128] = true }, is_length[129] = {};
	struct compiled_ipv6 *entry;
	const struct rule *rule;
	size_t i;

	to->ipv6 = calloc(prefixes->count, sizeof(*to->ipv6));
	if (!to->ipv6)
		return -ENOMEM;
	for (i = 0; i < prefixes->count; i++) {
		rule = *prefixes->list[i].rules;
		entry = &to->ipv6[to->ipv6_count++];
		entry->key.length = rule->length;
		memcpy(entry->key.address, rule->address,
		       sizeof(rule->address));
		entry->class = prefixes->list[i].class;
		is_length[rule->length] = true;
	}
	to->ipv6_is_trie = !set_lengths(config, is_length);
	if (to->ipv6_is_trie)
		set_lengths(config, whole);
	return 0;
}

static int fill_many(struct compiled *to, struct pools *pools,
		     struct prefixes *prefixes, struct select_config *config,
		     bool is_ipv4)
{
	int error = classify(pools, prefixes);

	if (error)
		return error;
	return is_ipv4 ? fill_ipv4(to, config, prefixes) :
			 fill_ipv6(to, config, prefixes);
}

static int compile_family(struct compiled *to, struct pools *pools,
			  const struct rules *rules,
			  struct select_config *config, __u8 family)
{
	bool is_ipv4 = family == AF_INET;
	struct prefixes prefixes = {};
	enum select_lookup lookup;
	int error = group(&prefixes, rules, family);

	lookup = prefixes.count > SELECT_FEW ? LOOKUP_MANY :
		 prefixes.count		     ? LOOKUP_FEW :
					       LOOKUP_NONE;
	if (!error && lookup == LOOKUP_MANY)
		error = fill_many(to, pools, &prefixes, config, is_ipv4);
	else if (!error)
		error = fill_few(is_ipv4 ? config->few4 : config->few6, pools,
				 &prefixes);
	*(is_ipv4 ? &config->lookup4 : &config->lookup6) = lookup;
	*(is_ipv4 ? &config->count4 : &config->count6) =
		lookup == LOOKUP_FEW ? prefixes.count : 0;
	free(prefixes.list);
	free(prefixes.rules);
	return error;
}

int rules_compile(const struct rules *rules, struct select_config *config,
		  struct compiled *compiled)
{
	const struct select_class none = {};
	struct pools pools = {
		.classes = { .size = sizeof(struct select_class) },
		.ports = { .size = sizeof(struct select_ports) },
	};
	int error;
	size_t i;

	*compiled = (struct compiled){};
	error = pool_add(&pools.classes, &none);
	if (!error)
		error = compile_family(compiled, &pools, rules, config,
				       AF_INET);
	if (!error)
		error = compile_family(compiled, &pools, rules, config,
				       AF_INET6);
	free(pools.classes.slots);
	free(pools.ports.slots);
	compiled->classes = pools.classes.list;
	compiled->class_count = pools.classes.count;
	compiled->ports = pools.ports.list;
	compiled->port_count = pools.ports.count;
	if (error) {
		compiled_free(compiled);
		return error;
	}
	config->flags &= ~(SELECT_ONLY | SELECT_EXCEPT | SELECT_PORTS);
	for (i = 0; i < rules->count; i++)
		config->flags |= rules->list[i].except ? SELECT_EXCEPT :
							 SELECT_ONLY;
	if (compiled->port_count)
		config->flags |= SELECT_PORTS;
	return 0;
}

void compiled_free(struct compiled *compiled)
{
	free(compiled->classes);
	free(compiled->ports);
	free(compiled->ipv4);
	free(compiled->ipv6);
	*compiled = (struct compiled){};
}
