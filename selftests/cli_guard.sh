#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The lockout guard: would it cut off the session in which it was typed?
set -eu

. "$(dirname "$0")/lib/cli_lib.sh"
cli_private "$@"

# In a process namespace of its own: the SSH server of whoever runs the tests
# shall not be seen from there.
apart=(unshare --pid --fork --kill-child --mount-proc)
ssh='SSH_CONNECTION=203.0.113.10 5000 203.0.113.1 22'

setup_guard() {
	cli_wire
	cli_on ip -batch - <<-END
		link add free0 type veth peer name free1
		link set free0 up
		link set free1 up
	END
	poll 5 cli_is_up free1
	cli_state before
}

# guarded REGEX CMD…: CMD, typed in such a session, is refused
guarded() {
	local -x "${ssh?}"

	cli_refused 3 "$1" "${apart[@]}" "${@:2}"
	said '--timeout 30s.*--observe.*--force'
}

allowed() {
	local -x "${ssh?}"

	expect 0 cli_on "${apart[@]}" "$@"
}

# Where it is attached, is TCP lost, which a session is?
cuts_off() {
	local status=0

	cli_start "$1" -i 0 veth0
	cli_drops_tcp || status=1
	kill "$pid"
	cli_ends 0
	return $status
}

# unguarded PROGRAM IFACE: it is attached
unguarded() {
	allowed "$1" --pin "$2"
	expect 0 cli_on "$1" --detach "$2"
	cli_clean
}

test_guard() {
	local program

	for program in "${programs[@]}"; do
		if cuts_off "$program"; then
			guarded 'veth0: your SSH session from 203\.0\.113\.10 arrives here' "$program" veth0
			guarded 'cut off' "$program" --pin veth0
			guarded 'cut off' "$program" '*'
		else
			allowed "$program" --pin veth0
		fi
		allowed "$program" --list
		allowed "$program" --detach veth0
	done
	cli_clean
}

test_guard_elsewhere() {
	unguarded xdp-drop-tcp free0
	unguarded tc-drop-tcp free0
}

test_guard_overridden() {
	local -x "${ssh?}"

	allowed xdp-drop-tcp --timeout 50ms veth0
	cli_start "${apart[@]}" xdp-drop-tcp --observe veth0
	kill -9 "$pid"
	cli_clean
	cli_start "${apart[@]}" xdp-drop-tcp --force veth0
	kill -9 "$pid"
	cli_clean
}

test_guard_sudo() {
	guarded '203\.0\.113\.10' bash -c 'env -u SSH_CONNECTION xdp-drop-tcp veth0; exit $?'
	ssh='SSH_CLIENT=203.0.113.10 5000 22' guarded '203\.0\.113\.10' xdp-drop-tcp veth0
}

# Entering another namespace takes the variable along, but not the connection.
test_guard_other_namespace() {
	expect 0 "${in_ctr[@]}" "${apart[@]}" env "$ssh" bash -c '"$@"; exit $?' bash \
		"${in_host[@]}" xdp-drop-tcp --pin veth0
	expect 0 cli_on xdp-drop-tcp --detach veth0
	cli_clean
}

# Whichever of the kernel's answers is lost, it is not taken for leave to attach.
test_guard_lost() {
	local -x "${ssh?}"
	local n status lost=0

	or_skip "no seccomp filters here" cli_on "$tool" deny PROG_LOAD EPERM true
	for n in {1..12}; do
		status=0
		cli_on "${apart[@]}" "$tool" deny "RECEIVE@$n" ENOBUFS xdp-drop-tcp --pin veth0 \
			2>"$tmp/err" || status=$?
		[[ $status = [13] ]] || fail "$n: exit status $status: $(<"$tmp/err")"
		[ "$status" = 3 ] || lost=$((lost + 1))
		cli_clean
	done
	[ "$lost" -gt 0 ] || fail "no answer is lost"
}

# No variable anywhere, but the socket of an SSH server above.
test_guard_server() {
	cp "$BASH" "$tmp/sshd"
	"${in_ctr[@]}" "$tool" probe listen 22 SSH >"$tmp/listen" 2>&1 &
	poll 5 cli_on "$tool" probe tcp 203.0.113.10 22 >"$tmp/probe" || fail "$(<"$tmp/listen")"
	cli_refused 3 'session from 203\.0\.113\.10' "${apart[@]}" "$tmp/sshd" -c '
		exec 3<>/dev/tcp/203.0.113.10/22
		xdp-drop-tcp veth0
		exit $?'
	expect 0 cli_on "${apart[@]}" "$tmp/sshd" -c 'xdp-drop-tcp --pin veth0; exit $?'
	expect 0 cli_on xdp-drop-tcp --detach veth0
	cli_clean
}

# on_top KIND OPTIONS…: the address moves to a new interface upper0 of KIND.
on_top() {
	or_skip "this kernel cannot: ip link add $*" cli_on ip link add upper0 "$@"
	cli_on ip -batch - <<-END
		addr flush dev veth0
		link set upper0 up
		addr add 203.0.113.1/24 dev upper0
	END
}

