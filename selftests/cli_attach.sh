#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Attaching: modes, and what is there already.
set -eu

. "$(dirname "$0")/lib/cli_lib.sh"
cli_private "$@"

# attaches HOOK CMD…: CMD attaches to veth0, there, and leaves it clean.
attaches() {
	local regex now

	cli_start "${@:2}"
	cli_has "^veth0 $1 [0-9]+ [a-z_]+ [0-9a-f]{16} held by process $pid "
	expect 0 cli_on xdp-drop-tcp --list --json
	lines "$tmp/out" 1 || fail "not one program: $(<"$tmp/out")"
	case $1 in
	xdp-*) regex="veth0 xdp ${1#*-} [0-9]+ xdp_drop" ;;
	tcx-*) regex="veth0 ${1#*-} tcx 0 link [0-9]+ program [0-9]+ tc_drop_tcp" ;;
	# 8 is direct-action: TCA_BPF_FLAGS.
	clsact-*) regex="veth0 ${1#*-} filter 1/0xbdf bpf 8 1" ;;
	esac
	cli_state now
	[[ $now =~ $regex ]] || fail "no '$regex' in:"$'\n'"$now"
	cli_stop INT
	told "veth0 +$1 .*\(end\)$"
	cli_clean
}

# Linux 6.6 or later?
test_native() {
	local program option

	for program in "${xdp_programs[@]}"; do
		attaches xdp-native "$program" veth0
		said '^'"$program"': veth0: attached \(native XDP, program id [0-9]+, tag [0-9a-f]{16}\)'
		for option in -N --native-mode; do attaches xdp-native "$program" "$option" veth0; done
	done
}

test_generic() {
	local program option

	for program in "${xdp_programs[@]}"; do
		for option in -S --skb-mode; do attaches xdp-generic "$program" "$option" veth0; done
		said 'veth0: attached \(generic XDP'
	done
}

test_no_native() {
	or_skip "this kernel has no bridge" cli_on ip link add bridge0 type bridge
	cli_refused 4 'bridge0: .*the kernel says: Underlying driver does not support XDP in native mode .*--skb-mode' xdp-drop-tcp -N bridge0
	cli_refused 4 'attached to none of the 2 interfaces' xdp-drop-world -N veth0 bridge0
	cli_start xdp-drop-tcp bridge0 veth0
	cli_has '^bridge0 xdp-generic'
	cli_has '^veth0 xdp-native'
	cli_stop
	said 'bridge0: native XDP is refused \(Underlying driver does not support.*\): using generic XDP'
	cli_on ip link del bridge0
	cli_clean
}

test_queues() {
	cli_on ip link add queues0 numrxqueues 1 numtxqueues 1 type veth peer name queues1 numrxqueues 2 numtxqueues 2
	cli_refused 1 'queues0: .*the kernel says: .*queues.*fewer tx queues at its peer or more rx ones here .*--skb-mode' xdp-drop-tcp -N queues0
	expect 0 cli_on xdp-drop-tcp -i 0 -t 1ms queues0
	said 'queues0: native XDP is refused \(.*queues.*\): using generic XDP'
	cli_on ip link del queues0
	cli_clean
}

# A bond's ports decide: one has no native XDP, or a program of its own.
# They come up meanwhile, so the state is not compared.
test_bond_ports() {
	is_linux 5.15 || skip "Linux 5.15 has native XDP on bonds, this is $(uname -r)"
	or_skip "no bond here" cli_on ip link add bond0 type bond mode active-backup
	or_skip "no VLAN here" cli_on ip link add link veth0 name port0 type vlan id 5
	cli_on ip link set port0 master bond0
	cli_says 4 'bond0: .*the kernel says: Slave device does not support XDP ' xdp-drop-tcp -N bond0
	cli_on ip link del port0
	cli_on ip link add port0 type veth peer name port1
	cli_on ip link set port0 master bond0
	cli_start xdp-drop-tcp -i 0 port0
	cli_says 3 'bond0: .*the kernel says: Slave has XDP program loaded.*which port' xdp-drop-tcp -N bond0
	cli_stop
	cli_start xdp-drop-tcp -N -i 0 bond0
	cli_says 3 'port0: .*bond0, a device above it, has' xdp-drop-tcp port0
	cli_stop
	cli_on ip link del port0
	cli_on ip link del bond0
	cli_clean
}

