#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Native XDP where packets may be too large for one buffer: the same program, with frags.
set -eu

. "$(dirname "$0")/lib/cli_lib.sh"
. "$(dirname "$0")/lib/frames.sh"
cli_private "$@"

ktap_before_each=wire_jumbo
wire_jumbo() {
	cli_wire
	"${in_ctr[@]}" ip link set eth0 mtu 9000
	cli_on ip link set veth0 mtu 9000
	cli_state before
}

need_frags() {
	is_linux 5.18 || skip "Linux 5.18 has frags, this is $(uname -r)"
}

# attached_with IFACE WORDS: the run $pid says so.
attached_with() {
	reads "${logs[$pid]}.err" ": $1: attached (native XDP$2, program id" ||
		fail "$1: not native XDP$2: $(<"${logs[$pid]}.err")"
}

# $1 TCP frames of $2 bytes to IFACE's peer, which is $3 here, or eth0
send_tcp() {
	local on=("${in_host[@]}")

	[ -n "${3-}" ] || on=("${in_ctr[@]}")
	"${on[@]}" "$tool" probe flood "${3:-eth0}" "$(frame_tcp "$to_ctr" "" 4 "$2")" "$1" >"$tmp/flood"
}

# On kernels that have frags, the program for them is not loaded. What is advised instead works,
# whatever a page is.
test_without() {
	local mtu deny=() calls

	"${in_ctr[@]}" ip link set eth0 mtu 65535
	if is_linux 5.18; then
		cli_wire_filter
		expect 0 cli_on "$tool" deny --count "$tmp/calls" xdp-drop-tcp -N -i 0 -t 1ms veth0
		calls=$(awk '$1 == "MAP_FREEZE" { print $2 }' "$tmp/calls")
		deny=("$tool" deny "MAP_FREEZE@$calls" EBUSY)
	fi
	cli_refused 1 'the kernel says: .*MTU .*Lower the MTU.*--skb-mode' "${deny[@]}" xdp-drop-tcp -N veth0
	[[ $(<"$tmp/err") =~ the\ peer\'s\ to\ ([0-9]+)\ or\ less ]]
	mtu=${BASH_REMATCH[1]}
	expect 0 cli_on "${deny[@]}" xdp-drop-tcp -i 0 -t 1ms veth0
	said 'native XDP is refused \(.*MTU .*\): using generic XDP'
	said 'veth0: attached \(generic XDP, '
	"${in_ctr[@]}" ip link set eth0 mtu "$mtu"
	expect 0 cli_on xdp-drop-tcp -i 0 -t 1ms veth0
	said 'veth0: attached \(native XDP, '
}

# All bytes are counted, wherever the first buffer ends.
test_all_bytes() {
	local option length bytes=0 lengths=(60 1514 3519 3520 3521 4096 4097 7616 7617 9014)

	need_frags
	for length in "${lengths[@]}"; do
		bytes=$((bytes + length))
		frame_tcp "$to_ctr" "" 4 "$length"
	done >"$tmp/frames"
	for option in --native-mode --observe --top; do
		cli_start xdp-drop-tcp --json -i 0 "$option" veth0
		attached_with veth0 ' with frags'
		"${in_ctr[@]}" "$tool" probe send eth0 - <"$tmp/frames"
		cli_counted ${#lengths[@]}
		cli_stop
		told "\"(dropped|observed)_packets\":${#lengths[@]},\"(dropped|observed)_bytes\":$bytes,.*\"final\":true"
		said 'veth0: the MTU is too large for packets in one buffer'
	done
	cli_start xdp-drop-world -i 0 veth0
	attached_with veth0 ' with frags'
	cli_drops_tcp || fail "TCP passes"
	cli_stop
	cli_unsaid 'one buffer'
	cli_clean
}

# Of one run, each interface has the program that it needs; they count in the same map.
test_mixed() {
	need_frags
	cli_on ip -batch - <<-END
		link add small0 type veth peer name small1
		link set small0 up
		link set small1 up
		link add few0 numrxqueues 1 numtxqueues 1 type veth peer name few1 numrxqueues 2 numtxqueues 2
	END
	cli_state before
	cli_start xdp-drop-tcp -N --json -i 0 veth0 small0
	attached_with veth0 ' with frags'
	attached_with small0 ''
	send_tcp 2 9014
	send_tcp 3 1000 small1
	cli_counted 2
	cli_counted 3
	expect 0 cli_on xdp-drop-tcp --list --json
	told '"interface":"veth0",.*"state":"dropping","frags":true,.*"dropped_packets":2,'
	told '"interface":"small0",.*"state":"dropping","passed_packets":.*"dropped_packets":3,'
	cli_has '^dropping with frags: dropped 2 packets'
	cli_stop
	told '"interface":"veth0",.*"dropped_packets":2,"dropped_bytes":18028,'
	told '"interface":"small0",.*"dropped_packets":3,"dropped_bytes":3000,'
	# To all or none
	cli_refused 1 'few0: .*queues' xdp-drop-tcp -N veth0 small0 few0
	expect 0 cli_on xdp-drop-tcp --pin -N veth0 small0
	send_tcp 1 9014
	expect 0 cli_on xdp-drop-tcp --detach
	cli_clean
}

# What is replaced has frags and what comes has none, and the other way round; or it is in vain.
test_both_replaced() {
	local way

	need_frags
	cli_on ip link add few0 numrxqueues 1 numtxqueues 1 type veth peer name few1 numrxqueues 2 numtxqueues 2
	cli_state before
	expect 0 cli_on xdp-drop-world --pin veth0
	cli_refused 1 'few0: .*queues' xdp-drop-tcp --force -N veth0 few0
	cli_has '^veth0 xdp-native [0-9]+ xdp_drop_world '
	for way in "xdp-drop-tcp --pin" "xdp-drop-world -N --pin" "xdp-drop-tcp -i 0 -t 1ms"; do
		# shellcheck disable=SC2086 # words
		expect 0 cli_on $way --force veth0
		said 'veth0: attached \(native XDP with frags, '
	done
	cli_clean
	"${in_ctr[@]}" ip link set eth0 mtu 1500
	expect 0 cli_on xdp-drop-world --pin veth0
	said 'veth0: attached \(native XDP, '
	expect 0 cli_on xdp-drop-world --detach
	"${in_ctr[@]}" ip link set eth0 mtu 9000
	expect 0 cli_on xdp-drop-world --pin veth0
	"${in_ctr[@]}" ip link set eth0 mtu 1500
	expect 0 cli_on xdp-drop-tcp --pin --force veth0
	said 'veth0: attached \(native XDP, '
	expect 0 cli_on xdp-drop-tcp --detach veth0
}

# Those that come later share one program with frags, too.
test_follow() {
	local id

	need_frags
	"${in_ctr[@]}" ip link set eth0 mtu 1500
	cli_start xdp-drop-tcp --follow -N -i 0 veth0 'late*'
	attached_with veth0 ''
	for id in 0 2; do
		cli_on ip link add "late$id" type veth peer name "far$id" mtu 9000
		poll 5 reads "${logs[$pid]}.err" "late$id: attached (native XDP with frags, " ||
			fail "late$id: not with frags: $(<"${logs[$pid]}.err")"
	done
	expect 0 cli_on xdp-drop-tcp --list --json 'late*'
	[[ $(<"$tmp/out") =~ '"program_id":'([0-9]+),.*'"program_id":'([0-9]+), ]]
	[ "${BASH_REMATCH[1]}" = "${BASH_REMATCH[2]}" ] || fail "two programs: $(<"$tmp/out")"
	cli_stop INT
}

# The driver of a bond's port refuses, and says so.
test_jumbo_bond() {
	need_frags
	or_skip "no bond here" cli_on ip link add bond0 type bond mode active-backup
	cli_on ip -batch - <<-END
		link add port0 type veth peer name far0 mtu 9000
		link set port0 master bond0
		link set bond0 mtu 9000
		link set bond0 up
		link set far0 up
	END
	poll 10 cli_is_up bond0
	cli_start xdp-drop-tcp -N --json -i 0 bond0 veth0
	attached_with bond0 ' with frags'
	send_tcp 2 9014 far0
	cli_counted 2
	cli_stop
	told '"interface":"bond0",.*"dropped_packets":2,"dropped_bytes":18028,'
	cli_on ip link del port0
	cli_on ip link del bond0
	cli_clean
}

ktap_case jumbo test_without "without frags: refused, with what to do instead"
ktap_case jumbo test_all_bytes "frags: all bytes are counted"
ktap_case jumbo test_mixed "frags: beside an interface without, to all or none"
ktap_case jumbo test_both_replaced "frags: programs with and without replace each other"
ktap_case jumbo test_follow "frags: interfaces that come later"
ktap_case jumbo test_jumbo_bond "frags: a bond"
ktap_run "$@"
