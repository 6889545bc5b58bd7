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

/* Is its program on the interface of that number here? It may have another name now. */
static bool is_here(const struct run *run, const struct pin *pin)
{
	struct interface *here =
		(struct interface *)interfaces_find(&run->all, pin->index);
	struct interfaces one = { here, !!here };
	struct query found;
	bool is = false;
	size_t i;

	/* Without an answer, which was reported, it is left alone. */
	if (query_read(&one, &found))
		return true;
	for (i = 0; i < found.count && !is; i++)
		is = found.list[i].program.id == pin->program.id;
	free(found.list);
	return is;
}

static bool is_lost(const struct run *run, const struct pin *pin)
{
	if (!pin->index)
		return true;
	/* What was pinned in another namespace is for --list and --detach there. */
	return netns_own() == pin->netns && !is_here(run, pin);
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
	size_t i, kept = 0;

	/* EACCES: a user without access has no pins there. */
	if (error && error != -EACCES)
		return fail_at(AT_LIST, -error, PIN_DIRECTORY, NULL);
	for (i = 0; i < pins->count; i++) {
		if (is_meant(run, &pins->list[i]) &&
		    is_lost(run, &pins->list[i]))
			pins->list[kept++] = pins->list[i];
	}
	pins->count = kept;
	take_patterns(run);
	return EXIT_DONE;
}

const char *lost_name(const struct pin *pin)
{
	return *pin->name ? pin->name : "-";
}
