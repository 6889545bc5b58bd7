#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# How a run in the foreground ends: signals, time-outs, interfaces that change meanwhile.
set -eu

. "$(dirname "$0")/lib/cli_lib.sh"
cli_private "$@"

# A way to attach for each kind: its program and options.
ways=("xdp-drop-world -N" "xdp-drop-tcp -S" "tc-drop-tcp" "tc-drop-tcp --clsact")

# Counters at once, whatever the interval; and it goes on.
test_usr1() {
	local way

	for way in "${ways[@]}"; do
		# shellcheck disable=SC2086 # program and option
		cli_start $way --json -i 0 veth0
		kill -USR1 "$pid"
		poll 5 lines "${logs[$pid]}.out" 2 || fail "no counters" # the first says: attached
		kill -USR1 "$pid"
		poll 5 lines "${logs[$pid]}.out" 3 || fail "no counters again"
		copy "${logs[$pid]}.out" "$tmp/out"
		never grep -E 'final":true|why' "$tmp/out"
		cli_has 'veth0 '
		kill -USR1 "$pid"
		cli_stop
		told '"why":"signal".*"final":true'
		cli_clean
	done
}

test_signals() {
	local way signal

	for way in "${ways[@]}"; do
		for signal in INT TERM HUP; do
			# shellcheck disable=SC2086 # program and option
			cli_start $way -i 0 veth0
			cli_stop "$signal"
			told '\(end\)$'
			cli_clean
		done
	done
}

# As nohup has it: SIGHUP is ignored from the start.
test_nohup() {
	cli_start env --ignore-signal=HUP xdp-drop-tcp -i 0.05 veth0
	kill -HUP "$pid"
	poll 5 lines "${logs[$pid]}.out" 4 9999 || fail "it ended"
	cli_stop
	cli_clean
}

test_killed() {
	local way

	for way in "${ways[@]:0:3}"; do
		# A clsact filter has no link: see the group lease.
		[[ $way != tc-* ]] || has_tcx || continue
		# shellcheck disable=SC2086 # program and option
		cli_start $way -i 0 veth0
		kill -9 "$pid"
		poll 5 cli_has_not 'veth0' || fail "it is still attached"
		cli_ends 137
		cli_clean
	done
}

