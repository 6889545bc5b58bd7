#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The life of a run in the lab: deadlines, killed loaders, pins, and programs of
# others in the same place.

# shellcheck disable=SC2119 # the helpers' arguments have defaults
set -eu
# shellcheck source-path=SCRIPTDIR source=lib/lab_lib.sh disable=SC1091
. "$(dirname "$0")/lib/lab_lib.sh"

# --- deadlines ---

ktap_case deadline timeout_stopped "--timeout 3s: the kernel side lets through while the loader is stopped"
timeout_stopped() {
	local began took

	need ip
	lab_take
	began=$(lab_now_ms)
	lab_load xdp-drop-tcp --timeout 3s veth0
	kill -STOP "$loader"
	lab_tcp_lost
	poll 8 lab_tcp_passes 203.0.113.10 200
	took=$(($(lab_now_ms) - began))
	[[ $took -ge 2500 && $took -le $((6000 * slack)) ]] || fail "after $took ms"
	lab_published
	kill -CONT "$loader"
	lab_ended 0
	[ "$(lab_counted dropped_packets)" -ge 1 ]
	[ "$(lab_counted passed_packets)" -ge 3 ]
	[ -z "$(lab_xdp_id veth0)" ]
}

ktap_case deadline timeout_ends "--timeout 1s: the loader detaches and exits with 0"
timeout_ends() {
	lab_take
	lab_load tc-drop-tcp --timeout "${slack}s" veth0
	lab_tcp_lost
	lab_ended 0
	lab_tcp_passes
}

ktap_case deadline2 timeout_pinned "--timeout with --pin: passes after it, with no process left"
timeout_pinned() {
	lab_take
	expect 0 lab_program tc-drop-tcp --pin --timeout $((2 * slack))s veth0
	lab_tcp_lost
	sleep $((2 * slack)) # the time itself: it began before this
	lab_tcp_passes
	expect 0 lab_program tc-drop-tcp --detach veth0
}

# A clsact filter has no link: the kernel side must notice that its loader died,
# in 3 s.
killed_clsact() {
	need tc
	lab_take
	lab_load tc-drop-tcp --clsact veth0
	lab_published_lost
	kill -KILL "$loader"
	sleep 3
	lab_tcp_passes
	lab_has_filter egress || fail "the leftover filter is gone: by whom?"
}

ktap_case leftover clsact_sigkill "tc-drop-tcp --clsact: 3 s after kill -9 TCP flows; --detach cleans up"
clsact_sigkill() {
	killed_clsact
	expect 0 lab_program tc-drop-tcp --detach veth0
	never lab_has_filter egress
	never lab_has_clsact
	lab_published
}

ktap_case leftover2 clsact_again "tc-drop-tcp --clsact: the next run takes a killed one's place"
clsact_again() {
	killed_clsact
	lab_load tc-drop-tcp --clsact veth0
	lab_published_lost
	lab_stop
	never lab_has_filter egress
	never lab_has_clsact
	lab_published
}

# --- pins ---

ktap_case pin pin_xdp "xdp-drop-tcp --pin, exit: curl still fails; --detach: it works"
pin_xdp() {
	need curl ip
	lab_take
	expect 0 lab_program xdp-drop-tcp --pin veth0
	lab_by_curl_lost
	lab_ping_passes
	expect 0 lab_program xdp-drop-tcp --detach --json veth0
	told '"dropped_packets":[1-9]'
	[ -z "$(lab_xdp_id veth0)" ]
	lab_by_curl
}

ktap_case pin pin_tc "tc-drop-tcp --pin, exit: curl still fails; --detach: it works"
pin_tc() {
	local way

	need tc
	lab_take
	for way in "" --clsact "--clsact --ingress"; do
		# shellcheck disable=SC2086 # words
		expect 0 lab_program tc-drop-tcp --pin $way veth0
		lab_tcp_lost
		lab_ping_passes
		# shellcheck disable=SC2086
		expect 0 lab_program tc-drop-tcp --detach $way veth0
		lab_tcp_passes
		never lab_has_clsact
	done
}