test_tc() {
	local tcx=tcx

	has_tcx || tcx=clsact
	attaches "$tcx-egress" tc-drop-tcp veth0
	attaches "$tcx-egress" tc-drop-tcp --egress veth0
	attaches "$tcx-ingress" tc-drop-tcp --ingress veth0
	attaches clsact-egress tc-drop-tcp --clsact veth0
	attaches clsact-ingress tc-drop-tcp --clsact --ingress veth0
	said 'attached \(clsact ingress, program id'
}

test_tcx() {
	has_tcx || skip "Linux 6.6 has TCX, this is $(uname -r)"
	attaches tcx-egress tc-drop-tcp --tcx veth0
	attaches tcx-ingress tc-drop-tcp --tcx --ingress veth0
}

test_no_tcx() {
	! has_tcx || skip "this kernel has TCX"
	cli_refused 4 'veth0: .*no TCX .*Linux 6\.6.*--clsact' tc-drop-tcp --tcx veth0
}

# tun takes any link type; 280 is CAN's.
test_link_type() {
	or_skip "no tun here that takes a link type" cli_on "$tool" probe tun strange0 280
	cli_refused 2 'strange0: .*neither Ethernet nor plain IP' xdp-drop-tcp strange0
	cli_refused 2 'strange0: .*ARPHRD type 280' tc-drop-tcp veth0 strange0
	expect 0 cli_on xdp-drop-world -t 50ms strange0
	cli_on ip link del strange0
	cli_clean
}

# What is there already

# ip link's own program, in either mode
test_netlink() {
	local mode option

	for mode in xdpdrv xdpgeneric; do
		cli_on ip link set veth0 "$mode" obj "$xdp_world" sec xdp
		for option in '' -N -S --pin; do
			cli_refused 3 "veth0: .*'xdp_drop_world'.*by netlink.*--force" xdp-drop-tcp $option veth0
		done
		cli_refused 3 'runs there already' xdp-drop-world veth0
		cli_refused 3 'left alone.*foreign program' xdp-drop-tcp --detach veth0
		cli_refused 3 "left alone.*ip link set dev IFACE xdp off.*--force" xdp-drop-world --detach veth0
		attaches xdp-native xdp-drop-tcp --force veth0
		said "took off program id [0-9]+ 'xdp_drop_world'"
		cli_on ip link set veth0 "$mode" obj "$xdp_world" sec xdp
		expect 0 cli_on xdp-drop-world --detach --force veth0
		cli_clean
	done
}

# What --force took off is put back if it was in vain.
test_put_back() {
	local mode

	or_skip "this kernel has no bridge" cli_on ip link add bridge0 type bridge
	for mode in xdpdrv xdpgeneric; do
		cli_on ip link set veth0 "$mode" obj "$xdp_world" sec xdp
		cli_refused 4 'not support XDP in native mode' xdp-drop-tcp --force -N veth0 bridge0
		cli_on ip link set veth0 "$mode" off
	done
	cli_on ip link del bridge0
	cli_clean
}

test_second_instance() {
	local mode first

	for mode in -S -N; do
		cli_start xdp-drop-tcp "$mode" veth0
		first=$pid
		cli_refused 3 "runs there already.*held by process $pid \(xdp-drop-tcp\)" xdp-drop-tcp veth0
		cli_refused 3 'runs there already' xdp-drop-world -S veth0
		cli_refused 3 "left alone.*held by process $pid .*Stop that process.*--force" xdp-drop-tcp -d veth0
		cli_start xdp-drop-world --force veth0
		cli_stop INT
		pid=$first
		cli_ends 1
		said 'veth0: no longer attached'
		cli_clean
	done
	cli_start xdp-drop-tcp veth0
	expect 0 cli_on xdp-drop-tcp --detach --force veth0
	said 'veth0: detached'
	cli_ends 1
	cli_clean
}

# A process that cannot be seen is not one to stop, nor one that was killed.
test_unseen_holder() {
	local alone=(unshare --pid --fork --mount-proc) way ours

	or_skip "no PID namespaces" cli_on "${alone[@]}" true
	for way in xdp-drop-tcp tc-drop-tcp "tc-drop-tcp --clsact"; do
		ours=${way% *}
		# shellcheck disable=SC2086 # a program and its option
		cli_start $way -i 0 veth0
		expect 3 cli_on "${alone[@]}" "$ours" --detach veth0
		said 'left alone: .*cannot be seen from here.*--force\.'
		cli_unsaid 'Stop that process|killed,'
		expect 3 cli_on "$ours" --detach veth0
		said "held by process $pid .*Stop that process"
		expect 0 cli_on "${alone[@]}" "$ours" --list
		never reads "$tmp/out" 'killed,'
		never reads "$tmp/out" 'process [0-9]'
		cli_stop
		cli_clean
	done
}