test_timeout_ends() {
	local way ms text

	for way in "${ways[@]}"; do
		# shellcheck disable=SC2086 # program and option
		expect 0 cli_on $way -i 0 --json -t 500ms veth0
		said 'time-out: everything passes'
		read_text "$tmp/out"
		[[ $text =~ \"elapsed_ms\":([0-9]+)[^}]*\"final\":true ]] || fail "no final line: $text"
		ms=${BASH_REMATCH[1]}
		[[ $ms -ge 500 && $ms -lt $((3000 * slack)) ]] || fail "after $ms ms"
		told '"why":"timeout","attached_ms":[0-9]+'
		cli_unsaid 'detached after'
		cli_clean
	done
	cli_start xdp-drop-tcp -i 0 --json -t 100s veth0
	cli_stop
	said 'a signal came: detached after [0-9.]+ of 100\.0 s\.$'
	told '"why":"signal","attached_ms":[0-9]+'
}

# The kernel side keeps the time, too.
test_timeout_stopped() {
	local began=${EPOCHREALTIME/./} ms

	cli_start xdp-drop-tcp --json -i 0 --timeout "$((2 * slack))s" veth0
	kill -STOP "$pid"
	cli_drops_tcp || fail "TCP passes"
	poll 8 cli_passes_tcp || fail "it still drops after its time"
	ms=$(((${EPOCHREALTIME/./} - began) / 1000))
	[[ $ms -ge $((1500 * slack)) && $ms -le $((5000 * slack)) ]] || fail "after $ms ms"
	kill -CONT "$pid"
	cli_ends 0
	told '"passed_packets":[1-9].*"dropped_packets":[1-9]'
	cli_clean
}

test_observe() {
	cli_start tc-drop-tcp --json -i 0 veth0
	cli_drops_tcp || fail "TCP passes"
	cli_stop
	told '"dropped_packets":[1-9].*"observed_packets":0,'
	cli_start tc-drop-tcp --observe --json -i 0 veth0
	poll 3 cli_passes_tcp || fail "TCP does not pass"
	cli_stop
	said 'attached .*observing'
	told '"dropped_packets":0,.*"observed_packets":[1-9]'
}

# What is no longer needed is given up. CAP_BPF is 39, CAP_NET_ADMIN 12.
test_capabilities_given_up() {
	local way want

	for way in "${ways[@]}"; do
		want=0000008000000000
		# A clsact filter is removed by the process that attached it.
		if [[ $way = *clsact* ]] || { [[ $way = tc-* ]] && ! has_tcx; }; then
			want=0000008000001000
		fi
		# shellcheck disable=SC2086 # program and option
		cli_start $way -i 0 veth0
		poll 2 reads "/proc/$pid/status" $'\nCapEff:\t'"$want"$'\n' || fail "$(grep Cap "/proc/$pid/status")"
		reads "/proc/$pid/status" $'\nCapPrm:\t'"$want"$'\n'
		reads "/proc/$pid/status" $'\nNoNewPrivs:\t1\n'
		cli_stop
	done
	cli_clean
}

# Meanwhile

test_deleted() {
	local way

	for way in "${ways[@]}"; do
		cli_wire_again
		# shellcheck disable=SC2086 # program and option
		cli_start $way --json -i 0 veth0
		cli_on ip link del veth0
		cli_ends 1
		said 'veth0: no longer attached, after [0-9.]+ s: the interface is deleted'
		said 'nothing is attached any more'
		told '"why":"interface gone","attached_ms":[0-9]+,"final":true'
		told '"event":"lost",.*"interface":"veth0",.*"why":"interface gone","attached_ms":[0-9]+\}$'
	done
}

test_one_deleted() {
	local way gone stayed

	for way in "${ways[@]}"; do
		cli_on ip link add veth1 type veth peer name veth2
		# shellcheck disable=SC2086 # program and option
		cli_start $way --json -i 0 veth0 veth1
		cli_on ip link del veth1
		poll 5 reads "${logs[$pid]}.err" 'veth1: no longer attached' || fail "it does not notice"
		cli_has 'veth0 '
		sleep 0.6
		kill "$pid"
		cli_ends 1
		cli_unsaid 'veth0: no longer'
		gone=$(attached_ms veth1 "interface gone")
		stayed=$(attached_ms veth0 signal)
		[ $((stayed - gone)) -ge 600 ] || fail "attached for $gone and $stayed ms"
		cli_clean
	done
	# Just before the end, too: 10 ms is less than the time between two looks.
	cli_on ip link add veth1 type veth peer name veth2
	cli_start xdp-drop-tcp --json -i 0 veth0 veth1
	cli_on ip link del veth1
	kill "$pid"
	cli_ends 1
	told 'veth1.*"why":"interface gone"'
}

# The time of one final line.
attached_ms() {
	local text

	read_text "$tmp/out"
	[[ $text =~ \"interface\":\"$1\"[^}]*\"why\":\"$2\",\"attached_ms\":([0-9]+) ]] ||
		fail "no such line: $text"
	echo "${BASH_REMATCH[1]}"
}

test_renamed() {
	local way

	for way in "${ways[@]}"; do
		cli_wire_again
		# shellcheck disable=SC2086 # program and option
		cli_start $way -i 0 veth0
		cli_on ip -batch - <<-END
			link set veth0 down
			link set veth0 name other0
		END
		cli_has '^other0 '
		cli_stop
		told '\(end\)$'
		cli_has_not other0
		cli_state now
		[[ $now != *"kind clsact"* ]] || fail "a qdisc is left: $now"
	done
}

ktap_case end test_usr1 "SIGUSR1: counters at once"
ktap_case end test_signals "SIGINT, SIGTERM and SIGHUP: detached, exit 0"
ktap_case end test_nohup "SIGHUP under nohup: it goes on"
ktap_case end test_killed "SIGKILL: the link goes with the process"
ktap_case end test_timeout_ends "--timeout"
ktap_case end test_timeout_stopped "--timeout while the loader is stopped: the kernel side passes everything"
ktap_case end test_observe "--observe counts and passes"
ktap_case end test_capabilities_given_up "capabilities are given up"
ktap_case meanwhile test_deleted "the interface is deleted"
ktap_case meanwhile test_one_deleted "one of two interfaces is deleted"
ktap_case meanwhile test_renamed "the interface is renamed"
ktap_run "$@"
