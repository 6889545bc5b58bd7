# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034 # for the test
#
# Devices of many kinds, each joined to another one. To be sourced. Each test has what
# cli_wire makes, see cli_lib.sh.
#
#   device_make KIND [NUMBER]
#                        makes one in $host, or finds the NIC of this number. Sets:
#
#   $dev                 the device, in $host
#   $peer                what it is joined to, where "${in_peer[@]}" runs commands, or nothing
#   $at                  what has the address: $dev, or a device above or below it
#   $alike               the devices that are to have its MTU
#   $ours, $theirs       the addresses of the two ends
#   $egress              out, or in if what leaves it came from the other end
#   $mute                is not empty if nothing there answers
#
# NICs are in the guest of make drivers only, in its first network namespace: number n has
# the address 02:64:72:76:00:0n, and number 0 is the one that all of them are joined to.

. "${BASH_SOURCE[0]%/*}/cli_lib.sh"

# device_new NETNS WORDS: dev0 there; here and there stand for the addresses below it, lower for
# the device below it.
device_new() {
	local -n new_in=$1
	local word words=()
	# shellcheck disable=SC2034 # by its name
	local here=203.0.113.1 there=203.0.113.10 lower=veth0

	# shellcheck disable=SC2034 # by its name
	[ "$1" = in_host ] || here=203.0.113.10 there=203.0.113.1 lower=eth0
	for word in "${@:2}"; do
		case $word in
		here | there | lower) word=${!word} ;;
		esac
		words+=("$word")
	done
	or_skip "no $kind here" "${new_in[@]}" ip link add name dev0 "${words[@]}"
}

# What is below has room for any MTU and another header.
device_below_wide() {
	cli_on ip link set veth0 mtu 9500
	"${in_ctr[@]}" ip link set eth0 mtu 9500
}

# The same at both ends; of one end, on top of veth0; with veth0 as its port.
device_both() {
	device_below_wide
	device_new in_host "$@"
	device_new in_ctr "$@"
}

device_on_top() {
	device_below_wide
	device_new in_host link lower "$@"
	peer=eth0
}

device_with_port() {
	device_new in_host "$@"
	cli_on ip -batch - <<-END
		link set veth0 down
		link set veth0 master dev0
		link set veth0 up
	END
	peer=eth0 alike="veth0 dev0"
}

# To anywhere: where to is known for each neighbour.
device_gre_any() {
	device_below_wide
	device_new in_host type gre local here key 1
	device_new in_ctr type gre local here remote there key 1
}

# A tun or tap whose packets cross veth0 by UDP.
device_by_udp() {
	dev=${kind}0 peer=${kind}0 alike=${kind}0
	device_below_wide
	"${in_host[@]}" "$tool" probe tunnel "$dev" 203.0.113.10 7000 >"$tmp/tunnel" 2>&1 &
	"${in_ctr[@]}" "$tool" probe tunnel "$dev" 203.0.113.1 7000 >"$tmp/tunnel.ctr" 2>&1 &
	poll 5 reads "$tmp/tunnel" ready || skip "no $kind here: $(<"$tmp/tunnel")"
	poll 5 reads "$tmp/tunnel.ctr" ready || fail "$(<"$tmp/tunnel.ctr")"
}

device_wireguard() {
	local end

	need wg
	device_both type wireguard
	for end in host ctr; do
		(umask 077 && wg genkey >"$tmp/$end.key")
		wg pubkey <"$tmp/$end.key" >"$tmp/$end.pub"
	done
	cli_on wg set dev0 listen-port 7001 private-key "$tmp/host.key" \
		peer "$(<"$tmp/ctr.pub")" allowed-ips 0.0.0.0/0 endpoint 203.0.113.10:7001
	"${in_ctr[@]}" wg set dev0 listen-port 7001 private-key "$tmp/ctr.key" \
		peer "$(<"$tmp/host.pub")" allowed-ips 0.0.0.0/0 endpoint 203.0.113.1:7001
}

