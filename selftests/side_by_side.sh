#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Tests that run side by side, also in other process namespaces, leave each other alone.
set -eu

. "$(dirname "$0")/lib/lab_lib.sh"
ktap_before_each=

here=$(dirname "$(realpath "$0")")
apart=(unshare --pid --fork --kill-child --mount-proc)

# Of a process namespace, the first process: what it runs says by "reuse PID" that one of its
# processes has ended, waits until somebody else has a process with that number, and ends.
# That one has to be asleep then, not dead; it may be starting still.
# shellcheck disable=SC2016 # expanded by that shell
numbers='
	(
		until [ -s "$tmp/gone" ]; do sleep 0.01; done
		read -r gone <"$tmp/gone"
		other=
		until [ "$other" = "$gone" ]; do
			until [ ! -e "/proc/$gone" ]; do sleep 0.01; done
			echo "$((gone - 1))" >/proc/sys/kernel/ns_last_pid
			sleep 60 &
			other=$!
		done
		echo "$gone" >"$tmp/taken"
	) &
	bash -eu "$tmp/program" || :
	read -r gone <"$tmp/taken"
	state=
	until [[ $state = [SZ] ]]; do
		read -r _ _ state _ <"/proc/$gone/stat"
	done
	[ "$state" = S ]'
# shellcheck disable=SC2016 # the same
reuse='reuse() {
	echo "$1" >"$tmp/gone"
	until [ -s "$tmp/taken" ]; do sleep 0.1; done
}'

spares() {
	[ -e /proc/sys/kernel/ns_last_pid ] || skip "a kernel without CONFIG_CHECKPOINT_RESTORE"
	need unshare
	export here tmp
	echo "$reuse; $1" >"$tmp/program"
	expect 0 "${apart[@]}" bash -euc "$numbers"
}

# shellcheck disable=SC2016 # expanded by that shell
ktap_case numbers groups "a test program that is ended, one of whose groups has ended before" spares '
	all=$tmp
	. $here/lib/ktap.sh
	ktap_case early early early
	early() { :; }
	ktap_case late late late
	late() { tmp=$all; reuse "${ktap_pids[early]}"; kill $$; }
	ktap_run'
# shellcheck disable=SC2016 # the same
ktap_case numbers jobs "the end of a test whose background process has ended before" spares '
	. $here/lib/cli_lib.sh
	(
		trap cli_after_each EXIT
		true &
		reuse "$!"
	)'

# bash 5.2 crashed in one of ten.
ktap_case ends ends "test programs that are ended while they wait"
# shellcheck disable=SC2016 # expanded by those shells
ends() {
	local pids=() each status

	echo '. "$here/lib/ktap.sh"
		ktap_case waits waits waits
		waits() { : >"$all/started.$$"; poll 60 false; }
		ktap_run' >"$tmp/program"
	export here all=$tmp
	for _ in {1..25}; do
		bash -eu "$tmp/program" >>"$tmp/out" 2>&1 &
		pids+=("$!")
	done
	poll 20 all_have_started || fail "they do not start: $(<"$tmp/out")"
	kill "${pids[@]}"
	for each in "${pids[@]}"; do
		status=0
		wait "$each" || status=$?
		[ $status = 143 ] || fail "exit status $status: $(<"$tmp/out")"
	done
}

all_have_started() {
	set -- "$tmp"/started.*
	[ $# = 25 ]
}

ktap_case ends any_moment "a signal at any moment of a pause"
# shellcheck disable=SC2016 # expanded by that shell
any_moment() {
	local n status

	for n in {1..14}; do
		status=0
		bash -euTc '. "$1/lib/checks.sh"
			n=0
			trap "check_exit 143" TERM
			trap "[ \$((++n)) != $2 ] || kill \$\$" DEBUG
			check_pause
			check_pause
			check_pause' bash "$here" "$n" >>"$tmp/out" 2>&1 || status=$?
		[ $status = 143 ] || fail "before command $n: exit status $status"
	done
}

# Is that group's process ending, with no child but its test? Or has it ended?
waits_for_test() {
	local value stat children

	! is_over "$1" || return 0
	proc_line "$1" status SigIgn
	read -r stat <"/proc/$1/stat"
	read -ra children <"/proc/$1/task/$1/children"
	((0x$value >> 14 & 1 && ${#children[@]} == 1)) && [[ ${stat##*) } = S* ]]
}

# Ctrl-C reaches all processes, so a test may be clearing up before its group is told to end.
ktap_case ends clears_up "a test that is clearing up when its program is ended"
# shellcheck disable=SC2016 # expanded by that shell
clears_up() {
	local pid group go status=0

	echo '. "$here/lib/ktap.sh"
		ktap_case waits waits waits
		ktap_after_each=after
		waits() { exit 1; }
		after() {
			echo "$ktap_group_pid" >"$all/group"
			env --default-signal=TERM sh -c "echo >$all/clears; read -r _ <$all/go; echo >$all/cleared"
		}
		ktap_run' >"$tmp/program"
	mkfifo "$tmp/go"
	export here all=$tmp
	bash -eu "$tmp/program" >"$tmp/out" 2>&1 &
	pid=$!
	exec {go}<>"$tmp/go"
	poll 20 [ -e "$tmp/clears" ] || fail "it does not clear up: $(<"$tmp/out")"
	kill "$pid"
	read -r group <"$tmp/group"
	poll 20 waits_for_test "$group" || fail "it does not end: $(<"$tmp/out")"
	echo >&"$go"
	wait "$pid" || status=$?
	[ -e "$tmp/cleared" ] || fail "not cleared up: $(<"$tmp/out")"
	[ $status = 143 ] || fail "exit status $status: $(<"$tmp/out")"
}

ktap_case labs labs_stay "a lab whose owner is in another process namespace stays"
# shellcheck disable=SC2016,SC2119 # expanded by that shell; the helper's has defaults
labs_stay() {
	lab_own test
	"${apart[@]}" bash -euc '. "$1/lib/lab_net.sh"; LAB_NGINX=none; lab_own test' bash "$here"
	lab_tcp_passes
}

# As where.sh sets up, of which each process is killed then.
ktap_case labs wires_go "a test of drop-where that is killed leaves no network namespace"
# shellcheck disable=SC2016 # expanded by that shell
wires_go() {
	local session

	echo '. "$here/lib/where_lib.sh"
		ktap_private "$@"
		ktap_group_pid=$$ ktap_between=$tmp/between
		where_wires
		echo "$host" >"$tmp/up.new"
		mv "$tmp/up.new" "$tmp/up"
		sleep 60' >"$tmp/program"
	export here tmp
	: >"$tmp/between"
	setsid bash -eu "$tmp/program" &
	session=$!
	poll 15 test -e "$tmp/up"
	kill -KILL -- "-$session"
	wait || true
	[ ! -e "/run/netns/$(<"$tmp/up")" ] || fail "it has left $(<"$tmp/up")"
}

ktap_run "$@"