# stacked HOW: the two ends of a session's way, and nothing beside it. A bridge's other
# port may be one: this session has no frames that would tell.
stacked() {
	local program

	poll 5 cli_is_up upper0 # and from then on it looks the same
	cli_state before
	for program in xdp-drop-tcp tc-drop-tcp; do
		guarded 'veth0: .*arrives here \(over upper0\)' "$program" veth0
		guarded 'upper0: .*arrives here and' "$program" upper0
		guarded 'cut off' "$program" free0 veth0
		[ "$1" = bridge ] || unguarded "$program" free0
	done
}

test_guard_bridge() {
	cli_on ip link add free0 type veth peer name free1
	on_top type bridge
	cli_on ip -batch - <<-END
		link set veth0 master upper0
		link set free1 master upper0
	END
	stacked bridge
}

test_guard_vlan() {
	cli_on ip link add free0 type veth peer name free1
	on_top link veth0 type vlan id 7
	stacked link
}

test_guard_macvlan() {
	cli_on ip link add free0 type veth peer name free1
	on_top link veth0 type macvlan
	stacked link
}

test_guard_ipv6() {
	[ -e /proc/sys/net/ipv6 ] || skip "this kernel has no IPv6"
	cli_on ip addr add 2001:db8::1/64 dev veth0 nodad
	ssh='SSH_CONNECTION=2001:db8::10 5000 2001:db8::1 22' guarded '2001:db8::10' xdp-drop-tcp veth0
	ssh='SSH_CONNECTION=fe80::10%veth0 5000 fe80::1%veth0 22' guarded 'fe80::10' xdp-drop-tcp veth0
	ssh='SSH_CONNECTION=fe80::10%free0 5000 fe80::1%free0 22' unguarded xdp-drop-tcp veth0
	ssh='SSH_CONNECTION=::ffff:203.0.113.10 5000 ::ffff:203.0.113.1 22' guarded 'from 203' xdp-drop-tcp veth0
	# What does not match the session may match the neighbour discovery that it needs.
	ssh='SSH_CONNECTION=2001:db8::10 5000 2001:db8::1 22'
	guarded '2001:db8::10 .*may be cut off' xdp-drop-world --only fe80::/10 veth0
	allowed xdp-drop-world --only '[2001:db8::77]:80' --pin veth0
	expect 0 cli_on xdp-drop-world --detach veth0
	cli_on ip addr del 2001:db8::1/64 dev veth0
}

# The way in may differ from the way out: the address is on veth0.
test_guard_way_in() {
	cli_on ip route add 203.0.113.10/32 dev free0
	guarded '203\.0\.113\.10' tc-drop-tcp free0
	guarded '203\.0\.113\.10' xdp-drop-tcp veth0
	cli_on ip route del 203.0.113.10/32 dev free0
}

test_guard_local() {
	ssh='SSH_CONNECTION=127.0.0.1 5000 127.0.0.1 22' guarded '127\.0\.0\.1' xdp-drop-tcp lo
	ssh='SSH_CONNECTION=203.0.113.1 5000 203.0.113.1 22' guarded '203\.0\.113\.1' xdp-drop-tcp lo
	ssh='SSH_CONNECTION=127.0.0.1 5000 127.0.0.1 22' unguarded xdp-drop-tcp veth0
}

test_guard_garbage() {
	local text long

	printf -v long %0999d 0
	for text in '' ' ' x 'UNKNOWN 65535 UNKNOWN 65535' '999.1.1.1 1 2.3.4 5' '203.0.113 1 2 3' \
		"$long 1 2 3" '0.0.0.0 0 0.0.0.0 0' ':: 1 :: 2' '%n%s 1 2 3'; do
		ssh="SSH_CONNECTION=$text" unguarded xdp-drop-tcp veth0
	done
}

ktap_case guard test_guard "what would cut off a session is refused where it arrives, and only that"
ktap_case guard test_guard_elsewhere "another interface is not"
ktap_case guard test_guard_overridden "--timeout, --observe and --force go past it"
ktap_case guard test_guard_sudo "sudo dropped the variable; SSH_CLIENT"
ktap_case guard test_guard_other_namespace "a session that arrives in another namespace"
ktap_case guard test_guard_lost "an answer that is lost is no leave to attach"
ktap_case guard test_guard_server "the SSH server's own socket"
ktap_case guard test_guard_ipv6 "IPv6, link-local and mapped addresses"
ktap_case guard test_guard_way_in "the way in is not the way out"
ktap_case guard test_guard_local "a session by the loopback interface"
ktap_case guard test_guard_garbage "a variable that says nothing"
ktap_case stack test_guard_bridge "a bridge and its port"
ktap_case stack test_guard_vlan "a VLAN and what is under it"
ktap_case stack test_guard_macvlan "a macvlan and what is under it"
ktap_run "$@"
