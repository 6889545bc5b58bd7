#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# --force in vain: what was there is there again, held by the same; and if it was not in
# vain, nothing passes in between. One group: they share a BPF file system.
set -eu

. "$(dirname "$0")/lib/cli_lib.sh"
cli_private "$@"

ktap_before_each=cli_wire_unpinned

# Programs, links and owners, without what they count
list_to() {
	cli_on xdp-drop-tcp --list --json 2>"$tmp/none" | sed 's/,"state":.*//' >"$1"
}

as_listed() {
	list_to "$tmp/is"
	cmp -s "$tmp/was" "$tmp/is" || fail "$1: not as it was:"$'\n'"$(diff "$tmp/was" "$tmp/is")"
}

# in_vain STATUS REGEX CMD…: nothing is changed, nor who holds it.
in_vain() {
	list_to "$tmp/was"
	cli_refused "$@"
	cli_unsaid 'took off|replacing|removing'
	as_listed "${*:3}"
}

# Two more interfaces: native XDP is refused on few0, for its peer's transmit queues.
wire_more() {
	cli_on ip -batch - <<-END
		link add veth1 type veth peer name veth2
		link add few0 numrxqueues 1 numtxqueues 1 type veth peer name few1 numrxqueues 2 numtxqueues 2
	END
	cli_state before
}

test_link() {
	wire_more
	cli_hold_links "$xdp_world" "$host" veth0
	in_vain 1 'few0: .*queues' xdp-drop-tcp --force -N veth0 few0
	in_vain 1 'few0: .*queues' xdp-drop-tcp --force -N --pin few0 veth0
	cli_start xdp-drop-tcp --force -i 0 veth0 few0
	cli_stop INT
	said "veth0: took off program id [0-9]+ 'xdp_drop_world'.*held by process $foreign "
	cli_clean
}

# Nothing can come, or come back, below a device with an XDP program.
test_force_above() {
	is_linux 5.15 || skip "before Linux 5.15 it can be attached there, this is $(uname -r)"
	or_skip "this kernel has no bridge" cli_on ip link add bridge0 type bridge
	cli_on ip link set veth0 master bridge0
	cli_hold_links "$xdp_world" "$host" veth0
	cli_state before
	cli_start xdp-drop-tcp --force -i 0 bridge0 veth0
	cli_stop INT
	said 'veth0: took off'
	kill "$foreign"
	wait "$foreign" || true
	cli_on ip link set veth0 xdpdrv obj "$xdp_world" sec xdp
	cli_start xdp-drop-tcp --force -i 0 bridge0 veth0
	cli_stop INT
	cli_on ip link set veth0 xdpdrv obj "$xdp_world" sec xdp
	cli_start xdp-drop-tcp -i 0 bridge0
	in_vain 3 'veth0: bridge0, a device above it, has .*Nothing was changed' xdp-drop-tcp --force veth0
	in_vain 3 'veth0: bridge0, a device above it, has ' xdp-drop-tcp --force bridge0 veth0
	cli_stop INT
	cli_on ip link del bridge0
}

test_capture() {
	cli_hold_links "$xdp_world" "$host" veth0
	in_vain 1 'cannot be written: No space left' xdp-drop-tcp --force --write /dev/full veth0
	cli_has "held by process $foreign "
}

# Links in the mode we want run our program meanwhile, others have to go first.
test_link_other_mode() {
	wire_more
	cli_hold_links "$xdp_world" "$host" veth0
	cli_on ip link set few0 xdpgeneric obj "$xdp_world" sec xdp
	in_vain 1 'few0: .*queues' xdp-drop-tcp --force -N veth0 few0
	cli_has "^veth0 xdp-native .*held by process $foreign "
}

# A generic link, that has to go before native XDP can be tried: its program is put back.
test_link_lost() {
	or_skip "this kernel has no bridge" cli_on ip link add bridge0 type bridge
	cli_hold_links "$xdp_world" "$host" bridge0 "$host" veth0
	cli_state before
	cli_says 4 'bridge0: cannot attach to native XDP' xdp-drop-tcp --force -N bridge0 veth0
	said "bridge0: restored program id [0-9]+ 'xdp_drop_world'.*its link is gone"
	cli_unsaid 'veth0: restored|took off'
	cli_has '^bridge0 xdp-generic .*by netlink'
	cli_has "^veth0 xdp-native .*held by process $foreign "
	cli_on ip link del bridge0
}