# All that arrives at veth0 leaves by the ifb before the stack gets it.
device_ifb() {
	device_new in_host type ifb
	peer=eth0 at=veth0 alike="veth0 dev0" egress=in
	cli_on ip link set dev0 up
	cli_on tc qdisc add dev veth0 clsact
	or_skip "no matchall here" cli_on tc filter add dev veth0 ingress matchall action mirred egress redirect dev dev0
}

# Without words for its peer, which iproute2 has since 6.7: the kernel names it.
device_netkit() {
	device_new in_host type netkit
	cli_on ip link set nk0 netns "$ctr" name dev0
}

device_nic() {
	local number=$1 netns=$2 name mac

	while read -r name _ mac _; do
		[ "$mac" != "02:64:72:76:00:0$number" ] || break
		name=
	done < <(ip -br link)
	[ -n "$name" ] && ip link set "$name" netns "$netns" name dev0
}

# NICs return from the last test's namespaces when these are gone.
device_nics() {
	[[ $(ip -br link) = *02:64:72:76:00:0* ]] || skip "this machine has no such NIC"
	poll 5 device_nic "$1" "$host" || fail "there is no such NIC"
	poll 5 device_nic 0 "$ctr" || fail "the other NIC is gone"
}

device_make() {
	local kind=$1

	dev=dev0 peer=dev0 at='' alike='' egress=out mute=''
	in_peer=("${in_ctr[@]}")
	ours=198.51.100.1 theirs=198.51.100.2
	case $kind in
	veth) dev=veth0 peer=eth0 ;;
	lo) dev=lo peer=lo ours=127.0.0.1 theirs=127.0.0.1 in_peer=("${in_host[@]}") ;;
	bond-*) device_with_port type bond mode "${kind#bond-}" miimon 10 ;;
	bridge) device_with_port type bridge ;;
	bridge-port) device_with_port type bridge && dev=veth0 at=dev0 ;;
	team) device_with_port type team && alike=dev0 mute=yes ;;
	vrf) device_with_port type vrf table 10 && at=veth0 ;;
	vlan) device_both link lower type vlan id 5 ;;
	macvlan | macvtap) device_on_top type "$kind" mode bridge ;;
	ipvlan) device_on_top type ipvlan mode l2 ;;
	vxlan) device_both type vxlan id 7 local here remote there dstport 4789 ;;
	geneve) device_both type geneve id 7 remote there ;;
	gre | gretap | ipip) device_both type "$kind" local here remote there ;;
	sit) device_both type sit local here remote there mode any ;;
	gre-any) device_gre_any ;;
	dummy) device_new in_host type dummy && peer='' mute=yes ;;
	tun | tap) device_by_udp ;;
	ifb | netkit | wireguard) "device_$kind" ;;
	*) device_nics "$2" ;;
	esac
	at=${at:-$dev} alike=${alike:-$dev}
	device_start
}

# Addresses of both ends' own, and no ARP.
device_start() {
	local ours_mac='' theirs_mac=''

	cli_on ip link set "$dev" up
	cli_on ip link set "$at" up
	[ "$kind" != lo ] || return 0
	cli_on ip addr add "$ours/24" dev "$at"
	[ -n "$peer" ] || return 0
	"${in_peer[@]}" ip link set "$peer" up
	"${in_peer[@]}" ip addr add "$theirs/24" dev "$peer"
	read -r _ _ ours_mac _ < <("${in_host[@]}" ip -br link show dev "$at")
	read -r _ _ theirs_mac _ < <("${in_peer[@]}" ip -br link show dev "$peer")
	[ "$kind" != gre-any ] || cli_on ip neigh replace "$theirs" lladdr 203.0.113.10 dev dev0
	[[ $ours_mac = ??:*:?? ]] || return 0
	cli_on ip neigh replace "$theirs" lladdr "$theirs_mac" dev "$at"
	"${in_peer[@]}" ip neigh replace "$ours" lladdr "$ours_mac" dev "$peer"
}
