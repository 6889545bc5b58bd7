# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154,SC2034 # $in_host, $tmp and the rows are others', too
#
# What the parts of the benchmark that attach something have in common. To be sourced. Such a
# part has a lab, in which packets go from out0 to wan0. It prints lines for bench.awk.
#
#   bench_row NAME START... [-- STOP...]
#               what is compared: a row, the command that starts it on the host, and the one
#               that ends it
#   bench_rounds TABLE COLUMN UNIT CMD…
#               start each row in turn, take the figure that CMD prints, end it; a row that
#               cannot be started is listed with why
#   bench_flood LENGTH
#               a flood from out0 into wan0: CPU time in ns for each packet
#   bench_load PROGRAM ARGS…
#               one of our programs as a row's START; lab_stop ends it

. "${BASH_SOURCE[0]%/*}/lab_lib.sh"

BENCH_ROUNDS=${BENCH_ROUNDS:-5}

bench_lab() {
	LAB_NGINX=none lab_own test
	tmp=$(mktemp -d)
	trap 'lab_down; rm -rf "$tmp"' EXIT
	# Without XDP of its own, a veth takes redirected frames only with GRO.
	"${in_host[@]}" ethtool -K wan0 gro on
	"${in_host[@]}" bpftool prog loadall "$(built bench_kern.o)" /sys/fs/bpf/bench
	bench_names=() bench_start=() bench_stop=()
}

bench_row() {
	local stop="${*:2}"

	bench_names+=("$1")
	bench_start+=("${stop%% -- *}")
	case $stop in
	*' -- '*) bench_stop+=("${stop#* -- }") ;;
	*) bench_stop+=(:) ;;
	esac
}

# The last line that a command said before it failed, but for what iproute2 says at the end.
bench_cannot() {
	local line

	line=$(grep -v -e '^$' -e '^We have an error' "$tmp/start.err" | tail -n1) || true
	printf 'cannot\t%s\t%s\t%s\n' "$1" "$2" "${line:-it failed}"
}

bench_rounds() {
	local table=$1 column=$2 unit=$3 round i
	local -a figures=()

	for ((round = 0; round < BENCH_ROUNDS; round++)); do
		for i in "${!bench_names[@]}"; do
			[ "${figures[i]-}" != - ] || continue
			if ! eval "${bench_start[i]}" >"$tmp/start.out" 2>"$tmp/start.err"; then
				bench_cannot "$table" "${bench_names[i]}"
				figures[i]=-
			else
				figures[i]+=$'\t'$("${@:4}")
			fi
			eval "${bench_stop[i]}" >/dev/null 2>&1 || true
		done
	done
	for i in "${!bench_names[@]}"; do
		[ "${figures[i]}" = - ] ||
			printf '%s\t%s\t%s\t%s%s\n' "$table" "${bench_names[i]}" "$column" "$unit" "${figures[i]}"
	done
}

# The host has both addresses of the frame's network; wan0 takes it as its own.
bench_flood() {
	local frame

	frame=$(frame_tcp "$to_wan0" "" 4)
	"${in_out[@]}" "$(built bench_flood)" out0 "${bench_packets:-100000}" "$1" "$frame"
}

bench_load() {
	lab_load "$@" wan0
}

# CMD… on the host
bench_host() {
	"${in_host[@]}" "$@"
}
