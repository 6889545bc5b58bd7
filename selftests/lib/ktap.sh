# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# KTAP for shell tests. To be sourced by bash under `set -eu`; see checks.sh, too.
#
# A test is a file of this directory's parent that is named in its Makefile:
#
#   . "$(dirname "$0")/lib/ktap.sh"      or a library that sources it: cli_lib.sh for
#                                        command lines, lab_lib.sh for traffic in a lab,
#                                        capture_lib.sh, where_lib.sh
#   ktap_case ways native "native XDP drops" ways_drop xdp-native --native-mode
#   ways_drop() {                        one command a line; the test fails if one of
#           …                            them fails
#   }
#   ktap_run "$@"
#
#   ktap_case GROUP NAME WORDS [CMD…]
#                        declare a test: one line of the result, for which CMD, or else
#                        the function NAME, is run
#   ktap_private "$@"    to be called first: a mount namespace, with network namespace
#                        names of its own
#   ktap_run "$@"        run them; the status is 0 passed, 1 failed, 4 all skipped.
#                        Arguments choose tests by name or group; --using REGEX
#                        chooses those that run such a command
#
# With the argument --list a test only lists its tests: group, name and words.
#
# Groups run side by side, the tests of a group one after the other. If there is a
# function setup_GROUP, it runs before them, in the same shell. A library or a test may
# set $ktap_before_each and $ktap_after_each to functions that are run before and after
# each test (in a set-up: for its group), $ktap_after_group to one that is run after the
# last one, whatever happened; those after a test are given its exit status.
# $ktap_between is a file for what a test leaves to the next one, $ktap_group_pid the
# process that outlives both.
#
# A test runs in a subshell of its own under `set -eEu`, with an empty directory $tmp.

. "${BASH_SOURCE[0]%/*}/checks.sh"

# By the program's text, and its parts': nothing is needed for that, and nothing set up.
if [ "${1-}" = --list ]; then
	cat "$0" "${0%.sh}"/*.sh 2>/dev/null |
		awk '/^ktap_case / {
			words = $0
			sub(/^[^ ]+ +[^ ]+ +[^ ]+ +"/, "", words)
			sub(/".*/, "", words)
			gsub(/.*:-|[^a-z0-9_]/, "", $2) # "${group:-tc}"
			printf "%-10s %-24s %s\n", $2, $3, words
		}'
	exit 0
fi

ktap_before_each='' ktap_after_each='' ktap_after_group=''
ktap_groups=() ktap_tests=()
declare -A ktap_group=() ktap_words=() ktap_command=()

ktap_case() {
	[[ " ${ktap_groups[*]-} " == *" $1 "* ]] || ktap_groups+=("$1")
	ktap_tests+=("$2")
	ktap_group[$2]=$1
	ktap_words[$2]=$3
	printf -v "ktap_command[$2]" '%q ' "${@:4}"
	[ $# -gt 3 ] || ktap_command[$2]=$2
}

# One group, in a process of its own. A test leaves its log, then its status.
ktap_run_group() {
	local name status

	exec >"$ktap_dir/$1.log" 2>&1 </dev/null
	set -eEu
	ktap_test=
	# shellcheck disable=SC2034 # for what tests have in common
	ktap_between=$ktap_dir/$1.between ktap_group_pid=$BASHPID ktap_skip=$ktap_dir/$1.skip
	# shellcheck disable=SC2064 # the group's name is known now
	trap "ktap_end_group $1" EXIT
	trap 'check_exit 143' INT TERM HUP
	trap 'echo "${BASH_SOURCE[0]##*/}:$LINENO: status $?: $BASH_COMMAND"' ERR
	if declare -F "setup_$1" >/dev/null; then "setup_$1"; fi
	for name in "${ktap_chosen[@]}"; do
		[ "${ktap_group[$name]}" = "$1" ] || continue
		ktap_ending=$ktap_dir/$name.ending
		ktap_run_test "$name" >"$ktap_dir/$name.log" 2>&1 &
		ktap_test=$!
		status=0
		wait "$ktap_test" || status=$?
		ktap_test=
		echo "$status" >"$ktap_dir/$name.status"
	done
}

# To Ctrl-C, the terminal's signal, another is added by ktap_stop: it must not end this halfway.
ktap_end_group() {
	local commands

	trap '' INT TERM HUP
	if [ -n "$ktap_test" ]; then
		kill "$ktap_test" 2>/dev/null || true
		# It handles the signal only after its current command has ended. But if it is
		# ending already, that command may be one that clears up.
		commands=$(<"/proc/$ktap_test/task/$ktap_test/children") || true
		[ -e "$ktap_ending" ] || xargs -r kill <<<"$commands" || true
		wait "$ktap_test" || true
	fi
	if [ -n "$ktap_after_group" ]; then "$ktap_after_group"; fi
}

ktap_run_test() {
	trap 'check_exit 143' INT TERM HUP
	trap 'ktap_end_test "$?"' EXIT
	tmp=$ktap_dir/$1 ktap_skip=$ktap_dir/$1.skip
	$ktap_before_each
	eval "${ktap_command[$1]}"
}

ktap_end_test() {
	local each

	trap '' INT TERM HUP
	: >"$ktap_ending"
	for each in $ktap_after_each; do
		"$each" "$1"
	done
}

# Print the result of test $2 as line $1; it belongs to the process $3.
ktap_print() {
	local file=$ktap_dir/$2 status=broken log skipped

	until [ -s "$file.status" ] || ! kill -0 "$3" 2>/dev/null; do
		check_pause
	done
	log=$file.log skipped=$file.skip
	if [ -s "$file.status" ]; then
		read -r status <"$file.status"
	else
		log=$ktap_dir/${ktap_group[$2]}.log skipped=$ktap_dir/${ktap_group[$2]}.skip
	fi
	[ ! -s "$skipped" ] || status=skipped
	case $status in
	0)
		ktap_passed=$((ktap_passed + 1))
		echo "ok $1 ${ktap_words[$2]}"
		;;
	skipped)
		ktap_skipped=$((ktap_skipped + 1))
		echo "ok $1 ${ktap_words[$2]} # SKIP $(<"$skipped")"
		;;
	*)
		ktap_failed=$((ktap_failed + 1))
		[ "$status" != broken ] || echo "# the set-up of group ${ktap_group[$2]} failed"
		[ ! -e "$log" ] || tail -n 40 "$log" | sed 's/^/# /'
		echo "# reproduce: $0 $2"
		echo "not ok $1 ${ktap_words[$2]}"
		;;
	esac
}

