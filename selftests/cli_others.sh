#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What is not ours, and must not be taken for it: interfaces of other namespaces with
# the same number, others' links, and maps that have only the name of one of ours.
set -eu

. "$(dirname "$0")/lib/cli_lib.sh"
cli_private "$@"

# In the host, tun0 carries IP and wan0 Ethernet; the other end of wan0 is far0 in the
# container's.
wire_wan0() {
	cli_wire
	cli_wire_third
	or_skip "no tun here" cli_on "$tool" probe tun tun0 65534 # ARPHRD_NONE
	cli_on ip link add wan0 type veth peer name far0 netns "$ctr"
	cli_on ip -batch - <<-END
		link set tun0 up
		addr add 198.51.100.1/24 dev wan0
		link set wan0 up
	END
	"${in_ctr[@]}" ip -batch - <<-END
		addr add 198.51.100.2/24 dev far0
		link set far0 up
	END
	poll 5 cli_is_up wan0
}

index_of() {
	cli_state now
	[[ $now =~ $1\ index\ ([0-9]+) ]] || fail "no $1"
	index=${BASH_REMATCH[1]}
}

# wan0 goes to $third, where its number is taken unless that is $1.
move_wan0() {
	index_of wan0
	[ "${1-}" = free ] ||
		"${in_third[@]}" ip link add taken0 index "$index" type veth peer name taken1 index 99
	cli_on ip link set wan0 netns "$third"
	"${in_third[@]}" ip -batch - <<-END
		link set lo up
		addr add 198.51.100.1/24 dev wan0
		link set wan0 up
	END
	poll 5 answers_or_drops
}

# A SYN from far0, to where wan0 is now: refused, lost, or it did not even get there.
connect_to_wan0() {
	"$tool" enter -t 20 "$ctr" "$tool" probe tcp 198.51.100.1 9 300 >"$tmp/tcp" 2>&1 || true
}

answers_or_drops() {
	"$tool" enter -t 20 "$ctr" "$tool" probe icmp 198.51.100.1 300 >"$tmp/icmp" 2>&1
}

wan0_drops() {
	connect_to_wan0
	reads "$tmp/tcp" lost
}

# The last line of JSON of interface $1: its $dropped packets.
dropped_on() {
	local text regex='"interface":'$1',[^}]*"dropped_packets":([0-9]+),[^}]*"final":true'

	read_text "$tmp/out"
	[[ $text =~ $regex ]] || fail "no last line of $1: $text"
	dropped=${BASH_REMATCH[1]}
}

test_moved() {
	local kind way n=0

	for way in "xdp-drop-tcp" "xdp-drop-tcp -S" "tc-drop-tcp --tcx --ingress"; do
		[[ $way != tc-* ]] || has_tcx || continue # a clsact does not move
		for kind in taken free; do
			moves "$tmp/$((++n))"
		done
	done
}

moves() {
	wire_wan0
	# shellcheck disable=SC2086 # program and options
	cli_start $way --json -i 0 --write "$1" tun0 wan0
	move_wan0 "$kind"
	wan0_drops || fail "$way: TCP passes"
	poll 5 reads "${logs[$pid]}.err" 'wan0: moved to another network namespace' ||
		fail "$way: it does not notice: $(<"${logs[$pid]}.err")"
	wan0_drops || fail "$way: TCP passes later"
	cli_stop INT
	[ "$kind" = free ] || said 'wan0: moved .*as number [0-9]+: it stays'
	told '"event":"moved",.*"interface":"wan0",.*"new_ifindex":[0-9]+\}$'
	dropped_on '"wan0"'
	[ "$dropped" -ge 1 ] || fail "$way: nothing is counted on wan0: $(<"$tmp/out")"
	dropped_on '"tun0"'
	[ "$dropped" = 0 ] || fail "$way: wan0's packets are counted on tun0: $(<"$tmp/out")"
	"$tool" pcapng_check "$1" >"$tmp/packets"
	grep -q '^packet=wan0@' "$tmp/packets" || fail "$way: $(<"$tmp/packets")"
	never grep '^packet=tun0@' "$tmp/packets"
	cli_unwire
}

