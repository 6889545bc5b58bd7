#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What is counted, and as what; what a run tells of itself.
set -eu

. "$(dirname "$0")/lib/cli_lib.sh"
. "$(dirname "$0")/lib/frames.sh"
cli_private "$@"

# A run of $way with further options, on one frame from eth0; its last line is in $tmp/out.
counted() {
	# shellcheck disable=SC2086 # program and options
	cli_start $way --json -i 0 "${@:2}" veth0
	"${in_ctr[@]}" "$tool" probe send eth0 "$1" 1
	cli_counted 1
	cli_stop INT
}

# TCP behind headers $1 … of 8 bytes, the first one's number being $2.
behind() {
	local addresses=20010db800020000000000000000001020010db8000200000000000000000001

	echo "${to_ctr}86dd600000000064$2""40$addresses${1}9c40005000000001000000005002ffff00000000"
}

# TCP over IPv4; $1 has the header's length, $2 the fragment's offset, $3 options.
ipv4() {
	echo "${to_ctr}0800${1}0000280000${2}40060000cb00710acb007101${3-}9c40005000000001000000005002ffff00000000"
}

# What Linux would answer all the same.
test_undecided() {
	local way frame next=3c00010400000000 last=0600010400000000 tags=8100000181000001

	for frame in "$(behind "$next$next$next$next$next$next$next$next$last" 3c)" \
		"$(behind "$last" fd)" "$(frame_tcp "$to_ctr" "$tags$tags${tags:8}" 4)"; do
		for way in "xdp-drop-tcp -N" "xdp-drop-tcp -S" "tc-drop-tcp --ingress"; do
			counted "$frame"
			told '"dropped_packets":0,.*"undecided_packets":1,'
			counted "$frame" --drop-undecided
			told '"dropped_packets":1,.*"undecided_packets":0,'
		done
	done
	way="xdp-drop-tcp -N"
	counted "$frame" --drop-undecided --observe
	told '"dropped_packets":0,.*"observed_packets":1,.*"undecided_packets":0,'
	counted "$frame" --drop-undecided --write "$tmp/undecided.pcapng"
	told '"dropped_packets":1,.*"captured_packets":1,"lost_packets":0,'
	counted "$(behind "$last" 8b)"
	told '"dropped_packets":1,.*"undecided_packets":0,'
	cli_clean
}

# XDP sees the tag among the bytes, TC in the metadata: both count the wire's length.
test_bytes() {
	local way

	for way in "xdp-drop-tcp -N" "xdp-drop-tcp -S" "tc-drop-tcp --ingress" "tc-drop-tcp --ingress --clsact"; do
		counted "$(frame_tcp "$to_ctr" 81000001 4)"
		told '"dropped_packets":1,"dropped_bytes":58,'
	done
	cli_clean
}

# In each line, captured + lost + waiting = dropped: what is in the ring still is neither.
test_waiting() {
	local line list waits=0

	cli_start xdp-drop-tcp --json -i 0.01 --write "$tmp/flood.pcapng" veth0
	"${in_ctr[@]}" "$tool" probe flood eth0 "$(frame_tcp "$to_ctr" "" 4 1000)" 50000 >"$tmp/flood"
	cli_stop
	mapfile -t list < <(grep -vE '"total":true|"event"' "$tmp/out")
	for line in "${list[@]}"; do
		[[ $line =~ '"dropped_packets":'([0-9]+),.*'"captured_packets":'([0-9]+),'"lost_packets":'([0-9]+),'"waiting_packets":'([0-9]+), ]] ||
			fail "not all is there: $line"
		[ $((BASH_REMATCH[2] + BASH_REMATCH[3] + BASH_REMATCH[4])) = "${BASH_REMATCH[1]}" ] ||
			fail "does not add up: $line"
		[ "${BASH_REMATCH[4]}" = 0 ] || waits=$((waits + 1))
	done
	[[ $waits -gt 0 && $line = *'"waiting_packets":0,'*'"final":true}' ]] || fail "$waits lines with what waits; the last one: $line"
	cli_clean
}

# A capture says where it comes from: which command line, program and time-out.
test_section() {
	local file="$tmp/it's one.pcapng" quoted="'$tmp/it'[\\]''s one.pcapng'"

	expect 0 cli_on xdp-drop-tcp veth0 --timeout 300ms --write "$file" -i 0
	expect 0 "$tool" pcapng_check "$file"
	told "^comment=xdp-drop-tcp --timeout 300ms --write $quoted -i 0 veth0\$"
	told '^comment=xdp_drop_tcp, program id [0-9]+, tag [0-9a-f]{16}, time-out 0\.3 s$'
	expect 0 cli_on xdp-drop-world --force --observe --write "$file" -i 0 -t 100ms 'v*'
	expect 0 "$tool" pcapng_check "$file"
	told "^comment=xdp-drop-world --force --observe --write $quoted -i 0 -t 100ms 'v\\*'\$"
	! command -v capinfos >/dev/null || capinfos -k "$file" >"$tmp/info"
	cli_clean
}