test_pin_stays() {
	local mode

	wire_more
	for mode in -N -S; do
		expect 0 cli_on xdp-drop-world "$mode" --pin veth0
		in_vain 1 'few0: .*queues' xdp-drop-tcp --force -N veth0 few0
		in_vain 1 'few0: .*queues' xdp-drop-world --force -N --pin veth0 few0
		expect 0 cli_on xdp-drop-world --detach veth0
	done
	cli_clean
}

# every_failure CALLS ERRNO CMD…: each of its system calls of these kinds fails once; it fails,
# or does what it is to do. $prepare attaches what is there before.
every_failure() {
	local call count n status

	cli_wire_filter
	$prepare
	expect 0 cli_on "$tool" deny --count "$tmp/calls" "${@:3}"
	every_failure_anew "$3"
	for call in $1; do
		count=$(awk -v call="$call" '$1 == call { print $2 }' "$tmp/calls")
		for ((n = 1; n <= count; n++)); do
			status=0
			cli_on "$tool" deny "$call@$n" "${@:2}" >"$tmp/out" 2>"$tmp/err" || status=$?
			if [ "$status" = 0 ]; then
				every_failure_anew "$3"
				continue
			fi
			[ "$status" = 1 ] || fail "$call@$n: exit status $status: $(<"$tmp/err")"
			cli_unsaid 'took off|replacing|removing'
			all_to "$tmp/is"
			cmp -s "$tmp/was" "$tmp/is" ||
				fail "$call@$n: not as it was:"$'\n'"$(diff "$tmp/was" "$tmp/is")"$'\n'"$(<"$tmp/err")"
		done
	done
}

every_failure_anew() {
	expect 0 cli_on "$1" --detach --force '*'
	$prepare
	all_to "$tmp/was"
}

# State and owners; a link that was made again has another number.
all_to() {
	local state

	cli_state state
	list_to "$1.list"
	sed -E 's/^link [0-9]+/link/; s/"link_id":[0-9]+/"link_id":0/' "$1.list" - <<<"$state" >"$1"
}

of_links='LINK_CREATE LINK_FD LINK_DETACH PROG_FD OBJ_PIN OBJ_GET'

test_failures_xdp() {
	local prepare=pin_xdp

	wire_more
	every_failure "$of_links" ENOMEM xdp-drop-tcp --pin --force veth0 veth1 veth2 few0
}

pin_xdp() {
	expect 0 cli_on xdp-drop-world --pin veth0
	cli_on ip link set veth1 xdpdrv obj "$xdp_world" sec xdp
	expect 0 cli_on xdp-drop-tcp -S --pin few0
}

test_failures_tcx() {
	local prepare=pin_tcx

	has_tcx || skip "Linux 6.6 has TCX, this is $(uname -r)"
	wire_more
	every_failure "$of_links" ENOMEM tc-drop-tcp --pin --force veth0 veth1 veth2
}

pin_tcx() {
	expect 0 cli_on tc-drop-tcp --pin veth0 veth1
}

test_failures_clsact() {
	local prepare=pin_clsact

	need tc
	wire_more
	cli_on tc qdisc add dev veth1 clsact
	every_failure "RECEIVE PROG_FD" ENOBUFS tc-drop-tcp --clsact --pin --force veth0 veth1
}

pin_clsact() {
	expect 0 cli_on tc-drop-tcp --clsact --pin veth0
	"$tool" foreign filter "$host" veth1 other 4
}

# Killed before it is attached by a link of its own, it does not drop on in another's.
test_force_killed() {
	local status=0

	cli_hold_links "$xdp_world" "$host" veth0
	cli_wire_filter
	cli_on "$tool" deny LINK_DETACH@1 KILL xdp-drop-tcp --force -i 0 veth0 >"$tmp/out" 2>&1 || status=$?
	[ "$status" = 137 ] || fail "exit status $status: $(<"$tmp/out")"
	cli_has "^veth0 xdp-native [0-9]+ xdp_drop_tcp .*held by process $foreign "
	poll 6 cli_passes_tcp || fail "it goes on dropping"
}

