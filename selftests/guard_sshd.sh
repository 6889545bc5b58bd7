#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The lockout guard and a real SSH server. In each case a program is started in a session.
# What the guard says is compared with what then happens to the session: refused is what
# cuts it off when it is attached from elsewhere, and nothing else.
set -eu

# shellcheck source-path=SCRIPTDIR source=lib/cli_lib.sh
. "$(dirname "$0")/lib/cli_lib.sh"
cli_private "$@"
# shellcheck source=lib/sshd_lib.sh
. "$(dirname "$0")/lib/sshd_lib.sh"
need ip
sshd_private

setup_server() { sshd_wire; }
setup_bridge() { sshd_wire; }
setup_shell() { sshd_wire; }
setup_tunnel() { sshd_wire; }
setup_process() { sshd_wire; }

# pins STATUS IFACE PROGRAM…: that ends so in the session
pins() {
	if ! enter 10000 "$cli_path/${*:3} --pin $2 2>&1"; then
		answer="not refused, and cuts off"
	elif [ "$status" = "$1" ]; then
		return
	fi
	cli_on "${@:3}" --detach "$2" || true
	fail "${*:3} on $2: $answer"
}

# cuts IFACE PROGRAM…: that is refused, and would cut off the session
cuts() {
	local outcome=no refusal

	pins 3 "$@"
	refusal=$answer
	[[ $refusal = *"$1: your SSH session from "*"would be cut off"* ]] || fail "${*:2} on $1: $answer"
	expect 0 cli_on "${@:2}" --force --pin "$1"
	enter 300 true || outcome=yes
	expect 0 cli_on "${@:2}" --detach "$1"
	[ $outcome = yes ] || fail "${*:2} on $1 is refused, and does not cut off: $refusal"
	enter 20000 true || fail "the session does not come back"
}

# keeps IFACE PROGRAM…: that is not refused, and does not cut off the session
keeps() {
	pins 0 "$@"
	expect 0 cli_on "${@:2}" --detach "$1"
}

test_direct() {
	begin root@203.0.113.1 bash
	cuts veth0 xdp-drop-world
	cuts veth0 xdp-drop-tcp
	cuts veth0 tc-drop-tcp
	cuts veth0 tc-drop-tcp --ingress
	keeps far0 xdp-drop-world
	keeps far0 tc-drop-tcp
	keeps lo xdp-drop-tcp
}

test_no_variable() {
	begin root@203.0.113.1 'exec env -u SSH_CONNECTION -u SSH_CLIENT bash'
	cuts veth0 xdp-drop-tcp
	keeps far0 xdp-drop-world
}

# The same link-local address on both: only the socket knows.
test_link_local() {
	[ -e /proc/sys/net/ipv6 ] || skip "this kernel has no IPv6"
	"${in_host[@]}" ip addr add fe80::1/64 dev veth0 nodad
	"${in_host[@]}" ip addr add fe80::1/64 dev far0 nodad
	begin root@fe80::1%far1 'exec env -u SSH_CONNECTION -u SSH_CLIENT bash'
	cuts far0 xdp-drop-tcp
	keeps veth0 xdp-drop-world
}

test_macvlan_above() {
	or_skip "this kernel cannot" "${in_host[@]}" ip link add mac0 link veth0 type macvlan
	"${in_host[@]}" ip link set mac0 up
	begin root@203.0.113.1 bash
	keeps mac0 xdp-drop-world
	keeps mac0 tc-drop-tcp
	"${in_host[@]}" ip link del mac0
}

# The bridge knows behind which port the client is.
test_bridge() {
	or_skip "this kernel cannot" "${in_host[@]}" ip link add br0 type bridge
	"${in_host[@]}" ip -batch - <<-END
		link add port0 type veth peer name port1
		link set port0 up master br0
		link set port1 up
		link set veth0 master br0
		link set br0 up
		addr del 203.0.113.1/24 dev veth0
		addr add 203.0.113.1/24 dev br0
	END
	begin root@203.0.113.1 bash
	cuts br0 xdp-drop-tcp
	cuts veth0 xdp-drop-tcp
	cuts veth0 tc-drop-tcp
	keeps port0 xdp-drop-world
	keeps port1 xdp-drop-world
	keeps port0 tc-drop-tcp
}

