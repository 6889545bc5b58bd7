#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The programs on real traffic, and the lab itself. Each test has a lab of its
# own. Traffic is judged by connections and echoes, and by the programs' counts;
# for what it takes time to happen, tests wait in polls, never blindly.

set -eu
# shellcheck source-path=SCRIPTDIR source=lab.sh disable=SC1091
. "$(dirname "$0")/lab.sh"
here=$(realpath "$(dirname "$0")")

if [ "$(id -u)" != 0 ]; then
	echo "1..0 # SKIP needs root"
	exit 4
fi

lab() {
	lab_session test
	probe=$(built probe)
}

# The published port, as a person would try it.
published() {
	published_within 3
}

published_within() {
	"${in_host[@]}" curl -sf -m "$1" -o /dev/null http://localhost/
}

published_lost() {
	expect 28 published_within 0.7
}

# One connection from the host to the container; one echo.
tcp_passes() {
	"${in_host[@]}" "$probe" tcp "${1:-203.0.113.10}" 80 "${2:-3000}"
}

tcp_lost() {
	expect 1 tcp_passes "${1:-203.0.113.10}" 500
}

ping_passes() {
	"${in_host[@]}" "$probe" icmp "${1:-203.0.113.10}" 3000
}

settled() {
	grep -qs "attached" "$tmp/loader.err" || [ -z "$(lab_birth "$loader")" ]
}

# Start a loader on the host and wait until it has attached; its pid is $loader.
load() {
	rm -f "$tmp/loader.err"
	"${in_host[@]}" env --default-signal=INT "$(built "$1")" --json --interval 0 "${@:2}" \
		>"$tmp/loader.out" 2>"$tmp/loader.err" </dev/null &
	loader=$!
	poll 5 settled || fail "$1 neither attaches nor gives up"
	[ -n "$(lab_birth "$loader")" ] || fail "$1 ended: $(cat "$tmp/loader.err")"
}

dead() {
	[ -z "$(lab_birth "$loader")" ]
}

# The loader ends, now, and with this status.
ended() {
	local status=0

	poll 5 dead || fail "the loader does not end"
	wait "$loader" || status=$?
	[ "$status" = "$1" ] || fail "the loader's exit status is $status: $(cat "$tmp/loader.err")"
}

stop() {
	kill "-${1:-INT}" "$loader"
	ended 0
}

# A number from the final line of the last run loader (of interface $2).
counted() {
	grep '"final":true' "$tmp/loader.out" | grep "\"${2:-}" |
		sed "s/.*\"$1\":\([0-9]*\).*/\1/"
}

now_ms() {
	echo $((${EPOCHREALTIME/./} / 1000))
}

on_host() {
	"${in_host[@]}" "$@"
}

run() {
	on_host "$(built "$1")" "${@:2}"
}