ktap_stop() {
	trap '' INT TERM HUP
	end_jobs TERM
	wait
	rm -rf --one-file-system "$ktap_dir"
}

# Is there such a command in these words, or in a function that they call?
ktap_uses() {
	local word

	[[ ! " $1 " =~ [^[:alnum:]_/.-]($2)[^[:alnum:]_/.-] ]] || return 0
	for word in ${1//[^[:alnum:]_]/ }; do
		if [ -z "${ktap_found[$word]-}" ] && declare -F "$word" >/dev/null; then
			ktap_found[$word]=no
			! ktap_uses "$(declare -f "$word")" "$2" || ktap_found[$word]=yes
		fi
		[ "${ktap_found[$word]-}" != yes ] || return 0
	done
	return 1
}

ktap_choose_using() {
	local name
	local -A ktap_found=()

	ktap_chosen=()
	for name in "${ktap_tests[@]}"; do
		! ktap_uses "setup_${ktap_group[$name]} $ktap_before_each ${ktap_command[$name]}" "$1" ||
			ktap_chosen+=("$name")
	done
}

# Keep the tests that the arguments name; without arguments, all.
ktap_choose() {
	local name

	[ "${1-}" != --using ] || { ktap_choose_using "$2" && return; }
	ktap_chosen=()
	for name in "${ktap_tests[@]}"; do
		if [ $# = 0 ] || [[ " $* " == *" $name "* || " $* " == *" ${ktap_group[$name]} "* ]]; then
			ktap_chosen+=("$name")
		fi
	done
	if [ -z "${ktap_chosen[*]-}" ]; then
		echo "${0##*/}: no such test: $*; --list lists them" >&2
		exit 2
	fi
}

# The names of network namespaces are not shared, and go with our last process, even if
# that is killed. "$@" are the test program's arguments: it is run anew.
ktap_private() {
	need_privileges
	need mount
	if [ -z "${KTAP_PRIVATE-}" ]; then
		KTAP_PRIVATE=yes exec "$(built tool)" stage private bash "$0" "$@"
	fi
	unset KTAP_PRIVATE
	mkdir -p /run/netns
	mount -t tmpfs -o mode=755 tmpfs /run/netns
}

ktap_run() {
	local name group line=0

	ktap_choose "$@"
	[ -n "${ktap_chosen[*]-}" ] || skip "no test uses $2"
	ktap_patience=4
	ktap_dir=$(mktemp -d)
	declare -A ktap_pids=()
	trap ktap_stop EXIT
	trap 'check_exit 130' INT
	trap 'check_exit 143' TERM HUP
	mkdir "${ktap_chosen[@]/#/$ktap_dir/}"
	ktap_passed=0 ktap_failed=0 ktap_skipped=0
	echo "TAP version 13"
	echo "1..${#ktap_chosen[@]}"
	for name in "${ktap_chosen[@]}"; do
		group=${ktap_group[$name]}
		[ -z "${ktap_pids[$group]-}" ] || continue
		ktap_run_group "$group" &
		ktap_pids[$group]=$!
	done
	for name in "${ktap_chosen[@]}"; do
		line=$((line + 1))
		ktap_print "$line" "$name" "${ktap_pids[${ktap_group[$name]}]}"
	done
	echo "# Totals: pass:$ktap_passed fail:$ktap_failed xfail:0 xpass:0 skip:$ktap_skipped error:0"
	[ "$ktap_failed" = 0 ] || return 1
	[ "$ktap_passed" != 0 ] || return 4
}
