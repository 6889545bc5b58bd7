#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The price for traffic that passes: TCP over a veth by iperf3, while a program observes it. A
# part of bench.sh.
# shellcheck disable=SC2154,SC2034 # what bench_lib.sh sets, or takes
set -eu

. "$(dirname "$0")/lib/bench_lib.sh"

command -v iperf3 >/dev/null || { printf 'cannot\tpass\tiperf3\tnot installed\n'; exit; }

pass_gigabits() {
	"${in_out[@]}" iperf3 -J -t 1 -O 0.2 -c 198.51.100.1 | jq '.end.sum_received.bits_per_second / 1e9'
}

pass_serves() {
	bench_host ss -Hltn 'sport = :5201' | grep -q .
}

BENCH_ROUNDS=$((BENCH_ROUNDS > 9 ? 9 : BENCH_ROUNDS > 3 ? 3 : BENCH_ROUNDS))
bench_lab
bench_host iperf3 -s >/dev/null 2>&1 &
poll 5 pass_serves
bench_row "nothing attached" :
bench_row "TC, observing" "bench_load tc-drop-tcp --ingress --observe" -- lab_stop
bench_row "generic XDP, observing" "bench_load xdp-drop-tcp --skb-mode --observe" -- lab_stop
bench_row "native XDP, observing" "bench_load xdp-drop-tcp --observe" -- lab_stop
bench_rounds "pass" "TCP, one connection" Gbit/s pass_gigabits
