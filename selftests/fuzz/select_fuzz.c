// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer: what rules of --only and --except are compiled to, against each rule read one by
 * one. The input stands for chance, as long as it lasts: it makes the rules, then packets.
 */
#include "frames/select_lookup.h"
#include "fuzz/libfuzzer.h"

#define RULES_MAX 40
#define PACKETS 100 /* of each set */

int fuzz_begin(int *argc __attribute__((unused)),
	       char ***argv __attribute__((unused)))
{
	if (native_make()) {
		perror("cannot set up guarded memory");
		exit(1);
	}
	constants = writable(&select_config);
	return 0;
}

int fuzz_one(const __u8 *data, size_t size)
{
	struct seen seen = {};

	roll_state = SEED;
	roll_bytes = data;
	roll_left = size;
	if (is_set_right(1 + roll(RULES_MAX), PACKETS, &seen))
		return 0;
	printf("disagreement: see above\n");
	fflush(stdout);
	abort();
}
