#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# clsact: a filter has no link, and outlives a loader that is killed.
set -eu

. "$(dirname "$0")/lib/cli_lib.sh"
cli_private "$@"

has_filter() {
	local now

	cli_state now
	[[ $now = *"veth0 $1 filter 1/0xbdf bpf program"* ]]
}

test_left_over() {
	cli_start tc-drop-tcp --clsact -i 0 veth0
	kill -9 "$pid"
	cli_ends 137
	cli_drops_tcp || fail "it does not outlive its loader?"
	cli_has '^veth0 clsact-egress .* left by a tc-drop-tcp that was killed( just now.*)? priority 1 handle 0xbdf$'
	poll 6 cli_passes_tcp || fail "it still drops after its lease"
	has_filter egress
	cli_start tc-drop-tcp --clsact -i 0 veth0
	cli_stop
	said 'veth0: removing program id [0-9]+.*drops nothing any more: left by a tc-drop-tcp that was killed'
	cli_clean
}

test_left_over_detach() {
	cli_start tc-drop-tcp --clsact --ingress -i 0 veth0
	kill -9 "$pid"
	cli_ends 137
	has_filter ingress
	expect 0 cli_on tc-drop-tcp --detach veth0
	said "veth0: detached program id [0-9]+ 'tc_drop_tcp'.* from clsact ingress"
	cli_clean
}

# At whatever answer of the kernel's it is killed: while it attaches, before it is
# pinned, after that.
test_killed_pinning() {
	local n=0 status=137

	while [ "$status" = 137 ]; do
		status=0
		cli_on "$tool" deny "RECEIVE@$((++n))" KILL tc-drop-tcp --clsact --pin veth0 \
			2>"$tmp/pin" || status=$?
		! has_filter egress || [ "$status" = 0 ] || poll 4 cli_passes_tcp || fail "$n: it goes on dropping"
		expect 0 cli_on tc-drop-tcp --detach veth0
		same_as_before || fail "$n: something is left"
	done
	[ "$status" = 0 ] || fail "exit status $status: $(<"$tmp/pin")"
	[ "$n" -gt 5 ] || fail "killed only $n times"
	cli_clean
}

# A run for which the $2th call $1 fails for want of memory; its exit status is in $status.
without_memory() {
	status=0
	cli_on "$tool" deny "$1@$2" ENOBUFS tc-drop-tcp --clsact -i 0 -t 1ms veth0 \
		>"$tmp/out" 2>"$tmp/err" || status=$?
}

# All that the kernel has done is undone, also what it could not say for want of memory.
test_lost_answers() {
	local n status lost=0

	for n in {1..20}; do
		without_memory RECEIVE "$n"
		case $status in
		0) ;;
		1) said 'no memory for its answer' && lost=$((lost + 1)) ;;
		*) fail "$n: exit status $status: $(<"$tmp/err")" ;;
		esac
		same_as_before || fail "$n, exit status $status: not as it was"
	done
	[ "$lost" -gt 0 ] || fail "no answer is lost"
}

# Want of memory at one moment: the request is made again; but not for ever.
test_requests_fail() {
	local n status

	expect 1 cli_on "$tool" deny SEND ENOBUFS tc-drop-tcp --clsact -i 0 -t 1ms veth0
	said memory
	for n in {1..20}; do
		without_memory SEND "$n"
		[ "$status" = 0 ] || fail "$n: exit status $status: $(<"$tmp/err")"
		same_as_before || fail "$n, exit status $status: not as it was"
	done
}

test_two_at_once() {
	local n first

	for n in {1..15}; do
		"${in_host[@]}" tc-drop-tcp --clsact --ingress -i 0 -t 1ms veth0 >"$tmp/first" 2>&1 &
		first=$!
		# Either may find what it is about to use removed by the other.
		cli_on tc-drop-tcp --clsact -i 0 -t 1ms veth0 >"$tmp/second" 2>&1 || true
		wait "$first" || true
		same_as_before || fail "$n: not as it was: $(<"$tmp/first")$(<"$tmp/second")"
	done
}