# Nor below it, from Linux 5.15: what arrives at a bridge's port has an XDP program of the bridge's.
test_above() {
	local kind

	is_linux 5.15 || skip "before Linux 5.15 it can be attached there, this is $(uname -r)"
	cli_on ip -batch - <<-END
		link add bridge0 type bridge
		link add port0 type veth peer name port1
		link set port0 master bridge0
	END
	cli_start xdp-drop-tcp -S -i 0 bridge0
	cli_refused 3 'port0: cannot attach to native XDP: bridge0, a device above it, has .*--list' xdp-drop-tcp port0
	cli_refused 3 'port0: cannot attach to generic XDP: bridge0, a device above it, has ' xdp-drop-tcp --force -S port0
	cli_stop
	# Both at once: the lower one first. The device above came first, or not.
	expect 0 cli_on xdp-drop-tcp -i 0 -t 1ms bridge0 port0
	for kind in macvlan 'vlan id 5'; do
		# shellcheck disable=SC2086 # words
		cli_on ip link add link port1 name above0 type $kind 2>"$tmp/ip" || continue
		expect 0 cli_on xdp-drop-tcp -i 0 -t 1ms port0 port1 above0 bridge0
		cli_start xdp-drop-tcp -i 0 above0
		cli_refused 3 'port1: cannot attach .* above0, a device above it, has ' xdp-drop-tcp port0 port1
		cli_stop
		cli_on ip link del above0
	done
	cli_on ip link del port0
	cli_on ip link del bridge0
	cli_clean
}

test_second_tc() {
	local way first second

	for way in --tcx --clsact; do
		has_tcx || [ "$way" != --tcx ] || continue
		cli_start tc-drop-tcp "$way" veth0
		first=$pid
		cli_refused 3 "this program runs there already.*held by process $pid " tc-drop-tcp veth0
		cli_refused 3 'this program runs there already' tc-drop-tcp --clsact veth0
		cli_refused 3 "left alone.*held by process $pid " tc-drop-tcp --detach veth0
		attaches_too "$way" --ingress
		cli_start tc-drop-tcp --force "$way" veth0
		second=$pid pid=$first
		cli_ends 1
		pid=$second
		cli_drops_tcp || fail "$way: the first one has detached the second one"
		cli_stop INT
		said 'replacing program id'
		cli_clean
	done
}

# The other direction is free, and what is here stays.
attaches_too() {
	local first=$pid

	cli_start tc-drop-tcp "$@" veth0
	cli_stop INT
	pid=$first
	cli_has "held by process $pid "
}

test_foreign_filter() {
	cli_on tc qdisc add dev veth0 clsact
	cli_state before
	or_skip "this kernel has no u32 filter" \
		cli_on tc filter add dev veth0 egress protocol all prio 1 u32 match u32 0 0 classid 1:1
	cli_refused 3 'a filter of another kind.*--tcx' tc-drop-tcp --clsact veth0
	cli_refused 3 'a filter of another kind' tc-drop-tcp --clsact --force veth0
	expect 0 cli_on tc-drop-tcp --clsact --ingress -t 50ms veth0
	cli_on tc filter del dev veth0 egress prio 1
	cli_clean
	cli_on tc qdisc del dev veth0 clsact
}

test_ingress_qdisc() {
	cli_on tc qdisc add dev veth0 ingress
	cli_state before
	cli_refused 3 'an ingress qdisc.*no egress side.*--tcx' tc-drop-tcp --clsact veth0
	cli_refused 3 'an ingress qdisc' tc-drop-tcp --clsact --egress --force --pin veth0
	attaches clsact-ingress tc-drop-tcp --clsact --ingress veth0
	cli_on tc qdisc del dev veth0 ingress
}

# --list

test_list_empty() {
	local program

	for program in "${programs[@]}"; do
		expect 0 cli_on "$program" --list
		said 'no XDP, TCX or clsact program is attached'
		expect 0 cli_on "$program" --list --json veth0
		[ ! -s "$tmp/out" ] || fail "data: $(<"$tmp/out")"
	done
}