# Before the loader can notice, packets come with a number that it does not know.
test_unknown() {
	wire_wan0
	cli_start xdp-drop-tcp --json -i 0 --write "$tmp/f" tun0 wan0
	kill -STOP "$pid"
	move_wan0
	wan0_drops || fail "TCP passes"
	kill -CONT "$pid"
	poll 5 reads "${logs[$pid]}.err" 'moved to another' || fail "it does not notice"
	poll 5 reads "${logs[$pid]}.err" 'packets of an unknown interface: parsed as Ethernet' || fail "it is not told"
	cli_stop INT
	dropped_on null
	[ "$dropped" -ge 1 ] || fail "nothing is counted as unknown: $(<"$tmp/out")"
	dropped_on '"tun0"'
	[ "$dropped" = 0 ] || fail "they are counted on tun0: $(<"$tmp/out")"
	"$tool" pcapng_check "$tmp/f" >"$tmp/packets"
	grep -q '(unknown)@xdp' "$tmp/packets" || fail "$(<"$tmp/packets")"
}

# Native XDP on a bond runs in its ports' drivers, and they tell their own number.
test_bond() {
	is_linux 5.15 || skip "Linux 5.15 has native XDP on bonds, this is $(uname -r)"
	or_skip "no bond here" cli_on ip link add bond0 type bond mode active-backup miimon 10
	cli_on ip link add port1 type veth peer name far1 netns "$ctr"
	cli_on ip link add port2 type veth peer name far2 netns "$ctr"
	cli_on ip -batch - <<-END
		link set port1 master bond0
		addr add 198.51.100.1/24 dev bond0
		link set bond0 up
	END
	"${in_ctr[@]}" ip -batch - <<-END
		addr add 198.51.100.2/24 dev far1
		link set far1 up
	END
	poll 10 answers_or_drops || fail "the bond does not come up"
	cli_start xdp-drop-tcp -N --json -i 0 veth0 bond0
	wan0_drops || fail "TCP passes"
	cli_on ip link set port2 master bond0
	"${in_ctr[@]}" ip -batch - <<-END
		addr del 198.51.100.2/24 dev far1
		addr add 198.51.100.2/24 dev far2
		link set far2 up
	END
	cli_on ip link set bond0 type bond active_slave port2
	cli_on ip neigh flush all
	poll 10 answers_or_drops || fail "the second port does not come up"
	wan0_drops || fail "TCP passes by the second port"
	cli_stop INT
	dropped_on '"bond0"'
	[ "$dropped" -ge 2 ] || fail "not all is counted on the bond: $(<"$tmp/out")"
	dropped_on '"veth0"'
	[ "$dropped" = 0 ] || fail "they are counted on veth0: $(<"$tmp/out")"
	cli_unsaid 'unknown interface'
	never grep -q '"interface":null' "$tmp/out"
}

# foreign link: one program on veth0 here and in another namespace
hold_both() {
	cli_wire_third
	index_of veth0
	"${in_third[@]}" ip link add veth0 index "$index" type veth peer name eth0 index 99
	cli_hold_links "$1" "$third" veth0 "$host" veth0
}

third_has() {
	"${in_third[@]}" xdp-drop-tcp --list >"$tmp/list" 2>/dev/null
	grep -q "^veth0 .*$1" "$tmp/list"
}

test_same_number() {
	hold_both "$xdp_world"
	cli_state before
	cli_refused 3 "veth0: .*has 2 links .*number $index,.*network namespaces.*Stop the process" xdp-drop-tcp --force veth0
	cli_refused 3 'veth0: .*has 2 links' xdp-drop-world --detach --force veth0
	cli_has "^veth0 xdp-native .*by one of 2 links" || fail "--list does not say so"
	third_has xdp_drop_world || fail "the other namespace has lost it"
	# Where there is but one, it is this one.
	"${in_third[@]}" ip link del veth0
	cli_start xdp-drop-tcp --force -i 0 veth0
	cli_stop INT
	said "took off .*held by process $foreign "
}

# What hangs there by netlink is not taken for another namespace's link.
test_netlink_here() {
	local id

	need bpftool
	hold_both "$xdp_world"
	kill "$foreign"
	wait "$foreign" || true
	cli_hold_links "$xdp_world" "$third" veth0
	foreign_program
	expect 0 cli_on bpftool net attach xdpdrv id "$id" dev veth0
	cli_has '^veth0 xdp-native .*by netlink' || fail "taken for the other's link"
	cli_start xdp-drop-tcp --force -i 0 veth0
	cli_stop INT
	third_has xdp_drop_world || fail "the other namespace has lost it"
}

