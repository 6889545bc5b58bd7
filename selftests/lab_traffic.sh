#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The programs on real traffic: what passes, what is lost, what is counted.

# shellcheck disable=SC2119 # the helpers' arguments have defaults
set -eu
# shellcheck source-path=SCRIPTDIR source=lib/lab_lib.sh disable=SC1091
. "$(dirname "$0")/lib/lab_lib.sh"

# --- XDP ---

ktap_case xdp xdp_tcp "xdp-drop-tcp on veth0: curl times out, ping passes, counts tell"
xdp_tcp() {
	lab_nginx
	lab_by_curl
	lab_load xdp-drop-tcp veth0
	lab_by_curl_lost
	lab_ping_passes
	"${in_ctr[@]}" "$tool" probe icmp 198.51.100.2
	lab_stop
	lab_by_curl
	[ "$(lab_counted dropped_packets)" -ge 1 ]
	[ "$(lab_counted dropped_bytes)" -ge 54 ]
	[ "$(lab_counted passed_packets)" -ge 2 ]
}

ktap_case xdp xdp_sigkill "xdp-drop-tcp: kill -9 lets TCP through at once"
xdp_sigkill() {
	local began

	need ip
	lab_take
	lab_load xdp-drop-tcp veth0
	lab_published_lost
	kill -KILL "$loader"
	began=$(lab_now_ms)
	poll 2 lab_published_within 300
	[ $(($(lab_now_ms) - began)) -lt $((1500 * slack)) ] || fail "$(($(lab_now_ms) - began)) ms later"
	[ -z "$(lab_xdp_id veth0)" ]
}

ktap_case xdp xdp_sigterm "xdp-drop-tcp: SIGTERM detaches, exit status 0"
xdp_sigterm() {
	lab_take
	lab_load xdp-drop-tcp veth0
	lab_tcp_lost
	lab_stop TERM
	lab_tcp_passes
}

ktap_case xdp xdp_switched "xdp-drop-tcp on and off, again and again: TCP follows (T1)"
xdp_switched() {
	lab_take
	for _ in 1 2 3; do
		lab_load xdp-drop-tcp veth0
		expect 1 "${in_ctr[@]}" "$tool" probe tcp 198.51.100.2 80 300
		lab_stop
		"${in_ctr[@]}" "$tool" probe tcp 198.51.100.2 80
	done
}

ktap_case xdp xdp_world "xdp-drop-world on wan0: nothing arrives, nothing else suffers"
xdp_world() {
	lab_take
	lab_load xdp-drop-world wan0
	expect 1 "${in_out[@]}" "$tool" probe icmp 198.51.100.1 500
	expect 1 "${in_out[@]}" "$tool" probe tcp 198.51.100.1 80 500
	lab_published
	lab_stop
	"${in_out[@]}" "$tool" probe icmp 198.51.100.1 3000
	[ "$(lab_counted dropped_packets)" -ge 2 ]
}

ktap_case xdp xdp_generic "xdp-drop-tcp --skb-mode: the same by generic XDP"
xdp_generic() {
	lab_take
	lab_load xdp-drop-tcp --skb-mode veth0
	lab_published_lost
	lab_ping_passes
	lab_stop
	lab_published
	reads "$tmp/loader.out" '"hook":"xdp-generic"'
	[ "$(lab_counted dropped_packets)" -ge 1 ]
}

ktap_case xdp xdp_bridge "xdp-drop-tcp on docker0, which has no native XDP"
xdp_bridge() {
	lab_take
	lab_load xdp-drop-tcp docker0
	lab_tcp_lost
	lab_ping_passes
	lab_stop
	lab_tcp_passes
	reads "$tmp/loader.out" '"hook":"xdp-generic"'
}

ktap_case xdp xdp_ipv6 "xdp-drop-tcp: TCP over IPv6 is dropped, ping passes"
xdp_ipv6() {
	lab_take
	lab_load xdp-drop-tcp veth0
	lab_tcp_lost 2001:db8:2::10
	lab_ping_passes 2001:db8:2::10
	lab_stop
	lab_tcp_passes 2001:db8:2::10
	[ "$(lab_counted dropped_packets)" -ge 1 ]
}

