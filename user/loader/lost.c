// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pins without an interface here: it is gone, perhaps with its namespace, or was moved
 * to another namespace.
 */
#include "loader/stages.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "lib/errors.h"
#include "lib/grow.h"

static bool matches(const struct pin *pin, const char *pattern)
{
	return !strcmp(pin->name, pattern) || !fnmatch(pattern, pin->name, 0);
}

/* Asked for: its program by --detach, its interface's name if there are any. */
static bool is_meant(const struct run *run, const struct pin *pin)
{
	const struct common_options *options = &run->options.common;
	size_t i;

	if (run->options.detach &&
	    strcmp(pin->program.name, run->program->function))
		return false;
	for (i = 0; i < options->pattern_count; i++) {
		if (matches(pin, options->patterns[i]))
			return true;
	}
	return !options->pattern_count;
}

static int by_interface(const void *left, const void *right)
{
	return ((const struct pin *)left)->index -
	       ((const struct pin *)right)->index;
}

/* What is attached to the interfaces here that have the numbers of these, which are sorted. */
static int read_present(const struct run *run, const struct pins *pins,
			struct query *found)
{
	const struct interface *here;
	struct interfaces on = {};
	int code = EXIT_DONE;
	size_t i;

	for (i = 0; i < pins->count && !code; i++) {
		here = interfaces_find(&run->all, pins->list[i].index);
		if (here && (!i || pins->list[i - 1].index != here->index) &&
		    grow_list(&on.list, &on.count, here, sizeof(*here)))
			code = fail_memory("the list of interfaces");
	}
	if (!code)
		code = query_read(&on, QUERY_XDP | QUERY_TC, found);
	interfaces_free(&on);
	return code;
}

static bool is_lost(const struct query *found, const struct pin *pin)
{
	const struct attached *attached = NULL;

	/* What was pinned in another namespace is for --list and --detach there. */
	if (netns_own() != pin->netns)
		return false;
	/* Its interface may have another name now. */
	do
		attached = query_on(found, pin->index, attached);
	while (attached && attached->program.id != pin->program.id);
	return !attached;
}

/* What only lost pins are called is not looked for among the interfaces. */
static void take_patterns(struct run *run)
{
	struct common_options *options = &run->options.common;
	size_t i, k, kept = 0;

	for (i = 0; i < options->pattern_count; i++) {
		char *pattern = options->patterns[i];

		for (k = 0; k < run->lost.count; k++) {
			if (matches(&run->lost.list[k], pattern))
				break;
		}
		if (k == run->lost.count ||
		    interfaces_match(&run->all, pattern))
			options->patterns[kept++] = pattern;
	}
	options->pattern_count = kept;
}

int lost_find(struct run *run)
{
	struct pins *pins = &run->lost;
	int error = pins_read(pins);
	struct query found = {};
	size_t i, kept = 0;
	bool answered;

	/* EACCES: a user without access has no pins there. */
	if (error && error != -EACCES)
		return fail_at(AT_LIST, -error, PIN_DIRECTORY, NULL);
	for (i = 0; i < pins->count; i++) {
		if (is_meant(run, &pins->list[i]))
			pins->list[kept++] = pins->list[i];
	}
	pins->count = kept;
	if (kept)
		qsort(pins->list, kept, sizeof(*pins->list), by_interface);
	/* Without an answer, which was reported, they are left alone. */
	answered = !kept || !read_present(run, pins, &found);
	for (i = 0, kept = 0; i < pins->count; i++) {
		if (!pins->list[i].index ||
		    (answered && is_lost(&found, &pins->list[i])))
			pins->list[kept++] = pins->list[i];
	}
	pins->count = kept;
	free(found.list);
	take_patterns(run);
	return EXIT_DONE;
}

const char *lost_name(const struct pin *pin)
{
	return *pin->name ? pin->name : "-";
}
