#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A run in the foreground: counters and their output, signals, time-outs,
# interfaces that change meanwhile; and clsact, which has no link.
set -eu

# shellcheck source-path=SCRIPTDIR source=cli_lib.sh
. "$(dirname "$0")/cli_lib.sh"
cli_private "$@"

# A way to attach for each kind: its program and options.
ways=("xdp-drop-world -N" "xdp-drop-tcp -S" "tc-drop-tcp" "tc-drop-tcp --clsact")

# Is TCP let through? Nobody listens, so the answer is a quick RST.
passes_tcp() {
	local got=0

	on timeout 0.5 bash -c '</dev/tcp/203.0.113.10/9' 2>/dev/null || got=$?
	[ "$got" != 124 ]
}

drops_tcp() {
	! passes_tcp
}

# Output

numbers='"passed_packets":[0-9]+,"passed_bytes":[0-9]+,"dropped_packets":[0-9]+,"dropped_bytes":[0-9]+'
numbers+=',"observed_packets":[0-9]+,"observed_bytes":[0-9]+,"undecided_packets":[0-9]+,"undecided_bytes":[0-9]+'

test_json() {
	local regex

	wire
	expect 0 on tc-drop-tcp --json --interval 0.05 --timeout 400ms veth0
	regex='^\{"time":"20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z"'
	regex+=',"elapsed_ms":[0-9]+,"interface":"veth0","ifindex":[0-9]+,"hook":"[a-z]+-egress"'
	told "$regex,$numbers,\"final\":false\}$"
	told "$regex,$numbers,\"final\":true\}$"
	! grep -vqE "$regex,$numbers,\"final\":(true|false)\}$" "$tmp/out"
	[ "$(grep -c '"final":true' "$tmp/out")" = 1 ] || fail "not one last line: $(<"$tmp/out")"
	tail -n 1 "$tmp/out" | grep -q '"final":true'
	! command -v jq >/dev/null || jq -e .elapsed_ms "$tmp/out" >"$tmp/jq"
	! grep '[{}]' "$tmp/err"
	clean
}

test_table() {
	wire
	expect 0 on xdp-drop-tcp --interval 0.05 --timeout 400ms veth0
	told '^ +time interface +hook +dropped +packets/s +bits/s +passed +undecided$'
	told '^ +0\.[0-9] veth0 +xdp-native( +[0-9]+){5}$'
	told '^ +0\.[0-9] veth0 +xdp-native( +[0-9]+){5} \(end\)$'
	! grep -E 'veth0 +xdp' "$tmp/err"
	expect 0 on xdp-drop-tcp --observe --interval 0 --timeout 50ms veth0
	told 'hook +observed'
	clean
}

test_interval() {
	wire
	expect 0 on xdp-drop-tcp --json --interval 0 --timeout 300ms veth0
	[ "$(wc -l <"$tmp/out")" = 1 ] || fail "not the last line alone: $(<"$tmp/out")"
	expect 0 on xdp-drop-tcp --json -i 0.1 --timeout 1050ms veth0
	[ "$(wc -l <"$tmp/out")" -ge 6 ] || fail "too few lines: $(<"$tmp/out")"
	[ "$(wc -l <"$tmp/out")" -le 12 ] || fail "too many lines: $(<"$tmp/out")"
	expect 0 on xdp-drop-tcp --json -i .5 --timeout 1100ms veth0
	[ "$(wc -l <"$tmp/out")" = 3 ] || fail "not two lines and the last: $(<"$tmp/out")"
}

test_verbose() {
	wire
	expect 0 on xdp-drop-tcp -i 0 -t 20ms veth0
	! grep -E 'processed|libbpf:' "$tmp/err"
	expect 0 on xdp-drop-tcp --verbose -i 0 -t 20ms veth0
	said 'processed [0-9]+ insns'
	! grep 'libbpf: loading' "$tmp/err"
	expect 0 on xdp-drop-tcp -vv -i 0 -t 20ms veth0
	said 'processed [0-9]+ insns'
	said 'libbpf: loading'
	expect 0 on tc-drop-tcp -v --verbose -v --json -i 0 -t 20ms veth0
	said 'libbpf: loading'
	[ "$(wc -l <"$tmp/out")" = 1 ] || fail "more than data: $(<"$tmp/out")"
}

# shellcheck disable=SC2016 # expanded by that shell
test_head() {
	wire
	expect 0 on timeout 10 bash -c 'xdp-drop-tcp -i 0.05 veth0 | head -n 1; exit ${PIPESTATUS[0]}'
	[ "$(wc -l <"$tmp/out")" = 1 ]
	! grep -i 'broken pipe' "$tmp/err"
	expect 0 on timeout 10 bash -c 'tc-drop-tcp --json -i 0.05 veth0 | head -n 1; exit ${PIPESTATUS[0]}'
	expect 0 on timeout 10 bash -c 'xdp-drop-tcp --list | true; exit ${PIPESTATUS[0]}'
	clean
}

test_full() {
	wire
	says 1 'cannot show the counters: No space left' timeout 10 bash -c 'xdp-drop-tcp -i 0.05 veth0 >/dev/full'
	clean
	says 1 'cannot show the counters' timeout 10 bash -c 'tc-drop-tcp --clsact -j -i 0 -t 100ms veth0 >/dev/full'
	clean
	on ip link set veth0 xdp obj "$(built xdp_drop_world_kern.o)" sec xdp
	says 1 'cannot write the list: No space left' bash -c 'xdp-drop-tcp --list >/dev/full'
	says 1 'cannot write the list' bash -c 'xdp-drop-tcp --list --json >/dev/full'
}