ktap_case xdp xdp_observe "xdp-drop-tcp --observe: counts, and passes"
xdp_observe() {
	lab_take
	lab_load xdp-drop-tcp --observe veth0
	lab_published
	lab_stop
	[ "$(lab_counted observed_packets)" -ge 3 ]
	[ "$(lab_counted dropped_packets)" = 0 ]
}

# --- TC ---

or_no_tcx() {
	local status=0

	lab_program tc-drop-tcp --tcx --timeout 1ms lo >"$tmp/tcx" 2>&1 || status=$?
	[ "$status" != 4 ] || skip "this kernel has no TCX"
}

# tc-drop-tcp with the options: TCP is lost, ping passes, and nothing remains.
tc_drops() {
	need tc
	lab_load tc-drop-tcp "$@" veth0
	lab_published_lost
	expect 1 "${in_ctr[@]}" "$tool" probe tcp 203.0.113.1 80 500
	lab_ping_passes
	lab_tcp_lost 2001:db8:2::10
	# The host's own address is not on the way (E8).
	lab_tcp_passes 203.0.113.1
	lab_stop
	[ "$(lab_counted dropped_packets)" -ge 3 ]
	lab_published
	never lab_has_clsact
}

ktap_case tc tcx_egress "tc-drop-tcp --tcx: egress"
tcx_egress() {
	lab_take
	or_no_tcx
	tc_drops --tcx
	reads "$tmp/loader.out" '"hook":"tcx-egress"'
}

ktap_case tc tcx_ingress "tc-drop-tcp --tcx --ingress"
tcx_ingress() {
	lab_take
	or_no_tcx
	tc_drops --tcx --ingress
	reads "$tmp/loader.out" '"hook":"tcx-ingress"'
}

ktap_case tc clsact_egress "tc-drop-tcp --clsact: egress"
clsact_egress() {
	lab_take
	tc_drops --clsact
	reads "$tmp/loader.out" '"hook":"clsact-egress"'
}

ktap_case tc clsact_ingress "tc-drop-tcp --clsact --ingress"
clsact_ingress() {
	lab_take
	tc_drops --clsact --ingress
	reads "$tmp/loader.out" '"hook":"clsact-ingress"'
}

ktap_case tc tc_either "tc-drop-tcp: TCX or clsact, as the kernel has it"
tc_either() {
	lab_take
	tc_drops
}

ktap_case tc tcx_sigkill "tc-drop-tcp --tcx: kill -9 lets TCP through at once"
tcx_sigkill() {
	lab_take
	or_no_tcx
	lab_load tc-drop-tcp --tcx veth0
	lab_published_lost
	kill -KILL "$loader"
	poll 1 lab_published_within 300
}

ktap_case tc both "XDP and TC on one interface: each counts what is dropped there"
both() {
	local xdp

	lab_take
	lab_load xdp-drop-tcp veth0
	xdp=$loader
	cp "$tmp/loader.out" "$tmp/none"
	mv "$tmp/loader.out" "$tmp/xdp.out"
	lab_load tc-drop-tcp veth0
	lab_tcp_lost
	expect 1 "${in_ctr[@]}" "$tool" probe tcp 203.0.113.1 80 500
	lab_stop
	[ "$(lab_counted dropped_packets)" -ge 1 ]
	loader=$xdp
	lab_stop
	mv "$tmp/xdp.out" "$tmp/loader.out"
	[ "$(lab_counted dropped_packets)" -ge 1 ]
	lab_published
}

# --- unusual packets and devices ---

ktap_case odd deleted "the interface is deleted: the loader says so and ends"
deleted() {
	local program

	lab_take
	for program in xdp-drop-tcp tc-drop-tcp; do
		lab_on_host ip link add gone0 type veth peer name gone1
		lab_load "$program" gone0
		lab_on_host ip link del gone0
		poll 5 lab_is_over || fail "$program does not end"
		[[ $(<"$tmp/loader.err") == *gone0:*deleted* ]] || fail "$program says: $(cat "$tmp/loader.err")"
	done
}

# Send three TCP SYNs, tagged ever more, by "probe send": each is dropped and
# counted by the loader. $1 is the destination's and the source's address;
# checksums do not matter where these frames end.
tagged() {
	local to=$1 tags frames=() ip=0800450000280000400040060000cb00710acb007101
	local tcp=9c40005000000001000000005002ffff00000000

	shift
	for tags in 81000005 88a8006481000005 88a80064810000058100000681000007; do
		frames+=("$to$tags$ip$tcp")
	done
	printf '%s\n' "${frames[@]}" | "$@" - || [ $? = 1 ]
	lab_stop
	[ "$(lab_counted dropped_packets)" = 3 ] || fail "$(cat "$tmp/loader.out")"
}

