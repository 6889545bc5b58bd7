#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A flood of TCP that arrives at a veth, and what drops it: the CPU time of a packet from the
# other end of the wire on. Then the same by sets of addresses. A part of bench.sh.
# shellcheck disable=SC2154,SC2034 # what bench_lib.sh sets, or takes
set -eu

. "$(dirname "$0")/lib/bench_lib.sh"

pinned=/sys/fs/bpf/bench
nft_netdev="add table netdev bench; add chain netdev bench in { type filter hook ingress device wan0 priority 0; }"

# Native and generic XDP: iproute2's words, xdp-filter's and ours.
flood_xdp() {
	bench_row "$1 XDP, the notebook's" "bench_host ip link set dev wan0 $2 pinned $pinned/xdp_minimal" -- \
		"bench_host ip link set dev wan0 $2 off"
	bench_row "$1 XDP, xdp-filter" "bench_host xdp-filter load -m $3 -p deny -f tcp wan0" -- \
		"bench_host xdp-filter unload wan0"
	bench_row "$1 XDP, xdp-drop-tcp" "bench_load xdp-drop-tcp $4" -- lab_stop
}

flood_tc() {
	local clsact="bench_host tc qdisc add dev wan0 clsact && bench_host tc filter add dev wan0 ingress"
	local remove="bench_host tc qdisc del dev wan0 clsact"

	bench_row "TC, the notebook's" "$clsact bpf da pinned $pinned/tc_minimal" -- "$remove"
	bench_row "TC, u32" "$clsact protocol ip u32 match ip protocol 6 0xff action drop" -- "$remove"
	bench_row "TC, flower" "$clsact protocol ip flower ip_proto tcp action drop" -- "$remove"
	bench_row "TC, tc-drop-tcp" "bench_load tc-drop-tcp --ingress" -- lab_stop
}

flood_filters() {
	bench_row "nft netdev ingress" "bench_host nft '$nft_netdev; add rule netdev bench in meta l4proto tcp drop'" -- \
		"bench_host nft delete table netdev bench"
	bench_row "iptables raw" "bench_host iptables -t raw -A PREROUTING -i wan0 -p tcp -j DROP" -- \
		"bench_host iptables -t raw -F"
}

# $1 prefixes, one of which has the frames' source, for each program in its words.
flood_sets() {
	awk -v n="$1" 'BEGIN {
		print "203.0.113.0/24"
		for (i = 1; i < n; i++) {
			printf "%d.%d.%d.0/24\n", 1 + i * 7919 % 99, i * 31 % 256, i * 7 % 256
		}
	}' | sort -u >"$tmp/set"
	sed 's/^/src=/' "$tmp/set" >"$tmp/set.ours"
	{
		echo "$nft_netdev"
		echo "add set netdev bench from { type ipv4_addr; flags interval; elements = { $(paste -sd, "$tmp/set") } }"
		echo "add rule netdev bench in meta l4proto tcp ip saddr @from drop"
	} >"$tmp/set.nft"
	sed 's,/24$,,; s/\.0$/.10/; s/\./ /g; s/.*/map update name filter_ipv4 key & value 2 0 0 0 0 0 0 0/' \
		"$tmp/set" >"$tmp/set.bpftool"
}

flood_filter_hosts() {
	bench_host xdp-filter load -m native -p allow -f ipv4 wan0 &&
		bench_host xdp-filter ip 203.0.113.10 -m src &&
		bench_host bpftool batch file "$tmp/set.bpftool"
}

flood_selecting() {
	bench_names=() bench_start=() bench_stop=()
	bench_row "native XDP, xdp-drop-tcp" "bench_load xdp-drop-tcp --only @$tmp/set.ours" -- lab_stop
	bench_row "native XDP, xdp-filter (hosts)" flood_filter_hosts -- "bench_host xdp-filter unload wan0"
	bench_row "TC, tc-drop-tcp" "bench_load tc-drop-tcp --ingress --only @$tmp/set.ours" -- lab_stop
	bench_row "nft netdev ingress" "bench_host nft -f $tmp/set.nft" -- "bench_host nft delete table netdev bench"
}

# A round starts each program anew, which takes longer than its flood.
BENCH_ROUNDS=$((BENCH_ROUNDS > 15 ? 15 : BENCH_ROUNDS > 3 ? BENCH_ROUNDS / 2 + 1 : BENCH_ROUNDS))
bench_lab
flood_xdp native xdpdrv native ""
flood_xdp generic xdpgeneric skb --skb-mode
flood_tc
flood_filters
for length in 64 1500; do
	bench_rounds "flood" "$length bytes" ns bench_flood "$length"
done
for prefixes in 1 10 10000; do
	flood_sets "$prefixes"
	flood_selecting
	bench_rounds "flood, by a set of prefixes" "$prefixes" ns bench_flood 64
done
