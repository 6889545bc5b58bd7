#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The cost of dropping and capturing: nanoseconds for a packet, and a flood in the lab,
# written to a file. It only prints figures. Usage: bench.sh [FRAMES]

set -eu
. "$(dirname "$0")/lib/lab_net.sh"
lab_need nft
. "$(dirname "$0")/lib/capture_lib.sh"

"$(built bench)"
echo
"$(built bench_select)"
LAB_NGINX=none lab_own test
tmp=$(mktemp -d)
trap 'lab_down; rm -rf "$tmp"' EXIT

# A flood of frames of $1 bytes while a program runs with the options.
bench_flood() {
	local length=$1 ms size=- captured=- lost=-

	shift
	lab_load "$@" veth0
	capture_flood "$frames" "$length"
	lab_stop INT
	capture_totals
	if [[ $* == *--write* ]]; then
		capture_adds_up "$tmp/f" -q
		size=$(($(wc -c <"$tmp/f") / 1000000))
	fi
	ms=$(sed 's/.* in \([0-9]*\).*/\1/' "$tmp/flood")
	[ "$ms" -gt 0 ] || ms=1
	printf '%-52s %5s %9s %9s %8s %8s %7s\n' "${*/"$tmp/f"/FILE}" "$length" "$matched" \
		"$((matched / ms))" "$captured" "$lost" "$size"
	rm -f "$tmp/f"
}

frames=${1:-1000000}
echo
echo "a flood of $frames frames in the lab"
echo
printf '%-52s %5s %9s %9s %8s %8s %7s\n' program bytes dropped "1000/s" captured lost MB
for program in "xdp-drop-tcp" "xdp-drop-tcp --skb-mode" "tc-drop-tcp --ingress"; do
	# shellcheck disable=SC2086 # words
	{
		bench_flood 64 $program
		bench_flood 64 $program --snaplen 96 --write "$tmp/f"
		bench_flood 1514 $program --snaplen 96 --write "$tmp/f"
		bench_flood 1514 $program --write "$tmp/f"
	}
done
