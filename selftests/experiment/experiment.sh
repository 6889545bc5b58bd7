#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The experiment: every row of it, with evidence. See usage().
set -eu

. "$(dirname "$0")/experiment_lib.sh"

experiment_usage() {
	cat <<-END
		Usage: ${0##*/} [--ktap] [CHAPTER...]
		  rows     the experiment's rows, W0 to Q1
		  taps     the truth table: each hook, each way
		  switch   T1 and T2: XDP goes on and off under a stream of connections
		  answers  the questions, each with a command and its output
		Without CHAPTER: all. --ktap: a test point for each row.
		RESULTS is the directory that is written to. PROGRAMS is searched for
		programs before those that were built.
		Exit: 0 all as expected, 1 not, 4 (--ktap) nothing could be run.
	END
}

lab_colours

# One chapter: a process with a lab of its own.
experiment_run_chapter() {
	chapter=$1
	loaders=()
	declare -gA watchers=()
	experiment_set_up
	case $chapter in
	switch1) experiment_switched T1 ctr 198.51.100.2 host veth0 ;;
	switch2) experiment_switched T2 host 203.0.113.10 ctr eth0 ;;
	*)
		experiment_set_up_taps
		case $chapter in
		rows | taps) experiment_table "$chapter" ;;
		answers) experiment_answers ;;
		esac
		experiment_end_watchers
		;;
	esac
}

# --- all of them ---

experiment_heading() {
	local -A words=(
		[rows]="The rows" [taps]="The truth table: each hook, each way"
		[switch1]="T1, T2: XDP on and off under a stream of connections"
		[answers]="The questions"
	)

	[[ -z $ktap && -n ${words[$1]-} ]] || return 0
	printf '\n%s\n\n' "${words[$1]}"
	case $1 in
	rows | taps) experiment_columns "$1" ;;
	esac
}

experiment_explain() {
	lab_diagram
	cat <<-END

		What a tap on eth0, veth0, docker0, wan0, out0 and lo sees, in order: Q request,
		R reply (A and a: those of ARP), o going out, i coming in. dropped: which
		packet, on which interface, at which hook, as drop-where reports it.
		${RESULTS:+All results are written to $RESULTS.}
	END
}

experiment_stop() {
	end_jobs TERM
	wait
	rm -rf "$work"
}

experiment_start_chapter() {
	: >"$work/$1.out"
	experiment_run_chapter "$1" >"$work/$1.out" 2>"$work/$1.err" </dev/null &
	pids[$1]=$!
}

# Chapters run side by side and are shown one after the other. Answers come last:
# other chapters' drops would be in them.
experiment_main() {
	local name status began=${EPOCHREALTIME/./} took
	local -A pids=()

	trap experiment_stop EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	experiment_find_programs
	[ -n "$ktap" ] || experiment_explain
	for name in "${chapters[@]}"; do
		[ "$name" = answers ] || experiment_start_chapter "$name"
	done
	for name in "${chapters[@]}"; do
		experiment_heading "$name"
		[ -n "${pids[$name]-}" ] || experiment_start_chapter "$name"
		tail -n +1 -s 0.2 --pid="${pids[$name]}" -f "$work/$name.out" | experiment_number &
		wait $! # unlike what runs in the foreground, signals end this
		status=0
		wait "${pids[$name]}" || status=$?
		[ "$status" = 0 ] || experiment_broken "$name" "$status"
	done
	took=$(((${EPOCHREALTIME/./} - began) / 100000))
	experiment_conclude "${took%?}.${took: -1}"
}

# How many test points there will be: one for each probe and for each state, which a
# chapter's table has, two for each switch, one for each question.
experiment_plan() {
	local name points=0

	for name in "${chapters[@]}"; do
		case $name in
		rows | taps) points=$((points + $(awk '/^#/ || !NF { next }
			$2 != state { n++; state = $2 }
			{ n++ }
			END { print n }' "$here/$name.expected"))) ;;
		switch?) points=$((points + 2)) ;;
		answers) points=$((points + QUESTIONS)) ;;
		esac
	done
	echo "1..$points"
}