# The link's number
test_no_gap() {
	local way was now link='"link_id":([0-9]+)'

	for way in "xdp-drop-tcp" "xdp-drop-tcp -S" "tc-drop-tcp --tcx"; do
		[[ $way != *--tcx ]] || has_tcx || continue
		# shellcheck disable=SC2086 # program and options
		expect 0 cli_on $way --pin veth0
		list_to "$tmp/was"
		[[ $(<"$tmp/was") =~ $link ]]
		was=${BASH_REMATCH[1]}
		# shellcheck disable=SC2086 # program and options
		expect 0 cli_on $way --pin --force veth0
		list_to "$tmp/is"
		[[ $(<"$tmp/is") =~ $link ]]
		now=${BASH_REMATCH[1]}
		[ "$was" = "$now" ] || fail "$way: another link: $now, not $was"
		! cmp -s "$tmp/was" "$tmp/is" || fail "$way: nothing is replaced"
		cli_drops_tcp || fail "$way: TCP passes"
		expect 0 cli_on "${way%% *}" --detach veth0
		cli_clean
	done
}

# Between the look and the deed, another run does the same.
test_replaced_meanwhile() {
	cli_wire_filter
	expect 0 cli_on xdp-drop-tcp --pin veth0
	cli_stopped LINK_UPDATE@1 xdp-drop-tcp --force --pin veth0
	expect 0 cli_on xdp-drop-tcp --force --pin veth0
	list_to "$tmp/was"
	kill -CONT "$waiting"
	cli_ends 3
	said 'veth0: .*another XDP program'
	as_listed "replaced meanwhile"
	expect 0 cli_on xdp-drop-tcp --detach veth0
	cli_clean
}

# In the foreground, a pinned link becomes this run's.
test_adopted() {
	local way

	for way in "xdp-drop-tcp" "tc-drop-tcp --tcx" "tc-drop-tcp --clsact"; do
		[[ $way != *--tcx ]] || has_tcx || continue
		# shellcheck disable=SC2086 # program and options
		expect 0 cli_on $way --pin veth0
		# shellcheck disable=SC2086 # program and options
		cli_start $way --force -i 0 veth0
		cli_drops_tcp || fail "$way: TCP passes"
		cli_has "held by process $pid " || fail "$way: not held"
		cli_stop INT
		cli_clean
		[ ! -e /sys/fs/bpf/bpf-drop ] || fail "$way: a pin is left"
	done
}

test_held_tcx() {
	has_tcx || skip "Linux 6.6 has TCX, this is $(uname -r)"
	wire_more
	cli_start tc-drop-tcp --tcx -i 0 veth0
	cli_wire_filter
	in_vain 1 'veth1: .*out of memory' "$tool" deny LINK_CREATE@2 ENOMEM tc-drop-tcp --tcx --force veth0 veth1
	cli_stop INT
	cli_clean
}

test_filter() {
	wire_more
	cli_on tc qdisc add dev veth1 clsact
	or_skip "this kernel has no u32 filter" \
		cli_on tc filter add dev veth1 egress protocol all prio 1 u32 match u32 0 0 classid 1:1
	expect 0 cli_on tc-drop-tcp --clsact --pin veth0
	in_vain 3 'veth1: .*a filter of another kind' tc-drop-tcp --clsact --force veth0 veth1
	in_vain 3 'veth1: .*a filter of another kind' tc-drop-tcp --clsact --force --pin veth1 veth0
	cli_drops_tcp || fail "TCP passes"
	expect 0 cli_on tc-drop-tcp --clsact --pin --force veth0
	said 'veth0: replacing'
	cli_drops_tcp || fail "TCP passes, replaced"
	expect 0 cli_on tc-drop-tcp --detach veth0
	cli_on tc qdisc del dev veth1 clsact
	cli_clean
}

ktap_case force test_link "another's link stays where one interface fails"
ktap_case force test_force_above "a device and the bridge above it"
ktap_case force test_capture "another's link stays where the capture fails"
ktap_case force test_link_other_mode "links of both modes"
ktap_case force test_link_lost "a link in the other mode: its program is put back"
ktap_case force test_pin_stays "a pinned program stays where one interface fails"
ktap_case force test_failures_xdp "XDP: whatever fails, all is as it was"
ktap_case force test_failures_tcx "TCX: the same"
ktap_case force test_failures_clsact "clsact: the same, and answers are lost"
ktap_case force test_force_killed "killed with its program in another's link: inert"
ktap_case force test_no_gap "a pinned link stays, with the new program"
ktap_case force test_replaced_meanwhile "what was replaced meanwhile is left alone"
ktap_case force test_adopted "a pinned program is replaced by a run in the foreground"
ktap_case force test_held_tcx "TCX: a running one goes on where one interface fails"
ktap_case force test_filter "clsact: a pinned filter stays where one interface fails"
ktap_run "$@"