to_docker0=020000000201020000000210
to_ctr=020000000210020000000201

ktap_case odd vlan_xdp "VLAN, QinQ and four tags: TCP is dropped by XDP"
vlan_xdp() {
	local mode

	lab_take
	for mode in --native-mode --skb-mode; do
		lab_load xdp-drop-tcp "$mode" veth0
		tagged "$to_docker0" "${in_ctr[@]}" "$tool" probe send eth0
	done
}

ktap_case odd vlan_tc_ingress "VLAN, QinQ and four tags: TCP is dropped by TC ingress"
vlan_tc_ingress() {
	lab_take
	lab_load tc-drop-tcp --ingress veth0
	tagged "$to_docker0" "${in_ctr[@]}" "$tool" probe send eth0
}

ktap_case odd vlan_tc_egress "the same at TC egress, with the tag in the frame and beside it"
vlan_tc_egress() {
	lab_take
	lab_load tc-drop-tcp veth0
	tagged "$to_ctr" lab_on_host "$tool" probe send veth0
	# Through another port of the bridge, the outer tag comes in metadata.
	lab_on_host ip link add port0 master docker0 type veth peer name port1
	lab_on_host ip link set port0 up
	lab_on_host ip link set port1 up
	lab_load tc-drop-tcp veth0
	tagged "$to_ctr" lab_on_host "$tool" probe send port1
}

ktap_case odd vlan_device "a VLAN device over the pair: its TCP is dropped, its ping passes"
vlan_device() {
	lab_take
	or_skip "this kernel has no VLAN devices" \
		lab_on_host ip link add link veth0 name veth0.5 type vlan id 5
	"${in_ctr[@]}" ip link add link eth0 name eth0.5 type vlan id 5
	lab_on_host ip addr add 198.51.100.65/30 dev veth0.5
	lab_on_host ip link set veth0 nomaster
	lab_on_host ip link set veth0.5 up
	"${in_ctr[@]}" ip addr add 198.51.100.66/30 dev eth0.5
	"${in_ctr[@]}" ip link set eth0.5 up
	poll 3 lab_tcp_passes 198.51.100.66 300
	for program in xdp-drop-tcp "tc-drop-tcp --ingress" tc-drop-tcp; do
		# shellcheck disable=SC2086 # words
		lab_load $program veth0
		lab_tcp_lost 198.51.100.66
		lab_ping_passes 198.51.100.66
		lab_stop
		[ "$(lab_counted dropped_packets)" -ge 1 ]
	done
}

goes_on() {
	lab_wrote "$curl"
	[ "$wchar" -gt "$1" ]
}

stalled() {
	local before

	lab_wrote "$curl"
	before=$wchar
	sleep 0.3
	! goes_on "$before"
}

ktap_case odd download "a running download (large, non-linear skbs) stalls at TC egress, then goes on"
download() {
	need curl "${LAB_NGINX:-nginx}"
	lab_nginx
	truncate -s 64G "$LAB_DIR/out/www/large"
	"${in_ctr[@]}" curl -s --limit-rate 20M -o /dev/null http://198.51.100.2/large &
	curl=$!
	poll 5 goes_on 1000000
	lab_load tc-drop-tcp --interval 1 veth0
	poll 8 grep -qE '"dropped_bytes":[1-9][0-9]{3}' "$tmp/loader.out"
	poll 5 stalled
	lab_stop
	lab_wrote "$curl"
	poll 5 goes_on "$wchar"
}

ktap_case odd raw_ip "a device without Ethernet header (tun): TCP is dropped, ping passes"
raw_ip() {
	local program

	lab_take
	lab_tun
	for program in tc-drop-tcp "tc-drop-tcp --ingress" xdp-drop-tcp; do
		# shellcheck disable=SC2086 # words
		lab_load $program tun0
		lab_tcp_lost 198.51.100.130
		lab_ping_passes 198.51.100.130
		lab_stop
		[ "$(lab_counted dropped_packets)" -ge 1 ] || fail "$(cat "$tmp/loader.out")"
		lab_tcp_passes 198.51.100.130
	done
}

ktap_run "$@"
