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

# Output

numbers='"passed_packets":[0-9]+,"passed_bytes":[0-9]+,"dropped_packets":[0-9]+,"dropped_bytes":[0-9]+'
numbers+=',"observed_packets":[0-9]+,"observed_bytes":[0-9]+,"undecided_packets":[0-9]+,"undecided_bytes":[0-9]+'

test_json() {
	local regex line list final=

	wire
	expect 0 on tc-drop-tcp --json --interval 0.05 --timeout 400ms veth0
	regex='^\{"time":"20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z"'
	regex+=',"elapsed_ms":[0-9]+,"interface":"veth0","ifindex":[0-9]+,"hook":"[a-z]+-egress"'
	mapfile -t list <"$tmp/out"
	[ "${#list[@]}" -ge 2 ] || fail "not several lines: ${list[*]}"
	for line in "${list[@]}"; do
		[[ $line =~ $regex,$numbers,\"final\":(true|false)\}$ ]] || fail "not as it should be: $line"
		final+="${BASH_REMATCH[1]} "
	done
	[[ $final =~ ^(false )+true\ $ ]] || fail "not the last line is final: $final"
	! command -v jq >/dev/null || jq -e .elapsed_ms "$tmp/out" >"$tmp/jq"
	unsaid '[{}]'
	clean
}

test_table() {
	wire
	expect 0 on xdp-drop-tcp --interval 0.05 --timeout 400ms veth0
	told '^ +time interface +hook +dropped +packets/s +bits/s +passed +undecided$'
	told '^ +0\.[0-9] veth0 +xdp-native( +[0-9]+){5}$'
	told '^ +0\.[0-9] veth0 +xdp-native( +[0-9]+){5} \(end\)$'
	unsaid 'veth0 +xdp'
	expect 0 on xdp-drop-tcp --observe --interval 0 --timeout 50ms veth0
	told 'hook +observed'
	clean
}

# A pseudo terminal: lines are drawn over, unless they would wrap.
test_live() {
	local command count

	need script
	wire
	command="exec ${in_host[*]} xdp-drop-tcp -i 0.1 -t 450ms veth0"
	TERM=xterm expect 0 script -qec "stty cols 80; $command" /dev/null
	told $'\e\\[1A\r +0\\.[0-9] veth0 .*\e\\[K'
	count interface
	[ "$count" = 1 ] || fail "the heading is drawn again"
	TERM=xterm expect 0 script -qec "stty cols 79; $command" /dev/null
	never reads "$tmp/out" $'\e'
	TERM=dumb expect 0 script -qec "stty cols 80; $command" /dev/null
	never reads "$tmp/out" $'\e'
}

test_interval() {
	wire
	expect 0 on xdp-drop-tcp --json --interval 0 --timeout 300ms veth0
	lines "$tmp/out" 1 || fail "not the last line alone: $(<"$tmp/out")"
	expect 0 on xdp-drop-tcp --json -i 0.1 --timeout 1050ms veth0
	lines "$tmp/out" 6 12 || fail "too few lines, or too many: $(<"$tmp/out")"
	expect 0 on xdp-drop-tcp --json -i .4 --timeout 600ms veth0
	lines "$tmp/out" 0 2 || fail "too many lines: $(<"$tmp/out")"
}

test_verbose() {
	wire
	expect 0 on xdp-drop-tcp -i 0 -t 20ms veth0
	unsaid 'processed|libbpf:'
	expect 0 on xdp-drop-tcp --verbose -i 0 -t 20ms veth0
	said 'processed [0-9]+ insns'
	unsaid 'libbpf: loading'
	expect 0 on xdp-drop-tcp -vv -i 0 -t 20ms veth0
	said 'processed [0-9]+ insns'
	said 'libbpf: loading'
	expect 0 on tc-drop-tcp -v --verbose -v --json -i 0 -t 20ms veth0
	said 'libbpf: loading'
	lines "$tmp/out" 1 || fail "more than data: $(<"$tmp/out")"
}

# shellcheck disable=SC2016 # expanded by that shell
test_head() {
	wire
	expect 0 on bash -c 'xdp-drop-tcp -i 0.05 veth0 | head -n 1; exit ${PIPESTATUS[0]}'
	lines "$tmp/out" 1
	unsaid '[Bb]roken|cannot'
	expect 0 on bash -c 'tc-drop-tcp --json -i 0.05 veth0 | head -n 1; exit ${PIPESTATUS[0]}'
	expect 0 on bash -c 'exec 3> >(true); wait $!; xdp-drop-tcp --list >&3'
	expect 0 on bash -c 'exec 3> >(true); wait $!; xdp-drop-tcp --list --json >&3'
	clean
}

test_full() {
	wire
	says 1 'cannot show the counters: No space left' bash -c 'xdp-drop-tcp -i 0.05 veth0 >/dev/full'
	clean
	says 1 'cannot show the counters' bash -c 'tc-drop-tcp --clsact -j -i 0 -t 100ms veth0 >/dev/full'
	clean
	on ip link set veth0 xdp obj "$xdp_world" sec xdp
	says 1 'cannot write the list: No space left' bash -c 'xdp-drop-tcp --list >/dev/full'
	says 1 'cannot write the list' bash -c 'xdp-drop-tcp --list --json >/dev/full'
}

# With a descriptor closed, another file must not take its number and the data.
test_closed() {
	wire
	expect 0 on bash -c 'xdp-drop-tcp -i 0.05 -t 300ms veth0 2>&-'
	told 'veth0 +xdp-native.*\(end\)$'
	clean
	says 1 'cannot show the counters' bash -c 'xdp-drop-tcp -i 0.05 veth0 >&-'
	clean
	says 1 'cannot show the counters' bash -c 'xdp-drop-tcp -i 0.05 veth0 <&- >&-'
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

# As nohup has it: SIGHUP is ignored from the start.
test_nohup() {
	wire
	start env --ignore-signal=HUP xdp-drop-tcp -i 0.05 veth0
	kill -HUP "$pid"
	poll 5 lines "${logs[$pid]}.out" 4 9999 || fail "it ended"
	kill -TERM "$pid"
	ends 0
	clean
}

test_killed() {
	local way

	wire
	for way in "${ways[@]:0:3}"; do
		# A clsact filter has no link: see the group lease.
		[[ $way != tc-* ]] || has_tcx || continue
		# shellcheck disable=SC2086 # program and option
		start $way -i 0 veth0
		kill -9 "$pid"
		poll 5 has_not 'veth0' || fail "it is still attached"
		ends 137
		clean
	done
}

test_timeout() {
	local way ms text

	wire
	for way in "${ways[@]}"; do
		# shellcheck disable=SC2086 # program and option
		expect 0 on $way -i 0 --json -t 500ms veth0
		said 'the time is over'
		read_text "$tmp/out"
		[[ $text =~ \"elapsed_ms\":([0-9]+)[^}]*\"final\":true ]] || fail "no final line: $text"
		ms=${BASH_REMATCH[1]}
		[[ $ms -ge 500 && $ms -lt $((3000 * slack)) ]] || fail "after $ms ms"
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
	poll 3 passes_tcp || fail "TCP does not pass"
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
		# A clsact filter is removed by who attached it.
		if [[ $way = *clsact* ]] || { [[ $way = tc-* ]] && ! has_tcx; }; then
			want=0000008000001000
		fi
		# shellcheck disable=SC2086 # program and option
		start $way -i 0 veth0
		poll 2 reads "/proc/$pid/status" $'\nCapEff:\t'"$want"$'\n' || fail "$(grep Cap "/proc/$pid/status")"
		reads "/proc/$pid/status" $'\nCapPrm:\t'"$want"$'\n'
		reads "/proc/$pid/status" $'\nNoNewPrivs:\t1\n'
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
		poll 5 reads "${logs[$pid]}.err" 'veth1: no longer attached' || fail "it does not notice"
		has 'veth0 '
		kill "$pid"
		ends 0
		unsaid 'veth0: no longer'
		clean
	done
}

test_renamed() {
	local way

	for way in "${ways[@]}"; do
		wire_again
		# shellcheck disable=SC2086 # program and option
		start $way -i 0 veth0
		on ip -batch - <<-END
			link set veth0 down
			link set veth0 name other0
		END
		has '^other0 '
		kill "$pid"
		ends 0
		told '\(end\)$'
		has_not other0
		state now
		[[ $now != *"kind clsact"* ]] || fail "a qdisc is left: $now"
	done
}

# clsact: a filter outlives its loader

has_filter() {
	local now

	state now
	[[ $now = *"veth0 $1 filter 1/0xbdf bpf program"* ]]
}

test_left_over() {
	wire
	start tc-drop-tcp --clsact -i 0 veth0
	kill -9 "$pid"
	ends 137
	drops_tcp || fail "it does not outlive its loader?"
	has '^veth0 clsact-egress .* left by a tc-drop-tcp that was killed, priority 1 handle 0xbdf$'
	poll 6 passes_tcp || fail "it still drops after its lease"
	has_filter egress
	start tc-drop-tcp --clsact -i 0 veth0
	kill "$pid"
	ends 0
	said 'veth0: removing program id [0-9]+.*left by a run that was killed'
	clean
}

test_left_over_detach() {
	wire
	start tc-drop-tcp --clsact --ingress -i 0 veth0
	kill -9 "$pid"
	ends 137
	has_filter ingress
	expect 0 on tc-drop-tcp --detach veth0
	said "veth0: detached program id [0-9]+ 'tc_drop_tcp'.* from clsact ingress"
	clean
}

# At whatever answer of the kernel's it is killed: while it attaches, before it is
# pinned, after that.
test_killed_pinning() {
	local n=0 status=137

	need tc
	wire
	while [ "$status" = 137 ]; do
		status=0
		on "$cli_built/deny" "RECEIVE@$((++n))" KILL tc-drop-tcp --clsact --pin veth0 \
			2>"$tmp/pin" || status=$?
		! has_filter egress || [ "$status" = 0 ] || poll 4 passes_tcp || fail "$n: it goes on dropping"
		expect 0 on tc-drop-tcp --detach veth0
		! has_filter egress || fail "$n: it is not removed"
		on tc qdisc del dev veth0 clsact 2>"$tmp/none" || true # that nobody knows any more
	done
	[ "$status" = 0 ] || fail "exit status $status: $(<"$tmp/pin")"
	[ "$n" -gt 5 ] || fail "killed only $n times"
	clean
}

# All that the kernel has done is undone, also what it could not say for want of memory.
test_lost_answers() {
	local n status

	wire
	for n in {1..20}; do
		status=0
		on "$cli_built/deny" "RECEIVE@$n" ENOBUFS tc-drop-tcp --clsact -i 0 -t 1ms veth0 \
			>"$tmp/out" 2>"$tmp/err" || status=$?
		case $status in
		0) ;;
		1) said 'no memory for its answer' ;;
		*) fail "$n: exit status $status: $(<"$tmp/err")" ;;
		esac
		same_as_before || fail "$n, exit status $status: not as it was"
	done
}

same_as_before() {
	wanted=$before
	same
}

# A filter of ours whose deadline never comes, and which nobody pinned.
wire_endless() {
	local id bytes

	need bpftool jq tc
	wire
	on tc qdisc add dev veth0 clsact
	on tc filter add dev veth0 egress prio 1 handle 0xbdf bpf da obj "$tc_tcp" sec tc
	id=$(on bpftool -j prog show | jq '[.[] | select(.name == "tc_drop_tcp")] | max_by(.id).map_ids[]')
	for id in $id; do
		bytes=$(on bpftool -j map show id "$id" | jq -r 'select(.name == "tc_drop_.bss").bytes_value')
		[ "$bytes" = 16 ] || continue
		on bpftool map update id "$id" key 0 0 0 0 \
			value 255 255 255 255 255 255 255 255 0 0 0 0 0 0 0 0
		return 0
	done
	fail "there is no map .bss"
}

test_endless() {
	wire_endless
	expect 0 on tc-drop-tcp --detach veth0
	said 'veth0: detached'
	! has_filter egress || fail "it is not removed"
}

has_blocked_signals() {
	[[ $(<"/proc/$pid/status") =~ SigBlk:[[:space:]]*0*[1-9a-f] ]]
}

test_endless_signal() {
	local began

	wire_endless
	"${in_host[@]:0:1}" -i "${in_host[@]:1}" tc-drop-tcp --clsact veth0 >"$tmp/o" 2>"$tmp/e" &
	pid=$!
	logs[$pid]=$tmp/none
	touch "$tmp/none.out" "$tmp/none.err"
	poll 2 has_blocked_signals
	began=${EPOCHREALTIME/./}
	kill -INT "$pid"
	ends 1
	[ $((${EPOCHREALTIME/./} - began)) -lt $((1500000 * slack)) ] || fail "it waits all the same"
	reads "$tmp/e" 'a signal came'
	has_filter egress
}

test_stopped() {
	wire
	start tc-drop-tcp --clsact -i 0 veth0
	drops_tcp || fail "TCP passes"
	kill -STOP "$pid"
	poll 6 passes_tcp || fail "it still drops after its lease"
	kill -CONT "$pid"
	poll 4 drops_tcp || fail "TCP still passes"
	kill "$pid"
	ends 0
	clean
}

test_foreign_qdisc() {
	wire
	on tc qdisc add dev veth0 clsact
	on tc filter add dev veth0 egress prio 1 handle 1 bpf da obj "$tc_tcp" sec tc
	state before
	expect 0 on tc-drop-tcp --clsact -i 0 -t 50ms veth0
	clean
	refused 3 'left alone.*by netlink \(tc\).*tc filter del' tc-drop-tcp --detach veth0
	on tc filter del dev veth0 egress
	state before
	expect 0 on tc-drop-tcp --clsact -i 0 -t 50ms veth0
	clean
}

test_foreign_filter() {
	wire
	start tc-drop-tcp --clsact -i 0 veth0
	on tc filter add dev veth0 ingress prio 5 handle 7 bpf da obj "$tc_tcp" sec tc
	kill "$pid"
	ends 0
	has '^veth0 clsact-ingress .* by netlink \(tc\), priority 5 handle 0x7$'
	! has_filter egress || fail "ours is left"
}

test_two_directions() {
	local first

	wire
	for way in "--ingress --egress" "--egress --ingress"; do
		start tc-drop-tcp --clsact "${way% *}" -i 0 veth0
		first=$pid
		start tc-drop-tcp --clsact "${way#* }" -i 0 veth0
		kill "$first"
		poll 4 has_not "held by process $first"
		has "held by process $pid "
		kill "$pid"
		ends 0
		clean
	done
}

test_taken_off() {
	wire
	start tc-drop-tcp --clsact -i 0 veth0
	on tc qdisc del dev veth0 clsact
	ends 1
	said 'veth0: no longer attached'
	clean
	start tc-drop-tcp --clsact -i 0 veth0
	on tc filter del dev veth0 egress
	ends 1
	said 'veth0: no longer attached'
	clean
}

ktap_case output test_json "--json: one object a line, the last is final"
ktap_case output test_table "the table of counters"
ktap_case output test_live "the table on a terminal"
ktap_case output test_interval "--interval"
ktap_case output test_verbose "--verbose, once and twice"
ktap_case output test_head "a reader that goes away"
ktap_case output test_full "no space left for the output"
ktap_case output test_closed "closed descriptors"
ktap_case end test_signals "SIGINT, SIGTERM and SIGHUP: detached, exit 0"
ktap_case end test_nohup "SIGHUP under nohup: it goes on"
ktap_case end test_killed "SIGKILL: the link goes with the process"
ktap_case end test_timeout "--timeout"
ktap_case end test_observe "--observe counts and passes"
ktap_case end test_capabilities "capabilities are given up"
ktap_case meanwhile test_deleted "the interface is deleted"
ktap_case meanwhile test_one_deleted "one of two interfaces is deleted"
ktap_case meanwhile test_renamed "the interface is renamed"
ktap_case lease test_left_over "clsact: a killed run leaves an inert filter, removed by the next"
ktap_case lease test_killed_pinning "clsact: --pin, killed at any moment: nothing drops for ever"
ktap_case lease test_lost_answers "clsact: answers of the kernel are lost: nothing is left"
ktap_case lease test_endless "clsact: a leftover without end is removed, in seconds"
ktap_case lease test_endless_signal "clsact: a signal ends the waiting"
ktap_case lease test_stopped "clsact: a stopped run drops no more"
ktap_case clsact test_left_over_detach "clsact: --detach removes what a killed run left"
ktap_case clsact test_foreign_qdisc "clsact: another's qdisc and filter stay"
ktap_case clsact test_foreign_filter "clsact: another's filter on our qdisc stays"
ktap_case clsact test_two_directions "clsact: the last of two runs removes the qdisc"
ktap_case clsact test_taken_off "clsact: the qdisc or the filter is removed by somebody"
ktap_run "$@"