# With a descriptor closed, another file must not take its number and the data.
test_closed() {
	wire
	expect 0 on timeout 10 bash -c 'xdp-drop-tcp -i 0.05 -t 300ms veth0 2>&-'
	told 'veth0 +xdp-native.*\(end\)$'
	clean
	says 1 'cannot show the counters' timeout 10 bash -c 'xdp-drop-tcp -i 0.05 veth0 >&-'
	clean
	says 1 'cannot show the counters' timeout 10 bash -c 'xdp-drop-tcp -i 0.05 veth0 <&- >&-'
	clean
}

# The end

test_signals() {
	local way signal

	wire
	for way in "${ways[@]}"; do
		for signal in INT TERM HUP; do
			# shellcheck disable=SC2086 # program and option
			start $way -i 0 veth0
			kill "-$signal" "$pid"
			ends 0
			told '\(end\)$'
			clean
		done
	done
}

test_killed() {
	local way

	wire
	for way in "${ways[@]:0:3}"; do
		# shellcheck disable=SC2086 # program and option
		start $way -i 0 veth0
		kill -9 "$pid"
		poll 1 has_not 'veth0' || fail "it is still attached"
		ends 137
		clean
	done
}

has_not() {
	! has "$@"
}

test_timeout() {
	local way ms

	wire
	for way in "${ways[@]}"; do
		# shellcheck disable=SC2086 # program and option
		expect 0 on timeout 10 $way -i 0 --json -t 500ms veth0
		said 'the time is over'
		ms=$(sed -n 's/.*"elapsed_ms":\([0-9]*\).*"final":true.*/\1/p' "$tmp/out")
		[[ $ms -ge 500 && $ms -lt 1500 ]] || fail "after $ms ms"
		clean
	done
}

test_observe() {
	wire
	start tc-drop-tcp --json -i 0 veth0
	drops_tcp || fail "TCP passes"
	kill "$pid"
	ends 0
	told '"dropped_packets":[1-9].*"observed_packets":0,'
	start tc-drop-tcp --observe --json -i 0 veth0
	passes_tcp || fail "TCP does not pass"
	kill "$pid"
	ends 0
	said 'attached .*observing'
	told '"dropped_packets":0,.*"observed_packets":[1-9]'
}

# What is no longer needed is given up. CAP_BPF is 39, CAP_NET_ADMIN 12.
test_capabilities() {
	local way want

	wire
	for way in "${ways[@]}"; do
		want=0000008000000000
		[[ $way != *clsact* ]] || want=0000008000001000
		# shellcheck disable=SC2086 # program and option
		start $way -i 0 veth0
		poll 2 grep -q "^CapEff:.*$want$" "/proc/$pid/status" || fail "$(grep Cap "/proc/$pid/status")"
		grep -q "^CapPrm:.*$want$" "/proc/$pid/status"
		grep -q '^NoNewPrivs:.*1$' "/proc/$pid/status"
		kill "$pid"
		ends 0
	done
	clean
}

# Meanwhile

test_deleted() {
	local way

	for way in "${ways[@]}"; do
		wire_again
		# shellcheck disable=SC2086 # program and option
		start $way -i 0 veth0
		on ip link del veth0
		ends 1
		said 'veth0: no longer attached.*deleted'
		said 'nothing is attached any more'
	done
}

wire_again() {
	[ -z "${host-}" ] || [ "$host" != "host.$BASHPID" ] || after_each
	wire
}

test_one_deleted() {
	local way

	wire
	for way in "${ways[@]}"; do
		on ip link add veth1 type veth peer name veth2
		# shellcheck disable=SC2086 # program and option
		start $way -i 0 veth0 veth1
		on ip link del veth1
		poll 5 grep -q 'veth1: no longer attached' "${logs[$pid]}.err" || fail "it does not notice"
		has 'veth0 '
		kill "$pid"
		ends 0
		! grep 'veth0: no longer' "$tmp/err"
		clean
	done
}

test_renamed() {
	local way

	for way in "${ways[@]}"; do
		wire_again
		# shellcheck disable=SC2086 # program and option
		start $way -i 0 veth0
		on ip link set veth0 down
		on ip link set veth0 name other0
		has '^other0 '
		kill "$pid"
		ends 0
		told '\(end\)$'
		has_not other0
		[ -z "$(on tc qdisc show | grep clsact)" ] || fail "a qdisc is left"
	done
}

ktap_case output test_json "--json: one object a line, the last is final"
ktap_case output test_table "the table of counters"
ktap_case output test_interval "--interval"
ktap_case output test_verbose "--verbose, once and twice"
ktap_case output test_head "a reader that goes away"
ktap_case output test_full "no space left for the output"
ktap_case output test_closed "closed descriptors"
ktap_case end test_signals "SIGINT, SIGTERM and SIGHUP: detached, exit 0"
ktap_case end test_killed "SIGKILL: the link goes with the process"
ktap_case end test_timeout "--timeout"
ktap_case end test_observe "--observe counts and passes"
ktap_case end test_capabilities "capabilities are given up"
ktap_case meanwhile test_deleted "the interface is deleted"
ktap_case meanwhile test_one_deleted "one of two interfaces is deleted"
ktap_case meanwhile test_renamed "the interface is renamed"
ktap_run "$@"
