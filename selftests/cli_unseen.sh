#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A program that is attached where packets do not get to it, or whose device has no carrier
# after attaching: it is said. Nothing is said where the program sees packets, or where another
# one drops them before.
set -eu

. "$(dirname "$0")/lib/cli_lib.sh"
. "$(dirname "$0")/lib/frames.sh"
cli_private "$@"

unseen='and the program has seen none of them'

# A VRF counts the packets of its ports, and an ifb those that are redirected to it: they get to
# the stack by no hook of its own.
make_vrf() {
	cli_on ip link add unseen0 type vrf table 10
	cli_on ip -batch - <<-END
		link set unseen0 up
		link set veth0 master unseen0
	END
}

make_ifb() {
	cli_on ip link add unseen0 type ifb
	cli_on ip link set unseen0 up
	cli_on tc qdisc add dev veth0 clsact
	cli_on tc filter add dev veth0 ingress protocol all u32 match u32 0 0 \
		action mirred egress redirect dev unseen0
}

# Said within two seconds (or four, on a busy machine), once. TCP is answered by a RST.
tells() {
	local way times='[123][0-9]{3}'

	[ "$slack" = 1 ] || times='[0-9]+'
	"${in_ctr[@]}" "$tool" probe stream 203.0.113.1 9 20 60 >"$tmp/stream" 2>&1 &
	poll 5 [ -s "$tmp/stream" ] || fail "nothing is sent"
	for way in "xdp-drop-tcp -S" "tc-drop-tcp --ingress"; do
		# shellcheck disable=SC2086 # program and options
		cli_start $way --json -i 0 unseen0
		poll 5 reads "${logs[$pid]}.err" "$unseen" || fail "$way: nothing is said: $(<"${logs[$pid]}.err")"
		cli_stop
		said "^${way%% *}: unseen0: [0-9]+ packets have arrived, $unseen: .*\. .*\.\$"
		told '"elapsed_ms":'"$times"',"event":"unseen",.*"interface":"unseen0","ifindex":[0-9]+,"hook":"[a-z-]+"}$'
		count '"event":"unseen"'
		[ "$count" = 1 ] || fail "$count times: $(<"$tmp/out")"
	done
	end_jobs KILL
	cli_on ip link del unseen0
}

test_seen_none() {
	local kind some=

	for kind in vrf ifb; do
		if "make_$kind" 2>"$tmp/$kind"; then
			tells
			some=yes
		fi
	done
	[ -n "$some" ] || skip "this kernel has neither a VRF nor an ifb with redirection: $(<"$tmp/ifb")"
}

# stays_silent IFACE PROGRAM…: one more that must say nothing; the last one is the first to end
stays_silent() {
	cli_start "${@:2}" -i 0 "$1"
	begun=("$pid" "${begun[@]}")
}

# Five echo requests a second from eth0 to veth0's address.
ping_on() {
	while :; do
		"${in_ctr[@]}" "$tool" probe icmp 203.0.113.1 500 || true
		sleep 0.2
	done >"$tmp/pings" 2>&1 &
	poll 5 reads "$tmp/pings" reply || fail "no reply: $(<"$tmp/pings")"
}

# TCP is dropped at XDP, where no counter of TC ingress sees it, and at a bond's port.
test_seen() {
	local begun=() frame

	frame=$(frame_tcp "$to_ctr" "" 4)
	cli_on ip -batch - <<-END
		link add f0 type veth peer name g0
		link set g0 up
	END
	if cli_on ip link add bond0 type bond mode active-backup 2>"$tmp/bond"; then
		cli_on ip link set f0 master bond0
		cli_on ip link set bond0 up
		stays_silent bond0 tc-drop-tcp --ingress
	fi
	cli_on ip link set f0 up
	ping_on
	stays_silent veth0 xdp-drop-tcp -N
	stays_silent veth0 tc-drop-tcp
	stays_silent veth0 tc-drop-tcp --ingress
	stays_silent f0 xdp-drop-world -S
	stays_silent f0 tc-drop-tcp --ingress --json
	poll 5 cli_is_up g0
	for _ in 1 2 3 4 5 6 7; do
		"${in_host[@]}" "$tool" probe send g0 "$frame" 3
		sleep 0.5
	done
	for pid in "${begun[@]}"; do
		cli_stop
		cli_unsaid 'has seen none'
		# It was behind XDP, which goes on.
		[ "$pid" != "${begun[0]}" ] || told '"passed_packets":0,.*"dropped_packets":0,'
	done
	end_jobs KILL
	cli_on ip link del f0
	[ "${#begun[@]}" = 5 ] || cli_on ip link del bond0
	cli_clean
}

# As a driver that resets its device does.
test_carrier() {
	cli_start xdp-drop-tcp --json -i 0 veth0
	"${in_ctr[@]}" ip link set eth0 down
	poll 5 reads "${logs[$pid]}.err" 'veth0: no carrier since it was attached' || fail "it is not said: $(<"${logs[$pid]}.err")"
	"${in_ctr[@]}" ip link set eth0 up
	poll 5 reads "${logs[$pid]}.err" 'veth0: the carrier is back, ' || fail "it is not said: $(<"${logs[$pid]}.err")"
	cli_stop
	for event in no-carrier carrier; do
		count '"event":"'"$event"'",.*"interface":"veth0","ifindex":[0-9]+,"hook":"xdp-native"}$'
		[ "$count" = 1 ] || fail "$count times $event: $(<"$tmp/out")"
	done
	# Who sets the interface down knows that.
	cli_start xdp-drop-tcp -i 0 veth0
	cli_on ip link set veth0 down
	cli_on ip link set veth0 up
	poll 15 cli_is_up veth0
	cli_stop
	cli_unsaid carrier
}

ktap_case unseen test_seen_none "packets of which the program sees none"
ktap_case seen test_seen "packets that are seen, or dropped before"
ktap_case unseen test_carrier "no carrier after attaching"
ktap_run "$@"
