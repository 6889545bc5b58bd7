#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What others read in the output of test programs, which is in the directory $KTAPS: the
# kernel's parser, $KUNIT, and prove. To be run by run.sh, after those programs.
set -eu

. "$(dirname "$0")/lib/ktap.sh"

: "${KTAPS:?is not set: see run.sh}" "${KUNIT:?is not set: see run.sh}"
export PYTHONDONTWRITEBYTECODE=1 # the kernel's source is only read
files=()
for file in "$KTAPS"/*.ktap; do
	[ "${file##*/}" = "${0##*/}.ktap" ] || files+=("$file")
done

# How many points of the file passed, failed and were skipped, as run.sh counts them.
points() {
	count '^ok [0-9]+ .*# *SKIP' "$1"
	skipped=$count
	count '^not ok [0-9]' "$1"
	failed=$count
	count '^ok [0-9]' "$1"
	passed=$((count - skipped))
	all=$((passed + failed + skipped))
}

# Let a parser read the file: it has to say this, which is more than that it came to an end.
parses() {
	local file=$1 want=$2

	shift 2
	timeout $((20 * slack)) "$@" "$file" >"$tmp/out" 2>&1 || true
	reads "$tmp/out" "$want" || fail "${file##*/}: no \"$want\":"$'\n'"$(tail -n 10 "$tmp/out")"
}

ktap_case plan plan_first "a version first, and a plan before all points"
plan_first() {
	local file line

	for file in "${files[@]}"; do
		read -r line <"$file" || true
		[[ $line =~ ^K?TAP\ version ]] || fail "${file##*/} begins with: $line"
		line=$(grep -m 1 -E '^(1\.\.|ok |not ok )' "$file") || true
		[[ $line = 1..* ]] || fail "${file##*/} has no plan before: $line"
	done
}

ktap_case kunit kunit "the kernel's kunit.py counts the same points"
kunit() {
	local file want each

	command -v python3 >/dev/null || skip "needs python3"
	[ -e "$KUNIT" ] || skip "there is no $KUNIT"
	for file in "${files[@]}"; do
		points "$file"
		want=
		for each in passed failed skipped; do
			[ "${!each}" = 0 ] || want+="${want:+, }$each: ${!each}"
		done
		# It calls it an error if a program skips all.
		parses "$file" "Testing complete. Ran $all tests: ${want:-errors: 1}"$'\n' python3 "$KUNIT" parse
	done
}

ktap_case prove prove "prove counts the same points, and finds no parse errors"
prove() {
	local file

	command -v prove >/dev/null || skip "needs prove, of Debian's package perl"
	for file in "${files[@]}"; do
		points "$file"
		parses "$file" "Files=1, Tests=$all," prove --norc --nocolor --parse --exec cat
		never reads "$tmp/out" "Parse errors" || fail "${file##*/}: $(<"$tmp/out")"
		[ "$failed" = 0 ] || reads "$tmp/out" "Failed $failed/$all subtests" ||
			fail "${file##*/}: not $failed failures: $(<"$tmp/out")"
	done
}

ktap_run "$@"