# The id of the XDP program on interface $1 of the host, or of where the rest says.
xdp_id() {
	local dev=$1

	shift
	[ $# != 0 ] || set -- "${in_host[@]}"
	"$@" ip link show dev "$dev" 2>/dev/null | sed -n 's/.*prog\/xdp id \([0-9]*\).*/\1/p'
}

# Has TC a filter at veth0's $1 that matches $2?
has_filter() {
	on_host tc filter show dev veth0 "$1" | grep -q "${2:-bpf}"
}

has_clsact() {
	on_host tc qdisc show dev veth0 clsact | grep -q clsact
}

# --- the lab itself ---

ktap_case lab lab_paths "lab: every path answers, IPv4 and IPv6, TCP and ping"
lab_paths() {
	local at

	lab
	for at in 198.51.100.1 2001:db8:1::1 2001:db8:2::10; do
		"${in_out[@]}" "$probe" tcp "$at" 80
		"${in_out[@]}" "$probe" icmp "$at"
	done
	for at in 127.0.0.1 ::1 203.0.113.10 2001:db8:2::10 198.51.100.2 2001:db8:1::2; do
		"${in_host[@]}" "$probe" tcp "$at" 80
		"${in_host[@]}" "$probe" icmp "$at"
	done
	for at in 203.0.113.1 2001:db8:2::1 198.51.100.2 2001:db8:1::2; do
		"${in_ctr[@]}" "$probe" tcp "$at" 80
		"${in_ctr[@]}" "$probe" icmp "$at"
	done
	on_host curl -s http://localhost/ | grep -q "ctr"
	"${in_out[@]}" curl -s http://198.51.100.1/ | grep -q "ctr"
}

links() {
	"$@" ip -o link show 2>/dev/null | sed 's/[0-9]*: \([^:@]*\).*/\1/' | sort | xargs
}

ktap_case lab lab_sealed "lab: no link and no route leads out of it"
lab_sealed() {
	lab
	[ "$(links "${in_out[@]}")" = "lo out0" ]
	[ "$(links "${in_host[@]}")" = "docker0 lo veth0 wan0" ]
	[ "$(links "${in_ctr[@]}")" = "eth0 lo" ]
	[ -z "$("${in_out[@]}" ip route show default)" ]
	[ -z "$("${in_host[@]}" ip route show default)" ]
}

ktap_case lab lab_two "lab: two at the same time do not meet"
lab_two() {
	lab
	(
		"${in_host[@]}" ip link set dev veth0 down
		lab_session test
		tcp_passes
	)
	[ ! -e "/run/netns/drop-$LAB-none" ]
	tcp_lost
}

gone() {
	[ ! -e "/run/bpf-drop-lab.$1" ] && [ -z "$(find /run/netns -name "drop-$1-*")" ]
}

ktap_case lab lab_down_clean "lab: up, list, run, down; nothing is left"
lab_down_clean() {
	local id pids

	expect 0 "$here/lab.sh" up
	told "^Lab .* is up"
	id=$(sed -n 's/^Lab \(.*\) is up.*/\1/p' "$tmp/out")
	# shellcheck disable=SC2064 # the id is known now
	trap "'$here/lab.sh' down $id 2>/dev/null || true" EXIT
	expect 0 "$here/lab.sh" list
	told "^$id .*kept"
	LAB=$id expect 0 "$here/lab.sh" run host curl -s http://localhost/
	told "ctr"
	LAB=$id expect 7 "$here/lab.sh" run ctr sh -c 'exit 7'
	mapfile -t pids < <(lab_pids "$id")
	[ "${#pids[@]}" -ge 3 ] || fail "only ${#pids[@]} processes in the lab"
	expect 0 "$here/lab.sh" down "$id"
	gone "$id"
	for pid in "${pids[@]}"; do
		[ -z "$(lab_birth "$pid")" ] || fail "process $pid is left"
	done
	expect 1 "$here/lab.sh" down "$id"
	said "no such lab"
}

# A lab in a process of its own, $holder; once it is up, its id is in $tmp/id.
hold() {
	rm -f "$tmp/id"
	# shellcheck disable=SC2016 # expanded by that shell
	bash -c 'set -eu; . "$1/lab.sh"; lab_session test; echo "$LAB" >"$2.new"
		mv "$2.new" "$2"; "${in_out[@]}" sleep 60 & wait' \
		bash "$here" "$tmp/id" >/dev/null 2>&1 &
	holder=$!
}

held() {
	hold
	poll 8 test -e "$tmp/id"
}

ktap_case lab lab_killed "lab: killed, its leftovers go with the next lab, the living stay"
lab_killed() {
	lab
	held
	kill -KILL "$holder"
	wait "$holder" 2>/dev/null || true
	[ -e "/run/netns/drop-$(<"$tmp/id")-host" ]
	(lab_session test)
	poll 3 gone "$(<"$tmp/id")"
	tcp_passes
}

ktap_case lab lab_interrupted "lab: interrupted, it leaves nothing"
lab_interrupted() {
	local signal moment

	for signal in TERM HUP; do
		held
		kill "-$signal" "$holder"
		wait "$holder" || true
		gone "$(<"$tmp/id")" || fail "left by $signal"
	done
	for moment in 0.02 0.04 0.08 0.16; do
		hold
		sleep "$moment"
		kill "$holder"
		wait "$holder" || true
		never grep -l "^test $holder " /run/bpf-drop-lab.*/owner
	done
}

# --- XDP ---

ktap_case xdp xdp_tcp "xdp-drop-tcp on veth0: curl times out, ping passes, counts tell"
xdp_tcp() {
	lab
	published
	load xdp-drop-tcp veth0
	published_lost
	ping_passes
	"${in_ctr[@]}" "$probe" icmp 198.51.100.2
	stop
	published
	[ "$(counted dropped_packets)" -ge 1 ]
	[ "$(counted dropped_bytes)" -ge 54 ]
	[ "$(counted passed_packets)" -ge 2 ]
}

ktap_case xdp xdp_sigkill "xdp-drop-tcp: kill -9 lets curl through at once"
xdp_sigkill() {
	local began

	lab
	load xdp-drop-tcp veth0
	published_lost
	kill -KILL "$loader"
	began=$(now_ms)
	poll 2 published_within 0.3
	[ $(($(now_ms) - began)) -lt 1500 ] || fail "$(($(now_ms) - began)) ms later"
	[ -z "$(xdp_id veth0)" ]
}

ktap_case xdp xdp_sigterm "xdp-drop-tcp: SIGTERM detaches, exit status 0"
xdp_sigterm() {
	lab
	load xdp-drop-tcp veth0
	tcp_lost
	stop TERM
	tcp_passes
}

ktap_case xdp xdp_world "xdp-drop-world on wan0: nothing arrives, nothing else suffers"
xdp_world() {
	lab
	load xdp-drop-world wan0
	expect 1 "${in_out[@]}" "$probe" icmp 198.51.100.1 500
	expect 1 "${in_out[@]}" "$probe" tcp 198.51.100.1 80 500
	published
	stop
	"${in_out[@]}" "$probe" icmp 198.51.100.1 3000
	[ "$(counted dropped_packets)" -ge 2 ]
}

ktap_case xdp xdp_generic "xdp-drop-tcp --skb-mode: the same by generic XDP"
xdp_generic() {
	lab
	load xdp-drop-tcp --skb-mode veth0
	published_lost
	ping_passes
	stop
	published
	grep -q '"hook":"xdp-generic"' "$tmp/loader.out"
	[ "$(counted dropped_packets)" -ge 1 ]
}

ktap_case xdp xdp_bridge "xdp-drop-tcp on docker0, which has no native XDP"
xdp_bridge() {
	lab
	load xdp-drop-tcp docker0
	tcp_lost
	ping_passes
	stop
	tcp_passes
	grep -q '"hook":"xdp-generic"' "$tmp/loader.out"
}

ktap_case xdp xdp_ipv6 "xdp-drop-tcp: TCP over IPv6 is dropped, ping passes"
xdp_ipv6() {
	lab
	load xdp-drop-tcp veth0
	tcp_lost 2001:db8:2::10
	ping_passes 2001:db8:2::10
	stop
	tcp_passes 2001:db8:2::10
	[ "$(counted dropped_packets)" -ge 1 ]
}

ktap_case xdp xdp_observe "xdp-drop-tcp --observe: counts, and passes"
xdp_observe() {
	lab
	load xdp-drop-tcp --observe veth0
	published
	stop
	[ "$(counted observed_packets)" -ge 3 ]
	[ "$(counted dropped_packets)" = 0 ]
}

# --- deadlines ---

ktap_case deadline timeout_stopped "--timeout 3s: the kernel side lets through while the loader is stopped"
timeout_stopped() {
	local began took

	lab
	began=$(now_ms)
	load xdp-drop-tcp --timeout 3s veth0
	kill -STOP "$loader"
	tcp_lost
	poll 8 tcp_passes 203.0.113.10 200
	took=$(($(now_ms) - began))
	[[ $took -ge 2500 && $took -le 6000 ]] || fail "after $took ms"
	published
	kill -CONT "$loader"
	ended 0
	[ "$(counted dropped_packets)" -ge 1 ]
	[ "$(counted passed_packets)" -ge 3 ]
	[ -z "$(xdp_id veth0)" ]
}

ktap_case deadline timeout_ends "--timeout 1s: the loader detaches and exits with 0"
timeout_ends() {
	lab
	load tc-drop-tcp --timeout 1s veth0
	tcp_lost
	ended 0
	tcp_passes
}

ktap_case deadline2 timeout_pinned "--timeout with --pin: passes after it, with no process left"
timeout_pinned() {
	local began took

	lab
	began=$(now_ms)
	expect 0 run tc-drop-tcp --pin --timeout 2s veth0
	tcp_lost
	poll 8 tcp_passes 203.0.113.10 200
	took=$(($(now_ms) - began))
	[[ $took -ge 1500 && $took -le 5000 ]] || fail "after $took ms"
	expect 0 run tc-drop-tcp --detach veth0
}

# A clsact filter has no link: the kernel side must notice that its loader died.
killed_clsact() {
	local began took

	lab
	load tc-drop-tcp --clsact veth0
	published_lost
	kill -KILL "$loader"
	began=$(now_ms)
	poll 8 tcp_passes 203.0.113.10 200
	took=$(($(now_ms) - began))
	[ "$took" -le 4000 ] || fail "after $took ms"
	has_filter egress || fail "the leftover filter is gone: by whom?"
}

ktap_case leftover clsact_sigkill "tc-drop-tcp --clsact: 3 s after kill -9 TCP flows; --detach cleans up"
clsact_sigkill() {
	killed_clsact
	expect 0 run tc-drop-tcp --detach veth0
	never has_filter egress
	never has_clsact
	published
}

ktap_case leftover2 clsact_again "tc-drop-tcp --clsact: the next run takes a killed one's place"
clsact_again() {
	killed_clsact
	load tc-drop-tcp --clsact veth0
	published_lost
	stop
	never has_filter egress
	never has_clsact
	published
}

# --- pins ---

ktap_case pin pin_xdp "xdp-drop-tcp --pin, exit: curl still fails; --detach: it works"
pin_xdp() {
	lab
	expect 0 run xdp-drop-tcp --pin veth0
	published_lost
	ping_passes
	expect 0 run xdp-drop-tcp --detach --json veth0
	told '"dropped_packets":[1-9]'
	[ -z "$(xdp_id veth0)" ]
	published
}

ktap_case pin pin_tc "tc-drop-tcp --pin, exit: curl still fails; --detach: it works"
pin_tc() {
	local way

	lab
	for way in "" --clsact "--clsact --ingress"; do
		# shellcheck disable=SC2086 # words
		expect 0 run tc-drop-tcp --pin $way veth0
		tcp_lost
		ping_passes
		# shellcheck disable=SC2086
		expect 0 run tc-drop-tcp --detach $way veth0
		tcp_passes
		never has_clsact
	done
}

ktap_case pin pin_namespaces "--pin: the same name in two namespaces is two interfaces"
pin_namespaces() {
	lab
	on_host ip link add same0 type veth peer name same0 netns "drop-$LAB-ctr"
	expect 0 run xdp-drop-tcp --pin same0
	expect 0 "${in_ctr[@]}" "$(built xdp-drop-tcp)" --pin same0
	expect 0 run xdp-drop-tcp --detach same0
	[ -z "$(xdp_id same0)" ]
	[ -n "$(xdp_id same0 "${in_ctr[@]}")" ]
	expect 0 "${in_ctr[@]}" "$(built xdp-drop-tcp)" --detach same0
	[ -z "$(xdp_id same0 "${in_ctr[@]}")" ]
}

# --- other programs, other instances, many interfaces ---

ktap_case guard foreign_xdp "a program attached by ip link: refused with 3, and still there"
foreign_xdp() {
	local id

	lab
	on_host ip link set dev veth0 xdp obj "$(built xdp_drop_world_kern.o)" sec xdp
	id=$(xdp_id veth0)
	[ -n "$id" ]
	expect 3 run xdp-drop-tcp veth0
	said "program id $id"
	expect 3 run xdp-drop-tcp --skb-mode veth0
	expect 3 run xdp-drop-tcp --detach veth0
	[ "$(xdp_id veth0)" = "$id" ]
}

ktap_case guard second_instance "a second instance is refused with 3, the first goes on"
second_instance() {
	local id

	lab
	load xdp-drop-tcp veth0
	id=$(xdp_id veth0)
	expect 3 run xdp-drop-tcp veth0
	[ "$(xdp_id veth0)" = "$id" ]
	tcp_lost
	stop
	load tc-drop-tcp --clsact veth0
	expect 3 run tc-drop-tcp --clsact veth0
	tcp_lost
	stop
	tcp_passes
}

ktap_case guard foreign_clsact "another's clsact and filter outlive our attach and detach"
foreign_clsact() {
	lab
	on_host tc qdisc add dev veth0 clsact
	on_host tc filter add dev veth0 egress prio 7 bpf bytecode '1,6 0 0 0' flowid 1:1
	load tc-drop-tcp --clsact veth0
	tcp_lost
	has_filter egress "tc_drop_tcp"
	stop
	tcp_passes
	has_clsact
	has_filter egress "pref 7"
	never has_filter egress tc_drop_tcp
	expect 0 run tc-drop-tcp --detach veth0
	has_filter egress "pref 7"
}

ktap_case guard late_filter "another's filter added while we run keeps our clsact"
late_filter() {
	lab
	load tc-drop-tcp --clsact veth0
	on_host tc filter add dev veth0 ingress prio 7 bpf bytecode '1,6 0 0 0' flowid 1:1
	stop
	has_filter ingress "pref 7"
	never has_filter egress
}

ktap_case guard many "several interfaces and a glob: each with its own counts"
many() {
	lab
	load xdp-drop-tcp 'veth*' wan0
	published_lost
	"${in_out[@]}" "$probe" icmp 198.51.100.1
	expect 1 "${in_out[@]}" "$probe" tcp 198.51.100.1 80 500
	stop
	[ "$(counted dropped_packets veth0)" -ge 1 ]
	[ "$(counted dropped_packets wan0)" -ge 1 ]
	[ "$(counted passed_packets wan0)" -ge 1 ]
	published
}

ktap_case guard all_or_nothing "several interfaces: if one refuses, none is attached"
all_or_nothing() {
	local id

	lab
	on_host ip link set dev veth0 xdp obj "$(built xdp_drop_world_kern.o)" sec xdp
	id=$(xdp_id veth0)
	expect 3 run xdp-drop-tcp wan0 docker0 veth0
	[ -z "$(xdp_id wan0)" ]
	[ "$(xdp_id veth0)" = "$id" ]
	[ -z "$(xdp_id docker0)" ]
}

# --- TC ---

need_tcx() {
	local status=0

	run tc-drop-tcp --tcx --timeout 1ms lo >"$tmp/tcx" 2>&1 || status=$?
	[ "$status" != 4 ] || skip "this kernel has no TCX"
}

# tc-drop-tcp with the options: TCP is lost, ping passes, and nothing remains.
tc_drops() {
	load tc-drop-tcp "$@" veth0
	published_lost
	expect 1 "${in_ctr[@]}" "$probe" tcp 203.0.113.1 80 500
	ping_passes
	tcp_lost 2001:db8:2::10
	stop
	[ "$(counted dropped_packets)" -ge 3 ]
	published
	never has_clsact
}

ktap_case tc tcx_egress "tc-drop-tcp --tcx: egress"
tcx_egress() {
	lab
	need_tcx
	tc_drops --tcx
	grep -q '"hook":"tcx-egress"' "$tmp/loader.out"
}

ktap_case tc tcx_ingress "tc-drop-tcp --tcx --ingress"
tcx_ingress() {
	lab
	need_tcx
	tc_drops --tcx --ingress
	grep -q '"hook":"tcx-ingress"' "$tmp/loader.out"
}

ktap_case tc clsact_egress "tc-drop-tcp --clsact: egress"
clsact_egress() {
	lab
	tc_drops --clsact
	grep -q '"hook":"clsact-egress"' "$tmp/loader.out"
}

ktap_case tc clsact_ingress "tc-drop-tcp --clsact --ingress"
clsact_ingress() {
	lab
	tc_drops --clsact --ingress
	grep -q '"hook":"clsact-ingress"' "$tmp/loader.out"
}

ktap_case tc tc_either "tc-drop-tcp: TCX or clsact, as the kernel has it"
tc_either() {
	lab
	tc_drops
}

ktap_case tc tcx_sigkill "tc-drop-tcp --tcx: kill -9 lets curl through at once"
tcx_sigkill() {
	lab
	need_tcx
	load tc-drop-tcp --tcx veth0
	published_lost
	kill -KILL "$loader"
	poll 1 published_within 0.3
}

ktap_case tc both "XDP and TC on one interface: each counts what dies there"
both() {
	local xdp

	lab
	load xdp-drop-tcp veth0
	xdp=$loader
	cp "$tmp/loader.out" "$tmp/none"
	mv "$tmp/loader.out" "$tmp/xdp.out"
	load tc-drop-tcp veth0
	tcp_lost
	expect 1 "${in_ctr[@]}" "$probe" tcp 203.0.113.1 80 500
	stop
	[ "$(counted dropped_packets)" -ge 1 ]
	loader=$xdp
	stop
	mv "$tmp/xdp.out" "$tmp/loader.out"
	[ "$(counted dropped_packets)" -ge 1 ]
	published
}

# --- unusual packets and devices ---

ktap_case odd deleted "the interface is deleted: the loader says so and ends"
deleted() {
	local program

	lab
	for program in xdp-drop-tcp tc-drop-tcp; do
		on_host ip link add gone0 type veth peer name gone1
		load "$program" gone0
		on_host ip link del gone0
		poll 5 dead || fail "$program does not end"
		grep -q "gone0.*gone" "$tmp/loader.err" || fail "$program says: $(cat "$tmp/loader.err")"
	done
}

# A TCP SYN from the container to docker0, for "probe send": $1 goes before the
# EtherType of IPv4. Checksums do not matter where it ends.
syn() {
	echo "020000000201 020000000210 $1 0800 4500002800004000 40060000 cb00710a cb007101" \
		"9c40005000000001 00000000 5002ffff 00000000" | tr -d ' '
}

# Each of three frames, tagged ever more, is dropped and counted by the loader.
tagged() {
	"$@" "$(syn 81000005)"
	"$@" "$(syn 88a8006481000005)"
	"$@" "$(syn 88a80064810000058100000681000007)"
	stop
	[ "$(counted dropped_packets)" = 3 ] || fail "$(cat "$tmp/loader.out")"
}

ktap_case odd vlan_xdp "VLAN, QinQ and four tags: TCP is dropped by XDP"
vlan_xdp() {
	local mode

	lab
	for mode in --native-mode --skb-mode; do
		load xdp-drop-tcp "$mode" veth0
		tagged "${in_ctr[@]}" "$probe" send eth0
	done
}

ktap_case odd vlan_tc_ingress "VLAN, QinQ and four tags: TCP is dropped by TC ingress"
vlan_tc_ingress() {
	lab
	load tc-drop-tcp --ingress veth0
	tagged "${in_ctr[@]}" "$probe" send eth0
}

ktap_case odd vlan_tc_egress "the same at TC egress, with the tag in the frame and beside it"
vlan_tc_egress() {
	lab
	load tc-drop-tcp veth0
	tagged on_host "$probe" send veth0
	# Through another port of the bridge, the outer tag comes in metadata.
	on_host ip link add port0 master docker0 type veth peer name port1
	on_host ip link set port0 up
	on_host ip link set port1 up
	load tc-drop-tcp veth0
	tagged on_host "$probe" send port1
}

ktap_case odd vlan_device "a VLAN device over the pair: its TCP is dropped, its ping passes"
vlan_device() {
	lab
	on_host ip link add link veth0 name veth0.5 type vlan id 5 2>"$tmp/vlan" ||
		skip "this kernel has no VLAN devices"
	"${in_ctr[@]}" ip link add link eth0 name eth0.5 type vlan id 5
	on_host ip addr add 198.51.100.65/30 dev veth0.5
	on_host ip link set veth0 nomaster
	on_host ip link set veth0.5 up
	"${in_ctr[@]}" ip addr add 198.51.100.66/30 dev eth0.5
	"${in_ctr[@]}" ip link set eth0.5 up
	poll 3 tcp_passes 198.51.100.66 300
	for program in xdp-drop-tcp "tc-drop-tcp --ingress" tc-drop-tcp; do
		# shellcheck disable=SC2086 # words
		load $program veth0
		tcp_lost 198.51.100.66
		ping_passes 198.51.100.66
		stop
		[ "$(counted dropped_packets)" -ge 1 ]
	done
}

written() {
	sed -n 's/^wchar: //p' "/proc/$curl/io"
}

goes_on() {
	[ "$(written)" -gt "$1" ]
}

stalled() {
	local before

	before=$(written)
	! poll 0 goes_on "$before" && sleep 0.3 && [ "$(written)" = "$before" ]
}

ktap_case odd download "a running download (large, non-linear skbs) stalls at TC egress, then goes on"
download() {
	lab
	truncate -s 64G "$LAB_DIR/out/www/large"
	"${in_ctr[@]}" curl -s --limit-rate 20M -o /dev/null http://198.51.100.2/large &
	curl=$!
	poll 5 goes_on 1000000
	load tc-drop-tcp veth0
	poll 5 stalled
	stop
	[ "$(counted dropped_bytes)" -ge 1500 ]
	poll 5 goes_on "$(written)"
}

ktap_case odd raw_ip "a device without Ethernet header (tun): TCP is dropped, ping passes"
raw_ip() {
	local program

	lab
	[ -e /dev/net/tun ] || skip "no /dev/net/tun here"
	on_host "$probe" reflect tun0 >"$tmp/reflect" 2>&1 &
	poll 3 grep -q . "$tmp/reflect"
	grep -q ready "$tmp/reflect" || skip "$(cat "$tmp/reflect")"
	on_host ip addr add 198.51.100.129 peer 198.51.100.130 dev tun0
	on_host ip link set tun0 up
	poll 3 tcp_passes 198.51.100.130 300
	for program in tc-drop-tcp "tc-drop-tcp --ingress" xdp-drop-tcp; do
		# shellcheck disable=SC2086 # words
		load $program tun0
		tcp_lost 198.51.100.130
		ping_passes 198.51.100.130
		stop
		[ "$(counted dropped_packets)" -ge 1 ] || fail "$(cat "$tmp/loader.out")"
		tcp_passes 198.51.100.130
	done
}

# --- the objects alone, by other people's loaders ---

ktap_case bare bare_ip_link "xdp_drop_tcp_kern.o by ip link drops at once"
bare_ip_link() {
	lab
	on_host ip link set dev veth0 xdp obj "$(built xdp_drop_tcp_kern.o)" sec xdp
	published_lost
	ping_passes
	on_host ip link set dev veth0 xdp off
	published
}

ktap_case bare bare_world "xdp_drop_world_kern.o by ip link drops at once"
bare_world() {
	lab
	on_host ip link set dev wan0 xdp obj "$(built xdp_drop_world_kern.o)" sec xdp
	expect 1 "${in_out[@]}" "$probe" icmp 198.51.100.1 500
	on_host ip link set dev wan0 xdp off
	"${in_out[@]}" "$probe" icmp 198.51.100.1
}

ktap_case bare bare_tc "tc_drop_tcp_kern.o by tc filter drops at once"
bare_tc() {
	lab
	on_host tc qdisc add dev veth0 clsact
	on_host tc filter add dev veth0 egress bpf da obj "$(built tc_drop_tcp_kern.o)" sec tc
	published_lost
	ping_passes
	on_host tc filter del dev veth0 egress
	published
}

ktap_case bare bare_bpftool "all objects by bpftool prog load; XDP attached by bpftool net"
bare_bpftool() {
	lab
	command -v bpftool >/dev/null || skip "needs bpftool"
	on_host bpftool prog load "$(built xdp_drop_world_kern.o)" /sys/fs/bpf/world
	on_host bpftool prog load "$(built tc_drop_tcp_kern.o)" /sys/fs/bpf/tc
	on_host bpftool prog load "$(built xdp_drop_tcp_kern.o)" /sys/fs/bpf/tcp
	on_host bpftool net attach xdp pinned /sys/fs/bpf/tcp dev veth0
	published_lost
	on_host bpftool net detach xdp dev veth0
	published
}

ktap_case bare bare_xdp_loader "xdp_drop_tcp_kern.o by xdp-loader drops at once"
bare_xdp_loader() {
	lab
	command -v xdp-loader >/dev/null || skip "needs xdp-loader"
	on_host xdp-loader load veth0 "$(built xdp_drop_tcp_kern.o)"
	published_lost
	ping_passes
	on_host xdp-loader unload veth0 --all
	published
}

ktap_run "$@"
