# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # what it has in common with faults_lib.sh
#
# A run is killed at any instant; several run at the same time.

# kills_of COUNT PREPARE KIND COMMAND…
kills_of() {
	local prepare=$2 kind=$3 command=("${@:4}") interfaces=(veth0) bare prepared began span i at status

	faults_anew
	began=${EPOCHREALTIME/./}
	"$tool" enter -t 10 "$host" "${command[@]}" >"$tmp/out" 2>"$tmp/err" ||
		fail "exit status $?: $(<"$tmp/err")"
	span=$((${EPOCHREALTIME/./} - began))
	faults_anew
	for ((i = 0; i < $1; i++)); do
		at=$((RANDOM * span / 32768)) status=0
		again="${command[*]}, killed after $((at / 1000)) ms of $((span / 1000))"
		rm -f "$tmp/written"
		"${in_host[@]}" "${command[@]}" >"$tmp/out" 2>"$tmp/err" &
		faults_pause "$at"
		kill -9 $! 2>/dev/null || true
		wait $! || status=$?
		faults_ended "$status"
	done
}

test_kills() {
	local picked run=(-i 0.01 -t 30ms veth0)

	faults_begin
	faults_pick 100 1
	kills_of "$picked" faults_free ends xdp-drop-tcp -N "${run[@]}"
	kills_of "$picked" faults_free ends xdp-drop-tcp -S -w "$tmp/written" "${run[@]}"
	kills_of "$picked" faults_free ends tc-drop-tcp "${run[@]}"
	kills_of "$picked" faults_free ends tc-drop-tcp --clsact "${run[@]}"
	beside=tc kills_of "$picked" faults_free ends tc-drop-tcp --clsact "${run[@]}"
	kills_of "$picked" faults_free stays tc-drop-tcp --clsact --pin veth0
	kills_of "$picked" faults_free stays xdp-drop-world --pin veth0
	kills_of "$picked" faults_pinned takes xdp-drop-tcp --detach veth0
	clsact=--clsact kills_of "$picked" faults_pinned takes tc-drop-tcp --detach veth0
	kills_of "$picked" faults_taken ends xdp-drop-tcp --force "${run[@]}"
	faults_end
}

races_ways=("xdp-drop-tcp -N -i 0 -t 20ms veth0" "xdp-drop-world -S -i 0 -t 10ms veth0" "tc-drop-tcp -i 0 -t 20ms veth0"
	"tc-drop-tcp --clsact -i 0 -t 20ms veth0" "tc-drop-tcp --clsact --ingress -i 0 -t 10ms veth0" "xdp-drop-tcp --pin veth0"
	"tc-drop-tcp --clsact --pin veth0" "tc-drop-tcp --force -i 0 -t 1ms veth0" "xdp-drop-tcp --detach veth0"
	"tc-drop-tcp --detach veth0" "xdp-drop-tcp --list")

# One race of $1: the same command, or any.
races_run() {
	local i way=$((RANDOM % ${#races_ways[@]})) mixed=$((RANDOM % 2)) pids=() ways=() status

	for ((i = 0; i < $1; i++)); do
		[ $mixed = 0 ] || way=$((RANDOM % ${#races_ways[@]}))
		# shellcheck disable=SC2086 # words
		"$tool" enter -t 20 "$host" ${races_ways[way]} >"$tmp/out.$i" 2>"$tmp/err.$i" &
		pids+=($!) ways+=("${races_ways[way]}")
	done
	tried=$((tried + 1))
	for ((i = 0; i < $1; i++)); do
		status=0
		wait "${pids[i]}" || status=$?
		again="${ways[i]} (beside: $(printf '%s, ' "${ways[@]}"))"
		faults_sentence "$status" "$tmp/err.$i"
	done
	again="$(printf '%s & ' "${ways[@]}")"
	for i in xdp-drop-tcp xdp-drop-world tc-drop-tcp; do
		cli_on $i --detach veth0 >"$tmp/out" 2>"$tmp/err" || faults_violated "$i --detach fails: $(<"$tmp/err")"
	done
	faults_expect "then --detach, but left" "$bare" || faults_anew
}

races_of() {
	local prepare=faults_free bare prepared picked i

	faults_begin
	faults_anew
	faults_pick "$2" "$3"
	for ((i = 0; i < picked; i++)); do
		races_run "$1"
	done
	faults_end
}

test_races_two() { races_of 2 500 3; }
test_races_ten() { races_of 10 500 1; }

ktap_case kills test_kills "runs are killed at any instant"
ktap_case races test_races_two "two at the same time"
ktap_case races test_races_ten "ten at the same time"
