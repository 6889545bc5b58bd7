#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a verdict costs, by BPF_PROG_TEST_RUN: the programs, each option, and what is selected,
# beside what else drops TCP. A part of bench.sh.
# shellcheck disable=SC2154,SC2034 # what bench_lib.sh sets, or takes
set -eu

. "$(dirname "$0")/lib/bench_lib.sh"

# An XDP program that the command attaches to wan0, as NAME=ID for bench.
verdict_other() {
	if ! bench_host "${@:2}" >"$tmp/start.out" 2>"$tmp/start.err"; then
		bench_cannot "verdict, xdp" "$1"
	else
		others+=("$1=$(lab_xdp_id wan0)")
	fi
}

bench_lab
others=()
verdict_other xdp-filter xdp-filter load -m skb -p deny -f tcp wan0
printf 'cannot\tverdict, xdp\txdp1 of samples/bpf\t%s\n' \
	"gone from the kernel since 6.6, and the part of an older source that is unpacked lacks it"
"$(built bench)" ${others[@]+"${others[@]}"}
bench_host xdp-filter unload --all >/dev/null 2>&1 || true
"$(built bench_select)"