# Others may want an empty one for later; theirs it is, too, once they have replaced ours.
test_empty_qdisc() {
	need tc
	cli_on tc qdisc add dev veth0 clsact
	cli_refused 0 'veth0: nothing of' tc-drop-tcp --detach veth0
	cli_on tc qdisc del dev veth0 clsact
	cli_start tc-drop-tcp --clsact -i 0 veth0
	cli_on tc qdisc replace dev veth0 clsact
	cli_stop
	cli_state now
	[[ $now = *'veth0 qdisc ffff:'* ]] || fail "it is gone: $now"
	cli_refused 0 'veth0: nothing of' tc-drop-tcp --detach veth0
}

# One that nobody holds any more is removed, and --detach says so.
test_left_qdisc() {
	leave_qdisc || fail "no run leaves a qdisc alone"
	expect 0 cli_on tc-drop-tcp --detach veth0
	said 'veth0: removed the clsact qdisc that a run left'
	cli_unsaid 'nothing of'
	cli_clean
	leave_qdisc
	expect 0 cli_on tc-drop-tcp --clsact -i 0 -t 1ms veth0
	cli_clean
}

leave_qdisc() {
	local n

	for n in {1..20}; do
		cli_on "$tool" deny "RECEIVE@$n" KILL tc-drop-tcp --clsact -i 0 -t 1ms veth0 \
			>"$tmp/out" 2>"$tmp/err" || true
		cli_state now
		[[ $now != *'veth0 egress filter'* ]] || return 1
		[[ $now != *'veth0 qdisc ffff:'* ]] || return 0
	done
	return 1
}

# To ask for a filter holds the qdisc for that moment, and then nobody can remove it.
test_looked_at() {
	local n looking

	need tc
	yes 'filter get dev veth0 egress protocol all prio 1 handle 0xbdf bpf' |
		"${in_host[@]}" timeout $((30 * slack)) tc -force -batch - >"$tmp/looking" 2>&1 &
	looking=$!
	for n in {1..20}; do
		expect 0 cli_on tc-drop-tcp --clsact -i 0 -t 1ms veth0
	done
	kill "$looking"
	wait "$looking" || true
	cli_clean
}

same_as_before() {
	wanted=$before
	cli_same
}

# A filter of ours whose deadline never comes, and which nobody pinned.
wire_endless() {
	local id bytes

	need bpftool jq tc
	cli_on tc qdisc add dev veth0 clsact
	cli_on tc filter add dev veth0 egress prio 1 handle 0xbdf bpf da obj "$tc_tcp" sec tc
	id=$(cli_on tc -j filter show dev veth0 egress | jq '.[].options.prog.id | numbers')
	id=$(cli_on bpftool -j prog show id "$id" | jq '.map_ids[]')
	for id in $id; do
		bytes=$(cli_on bpftool -j map show id "$id" | jq -r 'select(.name == "tc_drop_.bss").bytes_value')
		[ "$bytes" = 24 ] || continue
		cli_on bpftool map update id "$id" key 0 0 0 0 \
			value 255 255 255 255 255 255 255 255 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
		return 0
	done
	fail "there is no map .bss"
}

test_endless() {
	wire_endless
	expect 0 cli_on tc-drop-tcp --detach veth0
	said 'veth0: detached'
	! has_filter egress || fail "it is not removed"
}

# bash and enter, which are this process at first, block some for a moment, too.
has_blocked_signals() {
	local value

	proc_line "$pid" status Name
	[ "$value" = tc-drop-tcp ] || return
	proc_line "$pid" status SigBlk
	[[ $value =~ [1-9a-f] ]]
}

