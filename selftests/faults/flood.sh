# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # what it has in common with faults_lib.sh
#
# A flood of $FLOOD_SECONDS: nothing that a run holds grows with it.

# An IPv4 SYN of 54 bytes.
flood_syn=020000000201020000000210080045000028000040004006c2c3cb00710acb007101
flood_syn+=9c40005000000001000000005002ffff9b440000

# What process $1 has, at most so far: memory that is its own, in kB, and descriptors.
flood_held() {
	local value fds

	proc_line "$1" status RssAnon
	value=${value% kB}
	[ "${value:-0}" -le "${held[0]}" ] || held[0]=$value
	fds=("/proc/$1/fd/"*)
	[ "${#fds[@]}" -le "${held[1]}" ] || held[1]=${#fds[@]}
}

# The first half tells what the second may hold.
flood_run() {
	local held=(0 0) first round

	again="FLOOD_SECONDS=$seconds $0 test_flood: $*"
	cli_start "$@"
	for ((round = 0; round < 8 * seconds; round++)); do
		[ $round != $((4 * seconds)) ] || first=("${held[@]}")
		faults_pause 125000
		! cli_has_ended || { faults_violated "it ended: $(<"${logs[$pid]}.err")" && return; }
		flood_held "$pid"
	done
	tried=$((tried + 1))
	[ "${held[1]}" = "${first[1]}" ] || faults_violated "${held[1]} descriptors, were ${first[1]}"
	[ "${held[0]}" -le $((first[0] + 4096)) ] || faults_violated "${held[0]} kB of memory, were ${first[0]}"
	kill -INT "$pid"
	cli_ends 0
	faults_expect "ended, but left" "$bare" || true
}

test_flood() {
	local bare picked seconds flood

	faults_begin
	faults_pick 20 1
	seconds=${FLOOD_SECONDS:-$picked}
	cli_state bare
	"${in_ctr[@]}" "$tool" probe flood eth0 "$flood_syn" 2000000000 >"$tmp/flood" &
	flood=$!
	flood_run xdp-drop-tcp -N --json -i 0.1 -w /dev/null --force veth0
	flood_run xdp-drop-tcp -S -i 0.1 veth0
	flood_run tc-drop-tcp --clsact --ingress -i 0.1 -w - veth0
	kill "$flood"
	wait "$flood" || true
	faults_end
}

ktap_case flood test_flood "a flood: memory and descriptors stay as they are"
