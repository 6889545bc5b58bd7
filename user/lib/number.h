/* SPDX-License-Identifier: GPL-2.0-only */
/* Whole numbers on the command line and in files. */
#ifndef NUMBER_H
#define NUMBER_H

#include <linux/types.h>
#include <stddef.h>

/* Returns what follows the number at @text, NULL if there is none up to @most. */
static inline const char *read_number(const char *text, __u64 most,
				      __u64 *value)
{
	const char *at = text;
	unsigned int digit;

	for (*value = 0; *at >= '0' && *at <= '9'; at++) {
		digit = *at - '0';
		if (digit > most || *value > (most - digit) / 10)
			return NULL;
		*value = 10 * *value + digit;
	}
	return at == text ? NULL : at;
}

/* A whole number from 1 to @most; 0 if it is none. */
static inline __u64 parse_number(const char *text, __u64 most)
{
	const char *end;
	__u64 value;

	end = read_number(text, most, &value);
	return end && !*end ? value : 0;
}

#endif