ktap_case pin pin_namespaces "--pin: the same name in two namespaces is two interfaces"
pin_namespaces() {
	lab_take
	lab_on_host ip link add same0 type veth peer name same0 netns "drop-$LAB-ctr"
	expect 0 lab_program xdp-drop-tcp --pin same0
	expect 0 "${in_ctr[@]}" "$(built xdp-drop-tcp)" --pin same0
	expect 0 lab_program xdp-drop-tcp --detach same0
	[ -z "$(lab_xdp_id same0)" ]
	[ -n "$(lab_xdp_id same0 "${in_ctr[@]}")" ]
	expect 0 "${in_ctr[@]}" "$(built xdp-drop-tcp)" --detach same0
	[ -z "$(lab_xdp_id same0 "${in_ctr[@]}")" ]
}

# --- other programs, other instances, many interfaces ---

ktap_case guard foreign_xdp "a program attached by ip link: refused with 3, and still there"
foreign_xdp() {
	local id

	lab_take
	lab_on_host ip link set dev veth0 xdp obj "$(built xdp_drop_world_kern.o)" sec xdp
	id=$(lab_xdp_id veth0)
	[ -n "$id" ]
	expect 3 lab_program xdp-drop-tcp veth0
	said "program id $id"
	expect 3 lab_program xdp-drop-tcp --skb-mode veth0
	expect 3 lab_program xdp-drop-tcp --detach veth0
	[ "$(lab_xdp_id veth0)" = "$id" ]
}

ktap_case guard second_instance "a second instance is refused with 3, the first goes on"
second_instance() {
	local id

	lab_take
	lab_load xdp-drop-tcp veth0
	id=$(lab_xdp_id veth0)
	expect 3 lab_program xdp-drop-tcp veth0
	[ "$(lab_xdp_id veth0)" = "$id" ]
	lab_tcp_lost
	lab_stop
	lab_load tc-drop-tcp --clsact veth0
	expect 3 lab_program tc-drop-tcp --clsact veth0
	lab_tcp_lost
	lab_stop
	lab_tcp_passes
}

ktap_case guard foreign_clsact "another's clsact and filter outlive our attach and detach"
foreign_clsact() {
	lab_take
	lab_on_host tc qdisc add dev veth0 clsact
	lab_on_host tc filter add dev veth0 egress prio 7 bpf bytecode '1,6 0 0 0' flowid 1:1
	lab_load tc-drop-tcp --clsact veth0
	lab_tcp_lost
	lab_has_filter egress "tc_drop_tcp"
	lab_stop
	lab_tcp_passes
	lab_has_clsact
	lab_has_filter egress "pref 7"
	never lab_has_filter egress tc_drop_tcp
	expect 0 lab_program tc-drop-tcp --detach veth0
	lab_has_filter egress "pref 7"
}

ktap_case guard late_filter "another's filter added while we run keeps our clsact"
late_filter() {
	lab_take
	lab_load tc-drop-tcp --clsact veth0
	lab_on_host tc filter add dev veth0 ingress prio 7 bpf bytecode '1,6 0 0 0' flowid 1:1
	lab_stop
	lab_has_filter ingress "pref 7"
	never lab_has_filter egress
}

ktap_case guard many "several interfaces and a glob: each with its own counts"
many() {
	lab_take
	lab_load xdp-drop-tcp 'veth*' wan0
	lab_published_lost
	"${in_out[@]}" "$tool" probe icmp 198.51.100.1
	expect 1 "${in_out[@]}" "$tool" probe tcp 198.51.100.1 80 500
	lab_stop
	[ "$(lab_counted dropped_packets veth0)" -ge 1 ]
	[ "$(lab_counted dropped_packets wan0)" -ge 1 ]
	[ "$(lab_counted passed_packets wan0)" -ge 1 ]
	lab_published
}

ktap_case guard all_or_nothing "several interfaces: if one refuses, none is attached"
all_or_nothing() {
	local id

	lab_take
	lab_on_host ip link set dev veth0 xdp obj "$(built xdp_drop_world_kern.o)" sec xdp
	id=$(lab_xdp_id veth0)
	expect 3 lab_program xdp-drop-tcp wan0 docker0 veth0
	[ -z "$(lab_xdp_id wan0)" ]
	[ "$(lab_xdp_id veth0)" = "$id" ]
	[ -z "$(lab_xdp_id docker0)" ]
}

ktap_run "$@"
