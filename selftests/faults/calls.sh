# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # what it has in common with faults_lib.sh
#
# Each system call that a run makes fails once, with each error that the kernel has for it,
# or the run is killed there. CALL="NAME N ERRNO" makes it that one.
#
#   calls_of PREPARE KIND COMMAND…

calls_fail() {
	local status=0

	again="CALL='$1 $2 $3' $0 test_$campaign"
	rm -f "$tmp/written"
	"$tool" enter -t 10 "$host" "$tool" deny "$1@$2" "$3" "${command[@]}" >"$tmp/out" 2>"$tmp/err" || status=$?
	[ "$1" != WRITE ] || echo "What it said may be lost." >>"$tmp/err"
	faults_ended "$status"
}

# All that can fail. A sanitizer gives up without memory and limits.
calls_plan() {
	local call count errors error n without=

	! grep -q __asan_init "$cli_path/xdp-drop-tcp" || without=" MMAP LIMIT "
	cli_on "$tool" deny --count "$tmp/calls" "${command[@]}" >"$tmp/out" 2>"$tmp/err" ||
		fail "exit status $?: $(<"$tmp/err")"
	faults_anew
	plan=()
	while read -r call count errors; do
		[[ "$without" != *" $call "* ]] || errors=
		for ((n = 1; n <= count; n += count / 60 + 1)); do
			for error in $errors KILL; do
				plan+=("$call $n $error")
			done
		done
	done <"$tmp/calls"
}

calls_of() {
	local prepare=$1 kind=$2 command=("${@:3}") interfaces=(veth0) plan picked i bare prepared

	or_skip "no seccomp filters here" "$tool" deny PROG_LOAD EPERM true
	faults_begin
	[[ " ${command[*]} " != *" veth2"* ]] || interfaces+=(veth2)
	faults_anew
	calls_plan
	faults_pick "${#plan[@]}" 3
	[ -z "${CALL-}" ] || picked=1
	for ((i = 0; i < picked; i++)); do
		[ "$picked" = "${#plan[@]}" ] || plan[i]=${plan[RANDOM % ${#plan[@]}]}
		# shellcheck disable=SC2086 # three words
		calls_fail ${CALL:-${plan[i]}}
	done
	faults_end
}

calls_run=(-i 0.01 -t 20ms veth0)

test_calls_native() { calls_of faults_free ends xdp-drop-tcp -N "${calls_run[@]}"; }
test_calls_generic() { calls_of faults_free ends xdp-drop-world -S "${calls_run[@]}"; }
test_calls_tcx() { calls_of faults_free ends tc-drop-tcp "${calls_run[@]}"; }
test_calls_clsact() { calls_of faults_free ends tc-drop-tcp --clsact "${calls_run[@]}"; }
test_calls_beside() { beside=tc calls_of faults_free ends tc-drop-tcp --clsact "${calls_run[@]}"; }
test_calls_two() { calls_of faults_free ends xdp-drop-tcp --json "${calls_run[@]}" veth2; }
test_calls_write() { calls_of faults_free ends xdp-drop-tcp -w "$tmp/written" "${calls_run[@]}"; }
test_calls_where() { calls_of faults_free ends drop-where -t 20ms -w "$tmp/written" veth0; }
test_calls_list() { beside=tc calls_of faults_free ends tc-drop-tcp --list --json; }
test_calls_pin() { calls_of faults_free stays xdp-drop-tcp --pin veth0; }
test_calls_pin_tcx() { calls_of faults_free stays tc-drop-tcp --pin veth0; }
test_calls_pin_clsact() { calls_of faults_free stays tc-drop-tcp --clsact --pin veth0; }
test_calls_detach() { calls_of faults_pinned takes xdp-drop-tcp --detach veth0; }
test_calls_detach_tcx() { calls_of faults_pinned takes tc-drop-tcp --detach veth0; }
test_calls_detach_clsact() { clsact=--clsact calls_of faults_pinned takes tc-drop-tcp --detach veth0; }
test_calls_force() { calls_of faults_taken ends xdp-drop-tcp --force "${calls_run[@]}"; }
test_calls_force_clsact() { calls_of faults_taken ends tc-drop-tcp --clsact --force "${calls_run[@]}"; }
test_calls_force_pin() { calls_of faults_pinned stays xdp-drop-tcp --force --pin veth0; }

ktap_case calls1 test_calls_native "a call fails: XDP native"
ktap_case calls1 test_calls_generic "a call fails: XDP generic"
ktap_case calls1 test_calls_tcx "a call fails: TCX"
ktap_case calls1 test_calls_write "a call fails: --write"
ktap_case calls1 test_calls_two "a call fails: two interfaces"
ktap_case calls1 test_calls_pin "a call fails: --pin"
ktap_case calls1 test_calls_pin_tcx "a call fails: --pin, TCX"
ktap_case calls1 test_calls_pin_clsact "a call fails: --pin, clsact"
ktap_case calls1 test_calls_force_pin "a call fails: --pin over one's own"
ktap_case calls2 test_calls_clsact "a call fails: clsact"
ktap_case calls2 test_calls_beside "a call fails: clsact beside others' filter"
ktap_case calls2 test_calls_detach "a call fails: --detach"
ktap_case calls2 test_calls_detach_tcx "a call fails: --detach, TCX"
ktap_case calls2 test_calls_detach_clsact "a call fails: --detach, clsact"
ktap_case calls2 test_calls_list "a call fails: --list"
ktap_case calls2 test_calls_where "a call fails: drop-where"
ktap_case calls2 test_calls_force "a call fails: --force over another's XDP program"
ktap_case calls2 test_calls_force_clsact "a call fails: --force over another's filter"
