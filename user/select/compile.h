/* SPDX-License-Identifier: GPL-2.0-only */
/* From rules to what the kernel side looks up; see select_abi.h. */
#ifndef COMPILE_H
#define COMPILE_H

#include "select/rules.h"
#include "select_abi.h"

/* An entry of the map "select_ipv6". */
struct compiled_ipv6 {
	struct select_ipv6 key;
	__u32 class;
};

/* What goes into the maps. Lists that are not needed are empty. */
struct compiled {
	struct select_class *classes;
	size_t class_count; /* class 0 has no rules */
	struct select_ports *ports;
	size_t port_count;
	__u32 *ipv4; /* words, then ranges; NULL: not LOOKUP_MANY */
	size_t ipv4_size; /* bytes */
	struct compiled_ipv6 *ipv6;
	bool ipv6_is_trie; /* else a hash table */
	size_t ipv6_count;
};

/**
 * rules_compile() - turn rules into constants and maps
 * @config: flags SELECT_ONLY, SELECT_EXCEPT, SELECT_PORTS and all that says how to look up
 *          are set; other flags and members are left
 * @compiled: free by compiled_free()
 *
 * Return: 0; -ENOMEM; -E2BIG: there are more ranges, classes or sets of ports than the
 * maps can hold.
 */
int rules_compile(const struct rules *rules, struct select_config *config,
		  struct compiled *compiled);

void compiled_free(struct compiled *compiled);

#endif
