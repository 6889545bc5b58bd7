#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# tests.sh [TEST...]: print the test programs that these words name, one a line and
# each once; without any, all of the collection. ".sh" may be left out. PROGRAM:CASE is a
# single test of a program, or a group of them, as PROGRAM --list has them; several of one
# program become PROGRAM:CASE:CASE. Exits with 2, and tells what there is, if a word names
# none. Nothing need be built for that.
#
# "kselftest" is no test program and stands alone; see guest.sh.
set -eu
export LC_ALL=C

if [ "$*" = kselftest ]; then
	echo kselftest
	exit
fi
selftests=$(dirname "$0")/../../selftests
all=$(MAKEFLAGS='' make -s --no-print-directory -C "$selftests" list EXTENDED="$*")
[ -n "$*" ] || { echo "$all" && exit; }
names=$(echo "$all" | TESTS="$*" awk '
	{
		list = list (NR % 8 == 1 ? "\n " : "") " " $0
		there[$0] = 1
	}
	END {
		n = split(ENVIRON["TESTS"], asked)
		for (i = 1; i <= n; i++) {
			name = cases = asked[i]
			sub(/:.*/, "", name)
			cases = substr(cases, length(name) + 1)
			if (!(name in there))
				name = name ".sh"
			if (!(name in there))
				unknown = unknown " " asked[i]
			else if (!(name in chosen))
				order[++names] = name
			# All of a program, if a word asks for that.
			chosen[name] = cases == "" || chosen[name] == "all" ? "all" : chosen[name] cases
		}
		if (unknown) {
			print "No such test:" unknown ". There are:" list | "cat >&2"
			exit 2
		}
		for (i = 1; i <= names; i++)
			print order[i] (chosen[order[i]] == "all" ? "" : chosen[order[i]])
	}')
echo "$names" | while IFS=: read -r program cases; do
	[ -n "$cases" ] || continue
	list=
	[ "${program%.sh}" = "$program" ] || list=$("$selftests/$program" --list)
	for each in $(echo "$cases" | tr : ' '); do
		echo "$list" | awk -v name="$each" '$1 == name || $2 == name { found = 1 } END { exit !found }' && continue
		echo "No such test: $program:$each. There are:" >&2
		echo "${list:-(no single ones in $program)}" | sed 's/^/  /' >&2
		exit 2
	done
done
echo "$names"
