# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A table's states: attach, send the probes, judge. To be sourced by experiment.sh and
# lesson.sh, whose variables these are:
: "${work=}" "${here=}" "${ktap=}" "${tmp=}" "${chapter=}" "${obstacle=}"
: "${verdict=}" "${green=}" "${yellow=}" "${red=}" "${dim=}" "${plain=}"
declare -a rows watched # they stay as they are

# One probe: what became of it, and its row.
experiment_cell() {
	local id=$1 running=$2 name=$3 start=$EPOCHREALTIME verdict

	verdict="skip:$obstacle"
	[ -n "$obstacle" ] || experiment_judge "$name" "$4"
	verdict=${verdict// /_}
	echo "$start ${verdict//\//|} $id $running $name ${*:4}" >>"$tmp/cells"
}

# Attach what state $1 is, send the probes of $rows, judge.
experiment_try_state() {
	local row

	dropped=0
	experiment_start_state "$1"
	for row in "${rows[@]}"; do
		# shellcheck disable=SC2086 # several words
		experiment_cell $row
	done
	if [ -z "$obstacle" ]; then
		experiment_taps_catch_up
		experiment_stop_state
	fi
	experiment_judge_state
}

experiment_run_state() {
	local judged

	[ -n "${rows[*]-}" ] || return 0
	experiment_try_state "$state"
	IFS= read -rd '' judged <"$tmp/judged" || true
	printf %s "$judged" >>"$work/$chapter.tsv"
	awk -f "$here/words.awk" -f "$here/show.awk" -v ktap="$ktap" -v green="$green" \
		-v yellow="$yellow" -v red="$red" -v dim="$dim" -v plain="$plain" "$tmp/judged"
}

# What the probes of the state met, as judge.awk has it: $tmp/judged.
experiment_judge_state() {
	local where told=()

	for where in "${watched[@]}"; do
		told+=("$tmp/where.$where")
	done
	awk -f "$here/judge.awk" -v dropped="$dropped" \
		"$tmp/cells" "$tmp"/tap.out "$tmp"/tap.host "$tmp"/tap.ctr "${told[@]}" >"$tmp/judged"
}

experiment_table() {
	local id running rest rows=()

	state=
	while read -r -u 9 id running rest; do
		case $id in
		"" | "#"*) continue ;;
		esac
		if [ "$running" != "$state" ]; then
			experiment_run_state
			state=$running rows=()
		fi
		rows+=("$id $running $rest")
	done 9<"$here/$1.expected"
	experiment_run_state
}