test_list() {
	local way dev hook line count rows=() tcx=tcx counters='("[a-z]+_(packets|bytes)":[0-9]+,?){10}'

	has_tcx || tcx=clsact
	cli_on ip link add veth1 type veth peer name veth2
	cli_on ip link set veth1 xdpdrv obj "$xdp_world" sec xdp
	cli_on ip link set veth2 xdpgeneric obj "$xdp_world" sec xdp
	cli_on tc qdisc add dev veth2 clsact
	cli_on tc filter add dev veth2 ingress prio 7 handle 3 bpf da obj "$tc_tcp" sec tc
	cli_start xdp-drop-tcp veth0
	rows+=("veth0 xdp-native ID xdp_drop_tcp TAG held by process $pid \(xdp-drop-tcp\)")
	for way in "$tcx-egress veth0" "$tcx-ingress veth0" "clsact-egress veth1" "clsact-ingress veth1"; do
		dev=${way#* } hook=${way% *}
		cli_start tc-drop-tcp "--${hook%-*}" "--${hook#*-}" "$dev"
		rows+=("$dev $hook ID tc_drop_tcp TAG held by process $pid \(tc-drop-tcp\)( priority 1 handle 0xbdf)?")
	done
	rows+=('veth1 xdp-native ID xdp_drop_world TAG by netlink \(ip link\)'
		'veth2 xdp-generic ID xdp_drop_world TAG by netlink \(ip link\)'
		'veth2 clsact-ingress ID tc_drop_tcp TAG by netlink \(tc\) priority 7 handle 0x3'
		'interface hook id program tag owner')
	expect 0 cli_on tc-drop-tcp --list
	tr -s ' ' <"$tmp/out" | sed -E 's/ [0-9]+ ([a-z_]+) [0-9a-f]{16} / ID \1 TAG /' >"$tmp/table"
	mv "$tmp/table" "$tmp/out"
	for line in "${rows[@]}"; do told "^$line$"; done
	count '^ dropping: dropped 0 packets \(0 B\), passed [0-9]+, undecided 0$'
	[ "$count" = 8 ] || fail "$count of 8 are dropping: $(<"$tmp/out")"
	lines "$tmp/out" 17 || fail "not 17 lines: $(<"$tmp/out")"

	expect 0 cli_on xdp-drop-tcp -l veth2 lo
	count '^veth2 '
	[ "$count" = 2 ] || fail "not 2 of veth2: $(<"$tmp/out")"
	lines "$tmp/out" 5 || fail "not veth2 alone: $(<"$tmp/out")"
	expect 0 cli_on xdp-drop-world --json 'veth[12]' --list
	lines "$tmp/out" 5 || fail "not 5 objects: $(<"$tmp/out")"
	told '^\{"interface":"veth2","ifindex":[0-9]+,"hook":"clsact-ingress","program_id":[0-9]+,"program":"tc_drop_tcp","tag":"[0-9a-f]{16}","priority":7,"handle":3,"protocol":3,"owner":"by netlink \(tc\)","state":"dropping",'"$counters"'\}$'
	expect 0 cli_on xdp-drop-world --json veth0 --list
	told '^\{"interface":"veth0","ifindex":[0-9]+,"hook":"xdp-native","program_id":[0-9]+,"program":"xdp_drop_tcp","tag":"[0-9a-f]{16}","link_id":[0-9]+,"owner":"held by process [0-9]+ \(xdp-drop-tcp\)","state":"dropping",'"$counters"'\}$'
	! command -v jq >/dev/null || jq -e .ifindex "$tmp/out" >"$tmp/jq"
}

ktap_case modes test_native "native XDP, the default and -N"
ktap_case modes test_generic "generic XDP, -S"
ktap_case modes test_no_native "a driver without native XDP"
ktap_case modes test_queues "a veth peer with too many transmit queues"
ktap_case modes test_bond_ports "a bond whose ports refuse"
ktap_case modes test_tc "tc-drop-tcp in both directions, and by clsact"
ktap_case modes test_tcx "--tcx"
ktap_case modes test_no_tcx "--tcx on a kernel without"
ktap_case modes test_link_type "an interface whose frames cannot be read"
ktap_case owners test_netlink "ip link's program: refused, or replaced by --force"
ktap_case owners test_put_back "--force in vain: what was there is put back"
ktap_case owners test_second_instance "a second XDP program"
ktap_case owners test_unseen_holder "a program whose owner cannot be seen"
ktap_case owners test_above "an XDP program on the bridge above"
ktap_case owners test_second_tc "tc-drop-tcp twice"
ktap_case owners test_foreign_filter "a filter of another kind at our priority"
ktap_case owners test_ingress_qdisc "an ingress qdisc has no egress"
ktap_case list test_list_empty "--list with nothing to list"
ktap_case list test_list "--list: all hooks, owners, table and JSON"
ktap_run "$@"