# The client comes by veth0 to an address on lo, and is answered by far0.
test_asymmetric() {
	local setting

	for setting in all veth0; do
		"${in_host[@]}" bash -c "echo 0 >/proc/sys/net/ipv4/conf/$setting/rp_filter"
	done
	for setting in all far1; do
		"${in_ctr[@]}" bash -c "echo 0 >/proc/sys/net/ipv4/conf/$setting/rp_filter"
	done
	"${in_host[@]}" ip -batch - <<-END
		addr add 198.51.100.65/32 dev lo
		route add 198.51.100.66/32 via 198.51.100.2
	END
	"${in_ctr[@]}" ip -batch - <<-END
		addr add 198.51.100.66/32 dev eth0
		route add 198.51.100.65/32 via 203.0.113.1 src 198.51.100.66
	END
	begin root@198.51.100.65 bash
	cuts veth0 xdp-drop-tcp
	cuts veth0 xdp-drop-world
	cuts veth0 tc-drop-tcp --ingress
	cuts far0 tc-drop-tcp
	keeps far0 xdp-drop-tcp
	keeps far0 tc-drop-tcp --ingress
	keeps veth0 tc-drop-tcp
	keeps lo xdp-drop-tcp
}

test_nested() {
	begin root@203.0.113.1 bash
	enter 100 "exec ${ssh[*]} root@127.0.0.1 bash" || true
	enter 30000 true || fail "no session in the session"
	cuts veth0 xdp-drop-tcp
	cuts lo xdp-drop-tcp
	keeps far0 xdp-drop-world
}

test_jump() {
	begin -o ProxyCommand="${ssh[*]} -W %h:%p root@203.0.113.1" root@127.0.0.1 bash
	cuts veth0 tc-drop-tcp
	cuts lo xdp-drop-tcp
	keeps far0 xdp-drop-world
}

test_multiplexer() {
	leave TMUX=/tmp/tmux,1,0
	cuts veth0 xdp-drop-tcp
	keeps far0 xdp-drop-world
}

# Without a multiplexer's variable, the session that was counts as well.
test_left_behind() {
	leave HOME=/
	cuts veth0 xdp-drop-tcp
}

# It has not ended, and still is not the one that is in use.
test_elsewhere() {
	leave HOME=/ stay
	cuts veth0 xdp-drop-tcp
}

# What a test before may have left.
no_tunnel() {
	"${in_host[@]}" ip link del tun0 2>/dev/null || true
	"${in_ctr[@]}" ip link del tun0 2>/dev/null || true
}

# inside OPTION…: a session in a tunnel tun0 by veth0, of ip link's type, if the kernel has it
inside() {
	no_tunnel
	or_skip "this kernel cannot" "${in_host[@]}" ip link add tun0 type "$@" remote 203.0.113.10
	"${in_ctr[@]}" ip link add tun0 type "$@" remote 203.0.113.1
	addresses
}

addresses() {
	"${in_host[@]}" ip -batch - <<-END
		addr add 198.51.100.129/30 dev tun0
		link set tun0 up
	END
	"${in_ctr[@]}" ip -batch - <<-END
		addr add 198.51.100.130/30 dev tun0
		link set tun0 up
	END
	begin root@198.51.100.129 bash
}

# Before Linux 5.14, XDP on GRE and IPIP sees the outer headers, so no TCP.
outer=
is_linux 5.14 || outer=yes

# tunneled [OUTER]: TCP is seen in the tunnel, and below it only what carries it.
tunneled() {
	[ "${1-}" ] || cuts tun0 xdp-drop-tcp
	cuts tun0 tc-drop-tcp
	cuts veth0 xdp-drop-world
	keeps veth0 xdp-drop-tcp
	keeps veth0 tc-drop-tcp
	keeps far0 xdp-drop-world
}

test_vxlan() {
	inside vxlan id 7 dstport 4789
	tunneled
}

test_geneve() {
	inside geneve id 7
	tunneled
}

test_gre() {
	inside gre
	tunneled $outer
}

test_gretap() {
	inside gretap
	tunneled
}

test_ipip() {
	inside ipip
	tunneled $outer
}

# The remote end is in the forwarding database only.
test_vxlan_fdb() {
	need bridge
	no_tunnel
	or_skip "this kernel cannot" "${in_host[@]}" ip link add tun0 type vxlan id 7 dstport 4789
	"${in_ctr[@]}" ip link add tun0 type vxlan id 7 dstport 4789
	"${in_host[@]}" bridge fdb append 00:00:00:00:00:00 dev tun0 dst 203.0.113.10
	"${in_ctr[@]}" bridge fdb append 00:00:00:00:00:00 dev tun0 dst 203.0.113.1
	addresses
	tunneled
}

