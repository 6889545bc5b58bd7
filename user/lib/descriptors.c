// SPDX-License-Identifier: GPL-2.0-only
/* The limit of open file descriptors (RLIMIT_NOFILE). */
#include "lib/descriptors.h"

#include <sys/resource.h>

#include "lib/errors.h"

/* What libbpf, netlink, signals and timers take at most. */
#define USUAL_DESCRIPTORS 24

int descriptors_allow(unsigned long more, unsigned long each)
{
	unsigned long need = more * each + USUAL_DESCRIPTORS;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= need)
		return EXIT_DONE;
	if (limit.rlim_max >= need) {
		limit.rlim_cur = need;
		if (!setrlimit(RLIMIT_NOFILE, &limit))
			return EXIT_DONE;
	}
	if (!more)
		return fail(
			EXIT_SYSTEM,
			"%lu file descriptors are needed, and the limit is %lu. Raise it: ulimit -n %lu.",
			need, (unsigned long)limit.rlim_max, need);
	return fail(
		EXIT_SYSTEM,
		"%lu interfaces need %lu file descriptors, and the limit is %lu. Raise it: ulimit -n %lu.",
		more, need, (unsigned long)limit.rlim_max, need);
}
