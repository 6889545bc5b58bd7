// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbers on the command line, for every text of up to 4 bytes and every limit.
 *
 * prove: 5 any
 */
#include "proof/proof.h"
#include "lib/number.h"

#define TEXT_MOST 5

int main(void)
{
	__u64 most, value, expected = 0;
	char text[TEXT_MOST];
	const char *end;
	int count;

	text[TEXT_MOST - 1] = '\0';
	for (count = 0; text[count] >= '0' && text[count] <= '9'; count++)
		expected = expected * 10 + (text[count] - '0');
	end = read_number(text, most, &value);
	ASSERT((end != 0) == (count && expected <= most), "up to the limit");
	ASSERT(!end || (value == expected && end == text + count), "that one");
	return 0;
}