test_wireguard() {
	need wg
	no_tunnel
	or_skip "this kernel cannot" "${in_host[@]}" ip link add tun0 type wireguard
	"${in_ctr[@]}" ip link add tun0 type wireguard
	wg genkey >"$tmp/host"
	wg genkey >"$tmp/ctr"
	"${in_host[@]}" wg set tun0 listen-port 51820 private-key "$tmp/host" \
		peer "$(wg pubkey <"$tmp/ctr")" endpoint 203.0.113.10:51820 allowed-ips 198.51.100.130/32 \
		peer "$(wg genkey | wg pubkey)" endpoint 198.51.100.2:51820 allowed-ips 198.51.100.128/30
	"${in_ctr[@]}" wg set tun0 listen-port 51820 private-key "$tmp/ctr" \
		peer "$(wg pubkey <"$tmp/host")" endpoint 203.0.113.1:51820 allowed-ips 198.51.100.129/32
	addresses
	tunneled
}

# tun [connect]: a tunnel by a process, in UDP
tun() {
	[ -c /dev/net/tun ] || skip "this kernel has no tun"
	no_tunnel
	# In sight of the server's processes.
	begin root@203.0.113.1 bash
	enter 10000 "$tool probe tunnel tun0 203.0.113.10 5000 $* </dev/null >/dev/null 2>$tmp/tun & true"
	kill "$session"
	"${in_ctr[@]}" "$tool" probe tunnel tun0 203.0.113.1 5000 "$@" >"$tmp/ready" &
	poll 10 reads "$tmp/ready" ready
	poll 10 "${in_host[@]}" ip link show tun0 >"$tmp/shown" 2>&1
	addresses
}

test_tun() {
	tun connect
	cuts tun0 xdp-drop-tcp
	cuts veth0 xdp-drop-world
	keeps veth0 xdp-drop-tcp
	keeps far0 xdp-drop-world
}

# Where its process does not say to the kernel who its peer is, it may be anywhere.
test_tun_open() {
	tun
	cuts veth0 xdp-drop-world
	keeps veth0 tc-drop-tcp
	enter 10000 "$cli_path/xdp-drop-world --pin far0 2>&1" && [ "$status" = 3 ]
	[[ $answer = *"far0: your SSH session from 198.51.100.130 may arrive here (over tun0)"* ]]
}

# A tunnel in TCP.
test_ssh_tunnel() {
	[ -c /dev/net/tun ] || skip "this kernel has no tun"
	no_tunnel
	"${in_ctr[@]}" "${ssh[@]}" -w 0:0 root@203.0.113.1 'sleep 1000' >"$tmp/w" 2>&1 &
	poll 10 "${in_host[@]}" ip link show tun0 >"$tmp/shown" 2>&1 || fail "no tunnel: $(<"$tmp/w")"
	addresses
	cuts veth0 xdp-drop-tcp
	cuts veth0 xdp-drop-world
	cuts tun0 xdp-drop-tcp
	keeps far0 xdp-drop-world
}

ktap_case server test_direct "a session, and the programs that would cut it off"
ktap_case server test_no_variable "the server's socket instead of the variable"
ktap_case server test_link_local "one link-local address on two interfaces"
ktap_case shell test_macvlan_above "a macvlan above the interface has no part in it"
ktap_case bridge test_bridge "a bridge's other ports have no part in it"
ktap_case server test_asymmetric "it arrives by one interface and leaves by another"
ktap_case shell test_nested "a session in a session"
ktap_case shell test_jump "the host is its own jump host"
ktap_case shell test_multiplexer "a multiplexer that was begun in another session"
ktap_case shell test_left_behind "a shell that another session left behind"
ktap_case shell test_elsewhere "such a shell, and the other session goes on"
ktap_case tunnel test_vxlan "in a vxlan"
ktap_case tunnel test_vxlan_fdb "in a vxlan, its remote end in the forwarding database"
ktap_case tunnel test_geneve "in geneve"
ktap_case tunnel test_gre "in GRE"
ktap_case tunnel test_gretap "in GRE, Ethernet"
ktap_case tunnel test_ipip "in IPIP"
ktap_case tunnel test_wireguard "in WireGuard"
ktap_case process test_tun "in a tun device by UDP"
ktap_case process test_tun_open "in a tun device, the peer not known"
ktap_case process test_ssh_tunnel "in a tun device by another SSH session"
ktap_run "$@"
