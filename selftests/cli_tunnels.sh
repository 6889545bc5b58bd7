#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Tunnels: where their frames begin, and what is dropped or refused there.
set -eu

. "$(dirname "$0")/lib/cli_lib.sh"
cli_private "$@"

# refused_as DEV REGEX: both that look into frames refuse it, and the one that does not
# takes it.
refused_as() {
	cli_refused 2 "$1: its frames $2.*TCP cannot be recognized.*any frame" xdp-drop-tcp veth0 "$1"
	cli_refused 2 "$1: its frames $2" tc-drop-tcp "$1"
	expect 0 cli_on xdp-drop-world -i 0 -t 1ms "$1"
}

taken() {
	expect 0 cli_on xdp-drop-tcp -i 0 -t 1ms veth0 "$1"
	expect 0 cli_on tc-drop-tcp -i 0 -t 1ms "$1"
}

# Its frames begin with IP, at least where they leave.
plain() {
	if [ "$wrapped" = yes ]; then
		cli_refused 4 'before Linux 5\.14' xdp-drop-tcp veth0 "$1"
		expect 0 cli_on tc-drop-tcp -i 0 -t 1ms "$1"
	else
		taken "$1"
	fi
}

tunnels_wrapped() {
	wrapped=no
	is_linux 5.14 || wrapped=yes
}

# What frames start with, a device's type alone does not tell.
# One tunnel of kind $1 between $2 (ours) and $3, IPv4 in it.
tunnel_up() {
	# shellcheck disable=SC2086 # words
	cli_on ip link add tunnel0 type $1 local "$2" remote "$3" 2>"$tmp/ip" || return
	cli_on ip addr add 198.51.100.1/24 dev tunnel0
	cli_on ip link set tunnel0 up
	# shellcheck disable=SC2086 # words
	"${in_ctr[@]}" ip link add tunnel1 type $1 local "$3" remote "$2"
	"${in_ctr[@]}" ip addr add 198.51.100.2/24 dev tunnel1
	"${in_ctr[@]}" ip link set tunnel1 up
}

answers_in_tunnel() {
	"${in_ctr[@]}" "$tool" probe icmp 198.51.100.1 300 >"$tmp/icmp" 2>&1
}

# A SYN arrives: with program and options $*.
tunnel_drops() {
	if [ "$wrapped" = yes ]; then
		cli_refused 4 'before Linux 5\.14.*outer headers' "$@" tunnel0
		return
	fi
	cli_start "$@" -i 0 --json tunnel0
	"${in_ctr[@]}" "$tool" probe tcp 198.51.100.1 9 300 >"$tmp/tcp" 2>&1 || true
	cli_stop
	told '"dropped_packets":[1-9]'
}

test_tunnels() {
	local what how made=0

	tunnels_wrapped
	while read -r how what; do
		# shellcheck disable=SC2086 # words
		cli_on ip link add tunnel0 type $what 2>"$tmp/ip" || continue
		made=$((made + 1))
		cli_state before
		case $how in
		taken | plain) $how tunnel0 ;;
		outer) refused_as tunnel0 'start with an outer header, as it has no fixed remote' ;;
		mpls) refused_as tunnel0 'carry MPLS' ;;
		esac
		cli_clean
		cli_on ip link del tunnel0
	done <<-END
		outer gre local 203.0.113.1 key 1
		outer gre local 203.0.113.1 remote 239.1.1.1 key 2
		plain gre local 203.0.113.1 remote 203.0.113.10 key 3
		plain gre external
		outer ip6gre local 2001:db8::1 key 1
		plain ip6gre local 2001:db8::1 remote 2001:db8::10
		plain ip6gre external
		taken gretap local 203.0.113.1 key 4
		mpls bareudp dstport 6635 ethertype mpls_uc
		plain bareudp dstport 6636 ethertype ipv4
		mpls ipip local 203.0.113.1 remote 203.0.113.10 mode mplsip
		plain ipip local 203.0.113.1 remote 203.0.113.10
		mpls sit local 203.0.113.1 remote 203.0.113.10 mode mplsip
		plain sit local 203.0.113.1 remote 203.0.113.10
	END
	[ "$made" != 0 ] || skip "no tunnels here: $(<"$tmp/ip")"
}

test_tunnel_traffic() {
	local kind ours peer made=0

	tunnels_wrapped
	cli_on ip addr add 2001:db8::1/64 dev veth0 nodad
	"${in_ctr[@]}" ip addr add 2001:db8::10/64 dev eth0 nodad
	while read -r ours peer kind; do
		tunnel_up "$kind" "$ours" "$peer" || continue
		made=$((made + 1))
		poll 5 answers_in_tunnel
		tunnel_drops xdp-drop-tcp --skb-mode
		tunnel_drops tc-drop-tcp --ingress
		cli_on ip link del tunnel0
		"${in_ctr[@]}" ip link del tunnel1
	done <<-END
		203.0.113.1 203.0.113.10 ipip
		203.0.113.1 203.0.113.10 gre
		203.0.113.1 203.0.113.10 sit mode any
		2001:db8::1 2001:db8::10 ip6gre
		2001:db8::1 2001:db8::10 ip6tnl mode any
	END
	[ "$made" != 0 ] || skip "no tunnels here: $(<"$tmp/ip")"
}

ktap_case tunnels test_tunnels "tunnels: GRE to anywhere starts with an outer header, some carry MPLS"
ktap_case tunnels test_tunnel_traffic "tunnels: TCP that arrives is dropped, or refused where it cannot be told"
ktap_run "$@"
