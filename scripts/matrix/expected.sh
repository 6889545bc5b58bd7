#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# expected.sh [FILE]: print each line of FILE, or of the list of expected skips beside this
# script, that names no test. Names that a program makes of tables are looked for there. Exits
# with 1 if there is such a line.
set -eu
export LC_ALL=C

here=$(cd "${0%/*}" && pwd -P)
file=$(realpath "${1:-$here/expected}")
programs=$("$here/tests.sh")
cd "$here/../../selftests"

# Has program $1 a test that matches $2?
expected_names() {
	local names=''

	grep -qxF -- "$1" <<<"$programs" || return
	[[ ! "(the program)" =~ $2 ]] || return 0
	[[ $1 != *.sh ]] || names=$("./$1" --list | sed -E 's/^([^ ]+ +){2}//')
	if [ -n "$names" ]; then
		grep -qE -- "$2" <<<"$names"
	else
		grep -rqE -- "$2" frames experiment/*.expected "${1%.sh}".[cs]*
	fi
}

bad=0
while IFS='|' read -r kernels program point why; do
	[[ $kernels != "#"* && -n $why ]] || continue
	read -r program <<<"$program"
	read -r point <<<"$point"
	expected_names "$program" "$point" && continue
	echo "expected: $program has no test like: $point"
	bad=1
done <"$file"
exit $bad
