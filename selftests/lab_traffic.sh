#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The programs on real traffic: what passes, what is lost, what is counted.

set -eu
. "$(dirname "$0")/lib/lab_lib.sh"

# Without a packet of TCP from or to the container, and all is as before once it ends.
# $1 is the hook that the program with its arguments has to choose.
drops_tcp() {
	need tc
	case $1 in
	tcx*) or_no_tcx ;;
	esac
	lab_load "${@:2}"
	lab_published_lost
	expect 1 "${in_ctr[@]}" "$tool" probe tcp 203.0.113.1 80 500
	lab_ping_passes
	lab_tcp_lost 2001:db8:2::10
	lab_ping_passes 2001:db8:2::10
	# The port is published at the host's own addresses, too (E8); a relay answers on lo.
	lab_tcp_lost 203.0.113.1
	lab_tcp_passes 127.0.0.1
	lab_stop
	[[ $(<"$tmp/loader.out") =~ \"hook\":\"$1\" ]] || fail "not by $1: $(<"$tmp/loader.out")"
	[ "$(lab_counted dropped_packets)" -ge 3 ]
	lab_published
	lab_tcp_passes 2001:db8:2::10
	never lab_has_clsact
}

or_no_tcx() {
	local status=0

	lab_program tc-drop-tcp --tcx --timeout 1ms lo >"$tmp/tcx" 2>&1 || status=$?
	[ "$status" != 4 ] || skip "this kernel has no TCX"
}

ktap_case xdp xdp_native "xdp-drop-tcp: TCP is dropped, ping passes" drops_tcp xdp-native xdp-drop-tcp veth0
ktap_case xdp xdp_generic "xdp-drop-tcp --skb-mode: the same" drops_tcp xdp-generic xdp-drop-tcp --skb-mode veth0
ktap_case xdp xdp_bridge "xdp-drop-tcp on docker0, which has no native XDP" \
	drops_tcp xdp-generic xdp-drop-tcp docker0
ktap_case tc tcx_egress "tc-drop-tcp --tcx: egress" drops_tcp tcx-egress tc-drop-tcp --tcx veth0
ktap_case tc tcx_ingress "tc-drop-tcp --tcx --ingress" drops_tcp tcx-ingress tc-drop-tcp --tcx --ingress veth0
ktap_case tc clsact_egress "tc-drop-tcp --clsact: egress" drops_tcp clsact-egress tc-drop-tcp --clsact veth0
ktap_case tc clsact_ingress "tc-drop-tcp --clsact --ingress" \
	drops_tcp clsact-ingress tc-drop-tcp --clsact --ingress veth0
ktap_case tc tc_either "tc-drop-tcp: TCX or clsact, as the kernel has it" \
	drops_tcp '(tcx|clsact)-egress' tc-drop-tcp veth0

setup_nginx() {
	ktap_before_each=lab_nginx
}

ktap_case nginx xdp_tcp "xdp-drop-tcp on veth0: curl times out, ping passes, counts tell"
xdp_tcp() {
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
	lab_load xdp-drop-tcp veth0
	lab_published_lost
	kill -KILL "$loader"
	began=$(lab_now_ms)
	poll 2 lab_published_within 300
	[ $(($(lab_now_ms) - began)) -lt $((1500 * slack)) ] || fail "$(($(lab_now_ms) - began)) ms later"
	[ -z "$(lab_xdp_id veth0)" ]
}

ktap_case xdp xdp_world "xdp-drop-world on wan0: nothing arrives, nothing else suffers"
xdp_world() {
	lab_load xdp-drop-world wan0
	expect 1 "${in_out[@]}" "$tool" probe icmp 198.51.100.1 500
	expect 1 "${in_out[@]}" "$tool" probe tcp 198.51.100.1 80 500
	lab_published
	lab_stop
	"${in_out[@]}" "$tool" probe icmp 198.51.100.1 3000
	[ "$(lab_counted dropped_packets)" -ge 2 ]
}

ktap_case xdp xdp_observe "xdp-drop-tcp --observe: counts, and passes"
xdp_observe() {
	lab_load xdp-drop-tcp --observe veth0
	lab_published
	lab_stop
	[ "$(lab_counted observed_packets)" -ge 3 ]
	[ "$(lab_counted dropped_packets)" = 0 ]
}

ktap_case tc both "XDP and TC on one interface: each counts what is dropped there"
both() {
	local xdp

	lab_load xdp-drop-tcp veth0
	xdp=$loader
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

# Three TCP SYNs, tagged ever more, sent by this command with the destination's and the
# source's address $1: each is dropped and counted by the loader.
tagged() {
	local tags

	for tags in 81000005 88a8006481000005 88a80064810000058100000681000007; do
		frame_tcp "$1" "$tags" 4
	done | "${@:2}" - || [ $? = 1 ]
	lab_stop
	[ "$(lab_counted dropped_packets)" = 3 ] || fail "$(cat "$tmp/loader.out")"
}

ktap_case odd vlan_xdp "VLAN, QinQ and four tags: TCP is dropped by XDP"
vlan_xdp() {
	local mode

	for mode in --native-mode --skb-mode; do
		lab_load xdp-drop-tcp "$mode" veth0
		tagged "$to_docker0" "${in_ctr[@]}" "$tool" probe send eth0
	done
}

ktap_case odd vlan_tc_ingress "VLAN, QinQ and four tags: TCP is dropped by TC ingress"
vlan_tc_ingress() {
	lab_load tc-drop-tcp --ingress veth0
	tagged "$to_docker0" "${in_ctr[@]}" "$tool" probe send eth0
}

ktap_case odd vlan_tc_egress "the same at TC egress, with the tag in the frame and beside it"
vlan_tc_egress() {
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
	wrote "$curl"
	[ "$wchar" -gt "$1" ]
}

stalled() {
	local before

	wrote "$curl"
	before=$wchar
	sleep 0.3
	! goes_on "$before"
}

ktap_case nginx download "a running download (large, non-linear skbs) stalls at TC egress, then goes on"
download() {
	need curl "${LAB_NGINX:-nginx}"
	truncate -s 64G "$LAB_DIR/out/www/large"
	"${in_ctr[@]}" curl -s --limit-rate 20M -o /dev/null http://198.51.100.2/large &
	curl=$!
	poll 5 goes_on 1000000
	lab_load tc-drop-tcp --interval 1 veth0
	poll 8 grep -qE '"dropped_bytes":[1-9][0-9]{3}' "$tmp/loader.out"
	poll 5 stalled
	lab_stop
	wrote "$curl"
	poll 5 goes_on "$wchar"
}

ktap_case odd raw_ip "a device without Ethernet header (tun): TCP is dropped, ping passes"
raw_ip() {
	local program

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