# Test points of several chapters are numbered through.
experiment_number() {
	if [ -z "$ktap" ]; then
		cat
	else
		awk -v file="$work/count" 'BEGIN { getline n <file; close(file) }
			{ if (sub(/^ok /, "") && ++n) print "ok " n " " $0
			  else if (sub(/^not ok /, "") && ++n) print "not ok " n " " $0
			  else print; fflush() }
			END { print n + 0 >file }'
	fi
}

# $1: seconds that it took
experiment_conclude() {
	local all passed failed skipped

	mkdir -p "$results"
	cat "$work"/*.tsv >"$results/experiment.tsv"
	cp "$work"/T[12].* "$work"/answers.txt "$results" 2>/dev/null || true
	experiment_json >"$results/experiment.json"
	read -r passed failed skipped < <(awk -F '\t' '
		$1 == "sum" { $1 = $2 == $3 ? "ok" : "not" }
		{ count[$1]++ }
		END { print count["ok"] + 0, count["not"] + 0, count["skip"] + 0 }' \
		"$results/experiment.tsv")
	all=$((passed + failed + skipped))
	if [ -n "$ktap" ]; then
		echo "# Totals: pass:$passed fail:$failed xfail:0 xpass:0 skip:$skipped error:0"
	elif [ "$failed" = 0 ]; then
		echo
		[ "$skipped" = 0 ] || echo "${yellow}$skipped could not be run here.$plain"
		echo "${green}All $((all - skipped)) are as expected.$plain It took $1 s."
	else
		echo
		awk -F '\t' '$1 == "not" { print "! " $2, $3, $4 ": " $NF }
			$1 == "sum" && $2 != $3 { print "! " state ": " $2 " were dropped, but drop-where reports " $3 }
			{ state = $3 }' \
			"$results/experiment.tsv"
		echo "$red$failed of $all are not as expected.$plain It took $1 s."
	fi
	[ "$failed" = 0 ] || exit 1
	[ "$passed" != 0 ] || exit 4
}

# Strings hold no quotes or backslashes: they are words of the tables. Whose version
# each was is asked only if the results are wanted.
experiment_json() {
	local series

	series=("$work"/T[12].seconds)
	[ -e "${series[0]}" ] || series=()
	awk -f "$here/words.awk" -f "$here/json.awk" -v kernel="$(uname -r)" \
		-v machine="$(uname -m), $(nproc) CPUs" -v time="$(date -u +%FT%TZ)" \
		-v nping="${RESULTS:+$(nping --version 2>/dev/null | sed -n 's/.*version \([0-9.]*\).*/\1/p')}" \
		-v tcpdump="${RESULTS:+$(tcpdump --version 2>&1 | sed -n 's/^tcpdump version //p')}" \
		-v iproute="${RESULTS:+$(ip -V | sed 's/.*iproute2-//;s/,.*//')}" \
		-v program="${RESULTS:+$("${program[xdp-drop-tcp]}" --version)}" \
		"$results/experiment.tsv" "${series[@]}"
}

experiment_broken() {
	printf 'not\t%s\t-\tset-up\t-\tended with exit status %s\n' "$1" "$2" >>"$work/$1.tsv"
	sed 's/^/# /' "$work/$1.err"
	[ -z "$ktap" ] || echo "not ok $1 set-up" | experiment_number
}

here=$(dirname "$(realpath "$0")")
. "$here/experiment_table.sh"
. "$here/experiment_more.sh"
ktap='' chapters=()
for each; do
	case $each in
	--ktap) ktap=1 ;;
	rows | taps | answers) chapters+=("$each") ;;
	switch) chapters+=(switch1 switch2) ;;
	-h | --help) experiment_usage && exit 0 ;;
	*) experiment_usage >&2 && exit 2 ;;
	esac
done
[ -n "${chapters[*]-}" ] || chapters=(rows taps switch1 switch2 answers)
lab_need curl ip nft tcpdump "${LAB_NEEDS[@]}"
work=$(mktemp -d)
results=${RESULTS:-$work/results}
[ -z "$ktap" ] || { echo "TAP version 13" && experiment_plan; }
experiment_main
