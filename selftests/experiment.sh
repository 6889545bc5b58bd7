#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The experiment. See usage().
set -eu

# shellcheck source-path=SCRIPTDIR source=experiment_lib.sh disable=SC1091
. "$(dirname "$0")/experiment_lib.sh"

usage() {
	cat <<-END
		Usage: ${0##*/} [--ktap] [CHAPTER...]
		  rows    the experiment's rows, W0 to Q1
		  taps    the truth table: each hook, each way
		Without CHAPTER: all. Exit: 0 all as expected, 1 not.
	END
}

green='' yellow='' red='' dim='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR-}" ]; then
	green=$'\e[32m' yellow=$'\e[33m' red=$'\e[1;31m' dim=$'\e[2m' plain=$'\e[0m'
fi

# One probe; $1 is the row's number, the rest the row.
cell() {
	local id=$1 running=$2 name=$3 start verdict

	start=$EPOCHREALTIME
	if [ -n "$obstacle" ]; then
		verdict=skip
	else
		verdict=$(judge "$name" "$4")
	fi
	echo "$start ${verdict// /_} $id $running $name ${*:4}" >>"$tmp/cells"
}

finish_state() {
	[ -n "$state" ] || return 0
	dropped=0
	if [ -z "$obstacle" ]; then
		taps_catch_up
		stop_state
	fi
	LC_ALL=C awk -f "$here/experiment.awk" -v unit="$LAB_UNIT" -v dropped="$dropped" \
		"$tmp/cells" "$tmp"/tap.out "$tmp"/tap.host "$tmp"/tap.ctr $(ls "$tmp"/where.* 2>/dev/null) \
		>"$tmp/judged"
	cat "$tmp/judged" >>"$tmp/all"
	cat "$tmp/judged"
}

chapter() {
	local id running rest

	state=
	while read -r -u 9 id running rest; do
		case $id in
		"" | "#"*) continue ;;
		esac
		if [ "$running" != "$state" ]; then
			finish_state
			state=$running
			start_state "$running"
		fi
		# shellcheck disable=SC2086 # several words
		cell "$id" "$running" $rest
	done 9<"$here/experiment_$1.expected"
	finish_state
}

here=$(dirname "$0")
declare -a loaders=()
declare -A watchers=()
set_up
time chapter "$1"