test_endless_signal() {
	local began

	wire_endless
	"${in_host[@]:0:2}" -i "${in_host[@]:2}" tc-drop-tcp --clsact veth0 >"$tmp/o" 2>"$tmp/e" &
	pid=$!
	logs[$pid]=$tmp/none
	touch "$tmp/none.out" "$tmp/none.err"
	poll 2 has_blocked_signals
	began=${EPOCHREALTIME/./}
	kill -INT "$pid"
	cli_ends 1
	[ $((${EPOCHREALTIME/./} - began)) -lt $((1500000 * slack)) ] || fail "it waits all the same"
	reads "$tmp/e" 'a signal came'
	has_filter egress
}

test_stopped() {
	cli_start tc-drop-tcp --clsact -i 0 veth0
	cli_drops_tcp || fail "TCP passes"
	kill -STOP "$pid"
	poll 6 cli_passes_tcp || fail "it still drops after its lease"
	kill -CONT "$pid"
	poll 4 cli_drops_tcp || fail "TCP still passes"
	cli_stop
	cli_clean
}

test_foreign_qdisc() {
	cli_on tc qdisc add dev veth0 clsact
	cli_on tc filter add dev veth0 egress prio 1 handle 1 bpf da obj "$tc_tcp" sec tc
	cli_state before
	expect 0 cli_on tc-drop-tcp --clsact -i 0 -t 50ms veth0
	cli_clean
	cli_refused 3 'left alone.*by netlink \(tc\).*tc filter del' tc-drop-tcp --detach --force veth0
	# What it says is to be typed, as it is.
	read_text "$tmp/err"
	[[ $text =~ \'(tc\ filter\ del\ .*)\' ]]
	read -ra command <<<"${BASH_REMATCH[1]}"
	cli_on "${command[@]}"
	cli_has_not 'veth0' || fail "still there after: ${command[*]}"
	cli_on tc filter add dev veth0 egress prio 7 bpf bytecode '1,6 0 0 0' flowid 1:1
	cli_state before
	cli_start tc-drop-tcp --clsact -i 0 veth0
	cli_drops_tcp || fail "TCP passes"
	cli_stop
	cli_clean
	cli_passes_tcp
}

test_foreign_on_clsact() {
	cli_start tc-drop-tcp --clsact -i 0 veth0
	cli_on tc filter add dev veth0 ingress prio 5 handle 7 bpf da obj "$tc_tcp" sec tc
	cli_stop
	cli_has '^veth0 clsact-ingress .* by netlink \(tc\) priority 5 handle 0x7$'
	! has_filter egress || fail "ours is left"
}

test_two_directions() {
	local first

	for way in "--ingress --egress" "--egress --ingress"; do
		cli_start tc-drop-tcp --clsact "${way% *}" -i 0 veth0
		first=$pid
		cli_start tc-drop-tcp --clsact "${way#* }" -i 0 veth0
		kill "$first"
		poll 4 cli_has_not "held by process $first"
		cli_has "held by process $pid "
		cli_stop
		cli_clean
	done
}

test_taken_off() {
	cli_start tc-drop-tcp --clsact -i 0 veth0
	cli_on tc qdisc del dev veth0 clsact
	cli_ends 1
	said 'veth0: no longer attached'
	cli_clean
	cli_start tc-drop-tcp --clsact -i 0 veth0
	cli_on tc filter del dev veth0 egress
	cli_ends 1
	said 'veth0: no longer attached'
	told 'veth0.*\(end\)$'
	cli_clean
	cli_start tc-drop-tcp --clsact --json -i 0 veth0
	cli_on tc filter del dev veth0 egress
	cli_ends 1
	told '"event":"lost",.*"why":"taken off"'
	cli_clean
}

setup_crowd() {
	local i

	cli_wire_again
	for i in {1..500}; do echo "link add many$i type veth peer name many-$i"; done | cli_on ip -batch -
	cli_state before
}

# calls_at_most N PROGRAM…: so many system calls for each of $of interfaces, and 5000 besides.
calls_at_most() {
	local calls

	"${in_host[@]}" "$tool" deny --count "$tmp/calls" "${@:2}" >"$tmp/out" 2>"$tmp/err" ||
		fail "exit status $?: $(<"$tmp/err")"
	calls=$(awk '{ calls += $2 } END { print calls }' "$tmp/calls")
	[ "$calls" -le $(($1 * of + 5000)) ] || fail "$calls calls for $of interfaces: $(<"$tmp/calls")"
}

# Where there is TCX, the kernel would wait on each of them.
test_crowd() {
	local count of=1000

	calls_at_most 30 tc-drop-tcp --json -i 0 -t 1ms 'many*'
	count '"event":"attached",.*"hook":"clsact-egress"'
	[ "$count" = 1000 ] || fail "$count are attached: $(head "$tmp/out")"
	! has_tcx || said '^tc-drop-tcp: 1000 interfaces: using clsact.*--tcx'
	cli_clean
}

# By TCX ours is the first program: so also where others use TC, and for few.
test_crowd_by_tcx() {
	need tc
	has_tcx || skip "Linux 6.6 has TCX, this is $(uname -r)"
	by_tcx 16 many{1..16}
	by_tcx 17 --tcx many{1..17}
	cli_on tc qdisc add dev many1 clsact
	by_tcx 17 many{1..17}
	cli_on tc qdisc del dev many1 clsact
	cli_clean
}

by_tcx() {
	local count

	expect 0 cli_on tc-drop-tcp --json -i 0 -t 1ms "${@:2}"
	count '"event":"attached",.*"hook":"tcx-egress"'
	[ "$count" = "$1" ] || fail "$count of $1 by TCX: $(<"$tmp/out")"
	cli_unsaid 'using clsact'
}

# What is asked for once for each pin is not asked for each of the others, too.
test_crowd_pins() {
	local program count of=90

	for program in "xdp-drop-tcp -S" "tc-drop-tcp"; do
		# shellcheck disable=SC2086 # a program and its option
		calls_at_most 40 $program --pin 'many[1-9][0-9]'
		calls_at_most 60 xdp-drop-tcp --list 'many[1-9][0-9]'
		count 'left by|pinned'
		[ "$count" = 90 ] || fail "$count are pinned: $(<"$tmp/out")"
		calls_at_most 110 "${program% -S}" --detach
	done
	cli_clean
}

ktap_case lease test_left_over "clsact: a killed run leaves an inert filter, removed by the next"
ktap_case clsact test_left_over_detach "clsact: --detach removes what a killed run left"
ktap_case lease test_killed_pinning "clsact: --pin, killed at any moment: nothing drops for ever"
ktap_case lease test_lost_answers "clsact: answers of the kernel are lost: nothing is left"
ktap_case lease test_requests_fail "clsact: a request that fails is made again"
ktap_case lease test_looked_at "others look at the filter all the time"
ktap_case lease test_endless "clsact: a leftover without end is removed, in seconds"
ktap_case lease test_endless_signal "clsact: a signal ends the waiting"
ktap_case lease test_stopped "clsact: a stopped run drops no more"
ktap_case clsact test_foreign_qdisc "clsact: another's qdisc and filter stay"
ktap_case clsact test_foreign_on_clsact "clsact: another's filter on our qdisc stays"
ktap_case clsact test_two_directions "clsact: the last of two runs removes the qdisc"
ktap_case clsact test_two_at_once "clsact: two that begin and end at once leave no qdisc"
ktap_case clsact test_empty_qdisc "clsact: another's empty qdisc stays"
ktap_case clsact test_left_qdisc "clsact: a qdisc without a filter that a run left"
ktap_case clsact test_taken_off "clsact: the qdisc or the filter is removed by somebody"
ktap_case crowd test_crowd "1000 interfaces: by clsact, in so many system calls"
ktap_case crowd test_crowd_by_tcx "up to 16, beside others' qdiscs, and with --tcx: by TCX"
ktap_case crowd test_crowd_pins "90 pins: --list and --detach, in so many system calls"
ktap_run "$@"