# Its $id
foreign_program() {
	local line

	third_has xdp_drop_world
	line=$(grep "^veth0 " "$tmp/list")
	read -ra line <<<"$line"
	id=${line[2]}
}

test_same_number_tcx() {
	has_tcx || skip "Linux 6.6 has TCX, this is $(uname -r)"
	hold_both "$tc_tcp"
	cli_start tc-drop-tcp --force -i 0 veth0
	cli_stop INT
	said 'veth0: replacing'
	cli_has_not '^veth0 ' || fail "the one here is still there"
	third_has tc_drop_tcp || fail "the other namespace has lost it"
}

# A map with the name of one of ours, of any size: not a byte of it is read.
test_strange_map() {
	local map

	for map in "x.bss 4096" "x.bss 1" "tc_drop_.bss 64000" "slots 4096" "counters 4096"; do
		cli_wire
		# shellcheck disable=SC2086 # name and size
		"$tool" foreign filter "$host" veth0 $map
		cli_state before
		cli_has "^veth0 clsact-egress .*tc_drop_tcp .* by tc-drop-tcp of another version, or" ||
			fail "$map: not in --list"
		cli_has_not 'dropping|observing|idle|cannot be read' || fail "$map: taken for ours"
		cli_refused 3 'runs there already|left alone' tc-drop-tcp --clsact veth0
		cli_refused 3 'left alone.*not those of this version' tc-drop-tcp --detach veth0
		expect 0 cli_on tc-drop-tcp --detach --force veth0
		said 'veth0: detached .*'
		cli_has_not '^veth0 ' || fail "$map: still there"
		cli_unwire
	done
}

# Our object, as tc loads it, in our place: no loader was killed there.
test_bare() {
	need tc
	cli_on tc qdisc add dev veth0 clsact
	cli_on tc filter add dev veth0 egress prio 1 handle 0xbdf bpf da obj "$tc_tcp" sec tc
	cli_has '^veth0 clsact-egress .*tc_drop_tcp .* by netlink \(tc\) priority 1 handle 0xbdf$' ||
		fail "--list says: $(cli_on tc-drop-tcp --list 2>&1)"
	cli_refused 3 'runs there already.*by netlink.*--force' tc-drop-tcp --clsact veth0
	cli_refused 3 'left alone.*by netlink.*tc filter del.*--force' tc-drop-tcp --detach veth0
	expect 0 cli_on tc-drop-tcp --detach --force veth0
	said 'veth0: detached'
	cli_has_not '^veth0 ' || fail "it is still there"
}

# A program that we do not have, made of one that we have by another name of the same length.
test_other_name() {
	LC_ALL=C sed 's/tc\([-_]\)drop\([-_]\)tcp/tc\1drop\2abc/g' "$(built tc-drop-tcp)" >"$tmp/tc-drop-abc"
	chmod 755 "$tmp/tc-drop-abc"
	expect 0 cli_on "$tmp/tc-drop-abc" --pin --clsact veth0
	cli_has '^veth0 clsact-egress .*tc_drop_abc .* left by tc-drop-abc --pin priority 1 handle 0xbdf$'
	expect 0 cli_on "$tmp/tc-drop-abc" --detach veth0
	cli_clean
	cli_start "$tmp/tc-drop-abc" --clsact -i 0 veth0
	kill -9 "$pid"
	cli_ends 137
	cli_has '^veth0 clsact-egress .* left by a tc-drop-abc that was killed( just now.*)? priority 1 handle 0xbdf$'
}

ktap_case moved test_moved "an interface moves to another namespace: it goes on, as itself"
ktap_case moved test_unknown "packets with an unknown number: Ethernet, counted apart, told"
ktap_case moved test_bond "native XDP on a bond: its ports' packets are the bond's"
ktap_case links test_same_number "one program in two namespaces, the same number: the other's stays"
ktap_case links test_netlink_here "a program by netlink here, by a link there: the link stays"
ktap_case links test_same_number_tcx "the same at TCX, where links are told"
ktap_case maps test_strange_map "a foreign map with a name of ours is not read"
ktap_case maps test_bare "a bare object in our place is no killed run's"
ktap_case maps test_other_name "the owner of a clsact filter, whichever of our programs it is"
ktap_run "$@"