# One line for all interfaces: on standard error, or as an object of JSON.
test_sums() {
	local frame

	frame=$(frame_tcp "$to_ctr" "" 4 1000)
	cli_on ip link add veth1 type veth peer name veth2
	cli_on ip link set veth1 up
	cli_on ip link set veth2 up
	cli_start xdp-drop-tcp --write "$tmp/sums.pcapng" veth0 veth2
	"${in_ctr[@]}" "$tool" probe flood eth0 "$frame" 23 >"$tmp/flood"
	"${in_host[@]}" "$tool" probe flood veth1 "$frame" 2 >"$tmp/flood"
	cli_counted 23
	cli_counted 2
	cli_on ip link del veth1
	poll 5 reads "${logs[$pid]}.err" 'veth2: no longer'
	kill -INT "$pid"
	cli_ends 1
	said '^xdp-drop-tcp: dropped 25 packets \(25 kB\) on 2 interfaces in [0-9]+\.[0-9] s, captured 25, lost 0; veth2: interface gone at [0-9]+\.[0-9] s\.$'
	cli_start xdp-drop-tcp --observe veth0
	"${in_ctr[@]}" "$tool" probe flood eth0 "$frame" 1 >"$tmp/flood"
	cli_counted 1
	cli_stop INT
	said '^xdp-drop-tcp: observed 1 packet \(1 kB\) on 1 interface in [0-9]+\.[0-9] s\.$'

	cli_on ip link add veth1 type veth peer name veth2
	cli_start xdp-drop-tcp --json -i 0 veth0 veth2
	"${in_ctr[@]}" "$tool" probe flood eth0 "$frame" 23 >"$tmp/flood"
	cli_counted 23
	cli_stop INT
	told '"program":"xdp-drop-tcp".*"interfaces":2,.*"dropped_packets":23,"dropped_bytes":23000,.*"why":"signal","attached_ms":[0-9]+,"total":true\}$'
	cli_counters 3 # one of each, and the sums
	cli_unsaid ' packets? \('
}

# --first and --every are for each interface of its own.
test_each() {
	local frame

	frame=$(frame_tcp "$to_ctr" "" 4)
	cli_on ip -batch - <<-END
		link add veth1 type veth peer name veth2
		link set veth1 up
		link set veth2 up
	END
	cli_start xdp-drop-tcp --json -i 0 --first 3 veth0 veth2
	"${in_ctr[@]}" "$tool" probe send eth0 "$frame" 5
	"${in_host[@]}" "$tool" probe send veth1 "$frame" 4
	poll 5 cli_has ', spared 2$' || fail "veth0 does not spare the last two"
	poll 5 cli_has ', spared 1$' || fail "veth2 does not spare the last one"
	cli_stop INT
	told '"interface":"veth0",.*"dropped_packets":3,.*"spared_packets":2,'
	told '"interface":"veth2",.*"dropped_packets":3,.*"spared_packets":1,'
	cli_on ip link del veth1
	cli_clean
}

# The flows in JSON, and how many packets are in none of them.
top() {
	counted "$1" "${@:2}"
	has_line "$tmp/out" '"top":\[(.*)\],"other_packets":([0-9]+),.*"total":true\}$'
	shown=${BASH_REMATCH[1]} others=${BASH_REMATCH[2]}
}

test_top() {
	local way shown others frame tagged='"packets":1,"bytes":78' plain='"packets":1,"bytes":54'
	local ipv6='{"protocol":"TCP","from":"[2001:db8:2::10]:40000","to":"[2001:db8:2::1]:80"'
	local ipv4='{"protocol":"TCP","from":"203.0.113.10:40000","to":"203.0.113.1:80"'

	for way in "xdp-drop-tcp -N" "xdp-drop-tcp -S" "tc-drop-tcp --ingress" "tc-drop-tcp --ingress --clsact"; do
		top "$(frame_tcp "$to_ctr" "" 4)" --top
		[ "$shown $others" = "$ipv4,$plain} 0" ] || fail "$way: $shown, $others others"
		top "$(frame_tcp "$to_ctr" 81000001 6)" --top=5 --write "$tmp/top.pcapng" --snaplen 20 --force
		[ "$shown $others" = "$ipv6,$tagged} 0" ] || fail "$way: $shown, $others others"
		expect 0 "$tool" pcapng_check "$tmp/top.pcapng"
		told '^packet=.* captured=20 '
	done
	way="xdp-drop-tcp -N"
	# Behind an extension header; a later fragment has no ports.
	top "$(behind 0600000000000000 8b)" --top
	[ "$shown" = "$ipv6,\"packets\":1,\"bytes\":82}" ] || fail "$shown"
	top "$(behind 0600010400000000 2c)" --top
	[[ $shown = *'"from":"2001:db8:2::10","to":"2001:db8:2::1"'* ]] || fail "$shown"
	# Behind options; and such a fragment.
	top "$(ipv4 46 4000 01010101)" --top
	[ "$shown" = "$ipv4,\"packets\":1,\"bytes\":58}" ] || fail "$shown"
	top "$(ipv4 45 0001)" --top
	[[ $shown = *'"from":"203.0.113.10","to":"203.0.113.1"'* ]] || fail "$shown"
	cli_clean
}

