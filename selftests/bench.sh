#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the programs cost, beside what else there is: each bench_PART.sh measures, in turn, all
# that it compares, so figures of a table are from the same minutes. Figures go to
# $RESULTS/bench.tsv (results) and bench.json, tables to standard output; see bench.awk. It
# only measures: no figure is right or wrong.
#
# Usage: bench.sh [PART...]    QUICK=yes: few rounds, under two minutes

set -eu
. "$(dirname "$0")/lib/lab_net.sh"
lab_need nft ip bpftool

here=$(dirname "$(realpath "$0")")
results=${RESULTS:-$here/../results}
export BENCH_ROUNDS=${BENCH_ROUNDS:-${QUICK:+5}}
export BENCH_ROUNDS=${BENCH_ROUNDS:-41}

fact() {
	printf 'machine\t%s\t%s\n' "$1" "${*:2}"
}

# The statistics of BPF programs would cost each run more than the programs do.
facts() {
	local value load

	[ "$(sysctl -n kernel.bpf_stats_enabled)" = 0 ] || lab_die \
		"kernel.bpf_stats_enabled is on, which costs each run 40 ns: sysctl kernel.bpf_stats_enabled=0"
	read -r load _ </proc/loadavg
	value=$(sed -n '/^model name/{s/.*: //p;q}' /proc/cpuinfo)
	fact date "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
	fact machine "$(uname -m), $(nproc) CPUs, ${value:-unknown}$(
		! grep -qw hypervisor /proc/cpuinfo || echo ", virtual")"
	fact kernel "$(uname -r)"
	fact clang "$("${CLANG:-clang}" --version 2>/dev/null | head -n1 || echo unknown)"
	fact rounds "$BENCH_ROUNDS, interleaved; x: ratio to the first row's median, +-: half of what is between the quartiles"
	fact load "$load when it began"
}

mkdir -p "$results"
raw=$results/bench.tsv.new
trap 'rm -f "$raw"' EXIT
facts >"$raw"
[ $# != 0 ] || for part in "$here"/bench_*.sh; do
	part=${part##*/bench_}
	set -- "$@" "${part%.sh}"
done
for part; do
	echo "bench.sh: $part" >&2
	"$here/bench_$part.sh" >>"$raw" ||
		printf 'cannot\t%s\tall that is missing here\t%s\n' "$part" "bench_$part.sh failed" >>"$raw"
done
mv "$raw" "$results/bench.tsv"
awk -v as=json -f "$here/bench.awk" "$results/bench.tsv" >"$results/bench.json"
awk -v as=text -f "$here/bench.awk" "$results/bench.tsv"
