#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The experiment in the lab and with a real engine, side by side. See compare_usage().
set -eu

compare_usage() {
	cat <<-END
		Usage: ${0##*/} docker
		Runs the experiment's rows and its truth table twice: in the lab, and in a lab with
		a docker of its own. Shows what both have seen; where they differ: LAB|DOCKER.
		RESULTS is the directory that is written to.
		Exit: 0 all as expected, 1 not, 2 no such engine, 4 something is not installed.
	END
}

case ${1-} in
docker) engine=$1 ;;
-h | --help) compare_usage && exit 0 ;;
*) compare_usage >&2 && exit 2 ;;
esac
export LAB_ENGINE=$engine
. "$(dirname "$0")/experiment_lib.sh"
here=$(dirname "$(realpath "$0")")

# The experiment with engine $1, which is $2. What it found is in $work/$1/experiment.tsv;
# that something is not as the tables have it is no failure here.
compare_run() {
	local status=0

	echo "The experiment $2 …"
	LAB_ENGINE=$1 RESULTS=$work/$1 "$here/experiment.sh" rows taps >"$work/$1.out" 2>&1 || status=$?
	[ -s "$work/$1/experiment.tsv" ] && return
	cat "$work/$1.out" >&2
	exit "$status"
}

# Of the table $1
compare_show() {
	experiment_columns "$1"
	awk -f "$here/words.awk" -f "$here/compare.awk" -v engine="$engine" "$here/$1.expected" \
		"$work/lab/experiment.tsv" "$work/$engine/experiment.tsv" >"$work/$1.tsv"
	awk -f "$here/words.awk" -f "$here/show.awk" -v green="$green" -v yellow="$yellow" \
		-v red="$red" -v dim="$dim" -v plain="$plain" "$work/$1.tsv"
	cat "$work/$1.tsv" >>"$work/$engine.tsv"
}

compare_conclude() {
	local all failed explained skipped

	read -r all failed explained skipped < <(awk -F '\t' '
		$1 == "sum" { failed += $2 != $3 }
		$1 != "sum" {
			all++
			failed += $1 == "not"
			explained += $1 == "ok" && $NF != ""
			skipped += $1 == "skip"
		}
		END { print all + 0, failed + 0, explained + 0, skipped + 0 }' "$work/$engine.tsv")
	echo
	[ "$skipped" = 0 ] || echo "${yellow}$skipped could not be run here.$plain"
	[ "$explained" = 0 ] || echo "$explained rows differ, for a reason that the table has."
	if [ "$failed" != 0 ]; then
		echo "$red$failed of $all rows are not as expected.$plain"
		exit 1
	fi
	echo "$green$((all - skipped - explained)) rows are the same with $engine as in the lab.$plain"
}

lab_need curl ip nft tcpdump "${LAB_NEEDS[@]}"
lab_colours
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
version=$(dockerd --version)
version=${version#Docker version }
compare_run lab "in the lab"
compare_run "$engine" "with $engine ${version%%,*}"
: >"$work/$engine.tsv"
for each in rows taps; do
	echo
	compare_show "$each"
done
if [ -n "${RESULTS-}" ]; then
	mkdir -p "$RESULTS"
	cp "$work/$engine.tsv" "$RESULTS/$engine.tsv"
fi
compare_conclude