# More flows than there is room for: one that is seen often stays, and all are counted.
test_top_full() {
	local head tail frame i dropped

	frame=$(frame_tcp "$to_ctr" "" 4)
	head=${frame::68} tail=${frame:72}
	cli_start xdp-drop-tcp --top=1 -i 0 veth0
	for ((i = 0; i < 20000; i++)); do
		[ $((i % 20)) != 0 ] || echo "$frame"
		printf '%s%04x%s\n' "$head" $((i + 1024)) "$tail"
	done | "${in_ctr[@]}" "$tool" probe send eth0 -
	cli_stop INT
	said ': dropped ([0-9]+) packets'
	dropped=${BASH_REMATCH[1]}
	told '^ +packets +bytes protocol from +to$'
	told '^ +([0-9]+) +[0-9]+ TCP +203.0.113.10:40000 203.0.113.1:80$'
	i=${BASH_REMATCH[1]}
	[ "$i" -ge 900 ] || fail "only $i: $(<"$tmp/out")"
	told "^ +$((dropped - i)) others\$"
	cli_clean
}

# A tag that the sender's driver would put in is in no byte at XDP; it is said once.
test_untagged() {
	local count way frame words='a VLAN tag .* is not seen at XDP, and is not in the capture\.$'

	frame=$(frame_tcp "$to_ctr" "" 4)
	way="xdp-drop-tcp -S"
	counted "$frame" --write "$tmp/xdp.pcapng"
	count "$words" "$tmp/err"
	[ "$count" = 1 ] || fail "said $count times: $(<"$tmp/err")"
	counted "$frame"
	cli_unsaid VLAN
	way="tc-drop-tcp --ingress"
	counted "$frame" --write "$tmp/tc.pcapng"
	cli_unsaid VLAN
}

# And so it is: what ethtool switches is what decides.
test_offloaded_tag() {
	local each frame

	need ethtool
	"${in_ctr[@]}" ip link add link eth0 name eth0.5 type vlan id 5 2>"$tmp/vlan" ||
		skip "no VLAN devices here: $(<"$tmp/vlan")"
	"${in_ctr[@]}" ip link set eth0.5 up
	frame=$(frame_tcp "$to_ctr" "" 4)
	for each in on:54 off:58; do
		"${in_ctr[@]}" ethtool -K eth0 txvlan "${each%:*}"
		cli_start xdp-drop-tcp -N --json -i 0 --force --write "$tmp/tag.pcapng" veth0
		"${in_ctr[@]}" "$tool" probe send eth0.5 "$frame" 1
		cli_counted 1
		cli_stop INT
		told "\"dropped_packets\":1,\"dropped_bytes\":${each#*:},"
		expect 0 "$tool" pcapng_check "$tmp/tag.pcapng"
		told "^packet=.* length=${each#*:} "
	done
}

has_gso() {
	"${in_ctr[@]}" ethtool -k eth0 | grep "^tcp-segmentation-offload: $1"
}

# Observing drops nothing, but costs a veth its peer's offload, as is said.
test_slower() {
	need ethtool
	has_gso on
	cli_start xdp-drop-tcp --observe veth0
	poll 5 reads "${logs[$pid]}.err" "veth0: native XDP on a veth disables its peer's segmentation offload"
	has_gso off
	cli_stop INT
	has_gso on
	cli_start xdp-drop-tcp --observe -S veth0
	has_gso on
	cli_stop INT
	cli_unsaid offload
	cli_start xdp-drop-tcp veth0
	cli_stop INT
	cli_unsaid offload
}

ktap_case counts test_undecided "--drop-undecided: too deep to tell, dropped too"
ktap_case counts test_bytes "bytes as on the wire, at XDP and at TC"
ktap_case counts test_waiting "captured, lost and waiting packets add up in each line"
ktap_case section test_section "a capture has the command line, the program and the time-out"
ktap_case sums test_sums "the sums over all interfaces, at the end"
ktap_case sums test_each "--first: so many of each interface"
ktap_case top test_top "--top: the flow of a packet, by all hooks"
ktap_case top test_top_full "--top with more flows than there is room for"
ktap_case told test_untagged "XDP does not see a VLAN tag beside the frame: said once"
ktap_case told test_offloaded_tag "a VLAN tag that the sender's driver would put in"
ktap_case told test_slower "--observe by native XDP on a veth: slower, and said"
ktap_run "$@"
