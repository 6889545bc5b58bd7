#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Starting, attaching and detaching, memory and size of the programs, beside others; then 1 to
# $BENCH_MOST interfaces by one glob (1000, with $QUICK 100; 10000 takes minutes). A part of
# bench.sh, which shows the figures as tables; alone: bench_scale.sh | awk -v as=text -f bench.awk.
#
# Nothing leaves it: all is in a network and a mount namespace that end with it.
set -eu
export LC_ALL=C

if [ "${1-}" != inside ]; then
	exec unshare --net --mount "$0" inside
fi
. "$(dirname "$0")/lib/checks.sh"

tool=$(built tool)
ours=$(built xdp-drop-tcp)
ours=${ours%/*}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mount -t bpf bpf /sys/fs/bpf
most=${BENCH_MOST:-${QUICK:+100}}
most=${most:-1000}
rounds=${BENCH_ROUNDS:-5}
[ "$rounds" -le 5 ] || rounds=5
[ -z "${QUICK-}" ] || rounds=1
declare -A figures=()
order=() gone=()

# figure TABLE ROW COLUMN UNIT FIGURE
figure() {
	local key=$1$'\t'$2$'\t'$3$'\t'$4

	[ -n "${figures[$key]-}" ] || order+=("$key")
	figures[$key]+=$'\t'$5
}

cannot() {
	[[ " ${gone[*]-} " != *" $1:$2 "* ]] || return 0
	gone+=("$1:$2")
	printf 'cannot\t%s\t%s\t%s\n' "$1" "$2" "$3"
}

# spend TABLE ROW COMMAND…: sets $ms, $cpu, $kib; false, with why, if it fails.
spend() {
	local table=$1 row=$2

	shift 2
	command -v "$1" >/dev/null || {
		cannot "$table" "$row" "$1 is not installed"
		return 1
	}
	"$tool" spent "$tmp/spent" "$@" >"$tmp/out" 2>"$tmp/err" || {
		cannot "$table" "$row" "$(tail -n1 "$tmp/err" | tr '\t' ' ')"
		return 1
	}
	read -r ms cpu kib <"$tmp/spent"
}

# from_off ROW "ATTACH…" "DETACH…": one interface; what they print is not shown.
from_off() {
	local row=$1 on=$2 off=$3

	# shellcheck disable=SC2086 # words
	spend start "$row" $on || return 0
	figure start "$row" attach ms "$ms"
	figure start "$row" "attach, CPU" ms "$cpu"
	figure memory "$row" most KiB "$kib"
	# shellcheck disable=SC2086 # words
	spend start "$row" $off && figure start "$row" detach ms "$ms"
}

start_round() {
	local object=$ours/xdp_drop_tcp_kern.o

	from_off "ip link, native XDP" "ip link set v0 xdpdrv obj $object sec xdp" "ip link set v0 xdpdrv off"
	from_off "xdp-loader" "xdp-loader load -m native -s xdp v0 $object" "xdp-loader unload -a v0"
	from_off "xdp-filter" "xdp-filter load -m native -p deny -f tcp v0" "xdp-filter unload v0"
	from_off "bpftool" "sh $tmp/bpftool" "bpftool net detach xdpdrv dev v0"
	rm -f /sys/fs/bpf/bench
	from_off "xdp-drop-tcp" "$ours/xdp-drop-tcp --pin v0" "$ours/xdp-drop-tcp --detach v0"
	from_off "tc, clsact" "tc -batch $tmp/tc1" "tc qdisc del dev v0 clsact"
	from_off "tc-drop-tcp --clsact" "$ours/tc-drop-tcp --clsact --pin v0" "$ours/tc-drop-tcp --detach v0"
	from_off "tc-drop-tcp, TCX" "$ours/tc-drop-tcp --pin v0" "$ours/tc-drop-tcp --detach v0"
}

printf '%s\n' "set -e" "bpftool prog load $ours/xdp_drop_tcp_kern.o /sys/fs/bpf/bench" \
	"bpftool net attach xdpdrv pinned /sys/fs/bpf/bench dev v0" >"$tmp/bpftool"
printf '%s\n' "qdisc add dev v0 clsact" \
	"filter add dev v0 egress bpf da obj $ours/tc_drop_tcp_kern.o sec tc" >"$tmp/tc1"

# CPU time of a run in the foreground for so many seconds, in percent of one CPU.
counters_cost() {
	local row=$1 seconds=5 before after

	shift
	"$@" >"$tmp/out" 2>"$tmp/err" &
	until grep -q attached "$tmp/err"; do
		kill -0 $! || return 0
		sleep 0.1
	done
	sleep 1
	read -r before _ <"/proc/$!/schedstat"
	sleep "$seconds"
	read -r after _ <"/proc/$!/schedstat"
	kill $!
	wait $! || true
	figure live "$row" "$count" "% of a CPU" "$(((after - before) / seconds / 10000))e-3"
}

# interfaces ROW PROGRAM…: $count interfaces, each with all of the measures.
interfaces() {
	local row=$1

	shift
	spend attach "$row" "$@" --pin "$glob" || return 0
	figure attach "$row" "$count" ms "$ms"
	figure "CPU" "$row" "$count" ms "$cpu"
	spend list "$row" "$1" --list && figure list "$row" "$count" ms "$ms"
	spend detach "$row" "$1" --detach && figure detach "$row" "$count" ms "$ms"
	[ "$round" != 1 ] || counters_cost "$row" "$@" "$glob"
}

# What iproute2 takes for the same, in one process: the kernel's own part, nearly.
several_tc() {
	local i

	for ((i = 0; i < count; i++)); do echo "qdisc add dev v$i clsact"; done >"$tmp/tc"
	spend attach "tc -batch, qdiscs alone" tc -batch "$tmp/tc" || return 0
	figure attach "tc -batch, qdiscs alone" "$count" ms "$ms"
	sed -i 's/add/del/' "$tmp/tc"
	spend detach "tc -batch, qdiscs alone" tc -batch "$tmp/tc" &&
		figure detach "tc -batch, qdiscs alone" "$count" ms "$ms"
}

scale_round() {
	local count glob made=1

	for ((count = 1; count <= most; count *= 10)); do
		for (( ; made < count; made++)); do make "$made"; done | ip -batch -
		made=$count glob='v*'
		several_tc
		interfaces "tc-drop-tcp --clsact" "$ours/tc-drop-tcp" --clsact
		interfaces "tc-drop-tcp" "$ours/tc-drop-tcp"
		[ "$count" -gt 100 ] || interfaces "tc-drop-tcp --tcx" "$ours/tc-drop-tcp" --tcx
		interfaces "native XDP" "$ours/xdp-drop-tcp" -N
		interfaces "generic XDP" "$ours/xdp-drop-tcp" -S
	done
	for ((made = 1; made < most; made++)); do echo "link del v$made"; done | ip -batch -
}

make() {
	printf '%s\n' "link add v$1 type veth peer name w$1" "link set v$1 up" "link set w$1 up"
}

sizes() {
	local path

	for path in "$(command -v ip)" "$(command -v tc)" "$(command -v bpftool)" "$ours"/{xdp,tc}-drop-tcp "$ours/drop-where"; do
		[ -n "$path" ] || continue
		figure size "${path##*/}" "as it is" KiB "$(($(stat -Lc %s "$path") / 1024))"
		! strip -o "$tmp/stripped" "$path" 2>"$tmp/err" ||
			figure size "${path##*/}" stripped KiB "$(($(stat -c %s "$tmp/stripped") / 1024))"
	done
}

make 0 | ip -batch -
for ((round = 1; round <= rounds; round++)); do
	start_round
	scale_round
done
sizes
for key in "${order[@]}"; do printf '%s%s\n' "$key" "${figures[$key]}"; done
