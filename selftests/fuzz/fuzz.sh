#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# fuzz.sh DIRECTORY: its fuzzers, NAME_fuzz, for $FUZZ_SECONDS in all (default: 60), in as many
# processes as $FUZZ_JOBS (default: CPUs); half of that time is match_fuzz's. Then what its
# corpus has grown to, and frames by chance, through the loaded programs. The corpus stays
# in $RESULTS/fuzz for the next time, as does the input of a failure.
set -eu
export LC_ALL=C
cd "$(dirname "$0")/.."

built=$1
seconds=${FUZZ_SECONDS:-60}
jobs=${FUZZ_JOBS:-$(nproc)}
kept=$RESULTS/fuzz
options=(-max_len=20480 -print_final_stats=1)
failed=0
tmp=$(mktemp -d)
pids=()
trap '[ -z "${pids[*]}" ] || kill "${pids[@]}" 2>/dev/null || :; rm -rf "$tmp"' EXIT
trap 'exit 1' INT TERM

# What a fuzzer said of the failure it has found.
finding() {
	grep -hE '^(disagreement:|ethernet |ip )|ERROR:|runtime error:|SUMMARY:|Test unit written' "$@"
}

# Does the fuzzer find what is wrong? Each of these faults is put into a copy of the code.
planted() {
	local fault found=0 begun=$SECONDS source=../bpf_progs/match_protocol.h

	for fault in 's/0x45ULL/0x44ULL/' 's/FRAGMENT_OFFSET 0xfff8/FRAGMENT_OFFSET 0xfff0/' \
		's/\(\[51\] = EXTENSION |\) 4/\1 8/' 's/(ext + 1) > end/\&ext->offset > end/'; do
		sed "$fault" $source >"$tmp/match_protocol.h"
		if cmp -s $source "$tmp/match_protocol.h"; then
			echo "fuzz.sh: $source has changed, and nothing is to be planted by $fault: adapt it" >&2
			exit 1
		fi
		rm -f "$tmp/match_fuzz"
		make -s -C fuzz OUT="$tmp" FIRST="-I$tmp" "$tmp/match_fuzz" >/dev/null
		"$tmp/match_fuzz" "${options[@]}" -max_total_time=300 -artifact_prefix="$tmp/" \
			>"$tmp/log" 2>&1 || ! finding "$tmp/log" >/dev/null || found=$((found + 1))
	done
	echo "planted faults: $found of 4 found, in $((SECONDS - begun)) s"
	[ $found = 4 ] || failed=1
}

# run_fuzzer NAME SECONDS
run_fuzzer() {
	local job

	mkdir -p "$kept/$1"
	for ((job = 0; job < jobs; job++)); do
		"$built/$1" "${options[@]}" -max_total_time="$2" -artifact_prefix="$kept/$1-" \
			"$kept/$1" >"$tmp/$1.$job" 2>&1 &
		pids+=($!)
	done
	for job in "${pids[@]}"; do
		wait "$job" || failed=1
	done
	pids=()
	awk -v name="$1" '/^stat::number_of_executed_units/ { sum += $2 }
		END { print name ": " sum + 0 " inputs" }' "$tmp/$1".*
	if finding "$tmp/$1".*; then
		echo "To reproduce: $built/$1 FILE"
		failed=1
	fi
}

# Inputs of kernel_fuzz to begin with: recorded, which takes root's namespaces.
seed() {
	[ "$(id -u)" = 0 ] && [ ! -e "$kept/kernel_fuzz/list" ] || return 0
	mkdir -p "$kept/kernel_fuzz"
	fuzz/seeds.sh "$built/kernel_fuzz" "$kept/kernel_fuzz" >"$tmp/seeds" 2>&1 && return
	sed 's/^/seeds.sh: /' "$tmp/seeds" >&2
	failed=1
}

planted
seed
fuzzers=("$built"/*_fuzz)
for fuzzer in "${fuzzers[@]##*/}"; do
	share=$((seconds / 2))
	[ "$fuzzer" = match_fuzz ] || share=$((seconds / 4 / (${#fuzzers[@]} - 1) + 1))
	run_fuzzer "$fuzzer" $share
done
find "$kept/match_fuzz" -type f -printf 'file %p\n' |
	"$built/frames_run" -r "${FUZZ_KERNEL_RUNS:-1000000}" -t $((seconds / 4 + 1)) || failed=1
exit $failed
