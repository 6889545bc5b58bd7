#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# tests.sh [TEST...]: print the test programs that these words name, one a line and
# each once; without any, all of the collection. ".sh" may be left out. Exits with 2,
# and tells what there is, if a word names none. Nothing need be built for that.
#
# "kselftest" is no test program and stands alone; see guest.sh.
set -eu
export LC_ALL=C

if [ "$*" = kselftest ]; then
	echo kselftest
	exit
fi
all=$(MAKEFLAGS='' make -s --no-print-directory -C "$(dirname "$0")/../../selftests" list)
[ -n "$*" ] || { echo "$all" && exit; }
echo "$all" | TESTS="$*" awk '
	{
		list = list (NR % 8 == 1 ? "\n " : "") " " $0
		there[$0] = 1
	}
	END {
		n = split(ENVIRON["TESTS"], asked)
		for (i = 1; i <= n; i++) {
			name = asked[i] in there ? asked[i] : asked[i] ".sh"
			if (!(name in there))
				unknown = unknown " " asked[i]
			else if (!seen[name]++)
				names = names name "\n"
		}
		if (unknown) {
			print "No such test:" unknown ". There are:" list | "cat >&2"
			exit 2
		}
		printf "%s", names
	}'
