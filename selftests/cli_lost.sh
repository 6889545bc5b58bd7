#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Pins that no interface leads to: it is gone, elsewhere, or has another name. One group:
# they share a BPF file system.
set -eu

. "$(dirname "$0")/lib/cli_lib.sh"
cli_private "$@"

pins=/sys/fs/bpf/bpf-drop
ktap_before_each=cli_wire_unpinned
by_pin="pinned at $pins/[0-9]+-[0-9]+-[a-z_-]*"

# told_lost NAME HOOK PROGRAM WHERE: is it in --list, once?
told_lost() {
	expect 0 cli_on xdp-drop-tcp --list
	told "^$1 +$2 +[0-9]+ $3 +[0-9a-f]{16} $by_pin.*[,;] $4"
	expect 0 cli_on xdp-drop-tcp --list --json
	lines "$tmp/out" 1 || fail "not one: $(<"$tmp/out")"
	told "^\{\"interface\":\"$1\",\"ifindex\":0,\"hook\":\"$2\",.*\"program\":\"$3\",.*$by_pin.*$4"
	expect 0 cli_on xdp-drop-tcp --list lo
	never reads "$tmp/out" "$4"
}

# The interface is gone, or there again by another number; or its namespace is gone.
test_lost() {
	cli_wire_third
	cli_on ip link add v0.1 type veth peer name veth1
	cli_state before
	expect 0 cli_on xdp-drop-tcp --pin v0.1
	cli_on ip link del v0.1
	cli_on ip link add v0.1 type veth peer name veth1
	told_lost v0.1 xdp xdp_drop_tcp 'stale: its interface is gone'
	cli_on ip link del v0.1
	told_lost v0.1 xdp xdp_drop_tcp 'stale: its interface is gone'
	cli_has_not '^dropping' || fail "nothing is there to drop"
	expect 0 cli_on xdp-drop-world --detach
	said 'nothing of xdp-drop-world is attached'
	cli_refused 2 "no interface 'v0'" xdp-drop-tcp --detach v0
	expect 2 cli_on xdp-drop-world --detach v0.1
	[ -e "$pins" ] || fail "the pin is gone"
	expect 0 cli_on xdp-drop-tcp --detach 'v0.*'
	said 'v0\.1: removed the pin of program id [0-9]+: its interface is gone\.'
	cli_unsaid 'no interface'
	[ ! -e "$pins" ] || fail "a pin is left: $(ls "$pins")"
	"${in_third[@]}" ip link add veth7 type veth peer name veth8
	expect 0 "${in_third[@]}" xdp-drop-tcp --pin veth7
	expect 0 "${in_third[@]}" tc-drop-tcp --pin --ingress veth8
	expect 0 cli_on xdp-drop-tcp --list
	never reads "$tmp/out" veth
	ip netns del "$third"
	third=
	poll 5 told_lost_all || fail "not in the list"
	expect 0 cli_on xdp-drop-tcp --detach
	said 'veth7: removed the pin'
	! has_tcx || expect 0 cli_on tc-drop-tcp --detach veth8
	[ ! -e "$pins" ] || fail "a pin is left: $(ls "$pins")"
}

told_lost_all() {
	cli_has '^veth7 xdp .*stale' && { ! has_tcx || cli_has '^veth8 tcx-ingress .*stale'; }
}

# It is in another namespace: found by its link there; and from where it was pinned, too.
test_moved_pin() {
	local from

	cli_wire_third
	for from in third host; do
		cli_on ip link add veth1 type veth peer name veth2
		expect 0 cli_on xdp-drop-tcp -S --pin veth1
		cli_on ip link set veth1 netns "$third"
		told_lost veth1 xdp xdp_drop_tcp 'its interface is in another network namespace now'
		cli_has '^dropping: ' || fail "it is not told what it is doing there"
		expect 0 "${in_third[@]}" xdp-drop-tcp --list
		told "^veth1 +xdp-generic .*$by_pin"
		never reads "$tmp/out" 'another network'
		if [ "$from" = third ]; then
			expect 0 "${in_third[@]}" xdp-drop-tcp --detach veth1
			said "veth1: detached program id [0-9]+ 'xdp_drop_tcp'"
		else
			expect 0 cli_on xdp-drop-tcp --detach veth1
			said 'veth1: detached program id [0-9]+, in another network namespace now'
		fi
		expect 0 "${in_third[@]}" xdp-drop-tcp --list
		said 'no XDP'
		[ ! -e "$pins" ] || fail "a pin is left: $(ls "$pins")"
		"${in_third[@]}" ip link del veth1
	done
}

# Renamed, it is not gone.
test_renamed_pin() {
	cli_on ip link add veth1 type veth peer name veth2
	cli_state before
	expect 0 cli_on xdp-drop-tcp --pin veth1
	cli_on ip link set veth1 name new1
	expect 0 cli_on xdp-drop-tcp --list
	told "^new1 +xdp-native .*$by_pin"
	lines "$tmp/out" 3 || fail "not once: $(<"$tmp/out")"
	never reads "$tmp/out" stale
	cli_refused 2 "no interface 'veth1'" xdp-drop-tcp --detach veth1
	expect 0 cli_on xdp-drop-tcp --detach new1
	said "new1: detached"
	cli_on ip link set new1 name veth1
	cli_clean
	[ ! -e "$pins" ] || fail "a pin is left: $(ls "$pins")"
}

ktap_case pin test_lost "pins whose interfaces or namespaces are gone"
ktap_case pin test_moved_pin "a pinned program on an interface that was moved"
ktap_case pin test_renamed_pin "a pinned program on an interface that was renamed"
ktap_run "$@"
