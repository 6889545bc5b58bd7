#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# report.sh [RESULTS [FILE [LANGUAGE]]]: one page of HTML from what make experiment left in
# RESULTS (results), and from the newest run of make matrix, make drivers and make bench there,
# if there is one. Needs nothing but awk, and gnuplot for the plots of make bench; the page needs nothing but a browser.
# Another language is a table beside this script, report.LANGUAGE.tsv; FILE is then report.LANGUAGE.html.
# SAID=FILE lists there what was looked up in that.
set -eu
export LC_ALL=C

parts=$(dirname "$(realpath "$0")")
results=${1:-$(realpath "$parts/../../results")}
language=${3-} && language=${language%%[.@]*}
case $language in "" | C | POSIX | en*) language=en ;; esac
phrases=$parts/report.$language.tsv
[ "$language" != en ] || phrases=
out=${2:-$results/report${phrases:+.$language}.html}
tsv=$results/experiment.tsv

# One part of the page: its awk script and files.
part() {
	${AWK:-awk} -v phrases="$phrases" -v log_file="${SAID-}" -f "$parts/../../selftests/experiment/words.awk" -f "$parts/data.awk" \
		-f "$parts/strip.awk" -f "$parts/../matrix/points.awk" -f "$parts/$1.awk" "${@:2}"
}

# A file as it is, but for its licence line.
raw() {
	grep -v SPDX-License-Identifier: "$parts/$1"
}

# The newest run that is finished, by its results.json: their names are times.
matrix_run() {
	local each newest=''

	for each in "$results"/2*/; do
		[ ! -s "$each/results.json" ] || newest=${each%/}
	done
	echo "$newest"
}

# Is there a check whose id begins so? Files may be another run's.
ran() {
	cut -f2 "$tsv" | grep -q "^$1"
}

contents() {
	cat <<-END
		<nav aria-label="Contents"><ul>
		<li><a href="#differs">Differences</a></li>
		<li><a href="#lab">The lab</a></li>
		<li><a href="#matrix">State × probe</a></li>
		<li><a href="#notebook">The notebook</a></li>
		<li><a href="#rows">Row by row</a></li>
		<li><a href="#taps">Truth table</a></li>
		$(! ran 'T[0-9]' || echo '<li><a href="#switch">T1, T2</a></li>')
		<li><a href="#counters">Counters</a></li>
		<li><a href="#nping">nping</a></li>
		$(! ran question || echo '<li><a href="#questions">Questions</a></li>')
		$([ -z "$matrix" ] || echo '<li><a href="#kernels">Kernels</a></li>')
		$([ ! -s "$results/drivers.tsv" ] || echo '<li><a href="#drivers">Drivers</a></li>')
		$([ ! -s "$results/bench.tsv" ] || echo '<li><a href="#bench">Cost</a></li>')
		</ul></nav>
	END
}

lab_section() {
	local lab_text="Three network namespaces, and where the programs are attached in which rows. The truth table \
also attaches them at veth0’s TC ingress, to docker0 and to eth0." path_text="Each interface has this path. The bridge \
is an interface, too: a packet that is dropped as it leaves veth0 was on docker0 before."

	cat <<-END
		<section id="lab"><h2>The lab, and the path of a packet</h2>
		<div class="figures"><figure>$(raw topology.svg)
		<figcaption><small>$lab_text</small></figcaption></figure>
		<figure>$(raw path.svg)
		<figcaption><small>$path_text</small></figcaption></figure></div>
		<div class="table">$(part hooks "$tsv")</div></section>
	END
}

page() {
	cat <<-END
		<!DOCTYPE html>
		<html lang="${language/_/-}"><head><meta charset="utf-8"/>
		<meta name="viewport" content="width=device-width, initial-scale=1"/>
		<meta name="color-scheme" content="light dark"/>
		<title>bpf-drop: the experiment</title>
		<style>
		$(raw style.css)
		</style></head><body>
	END
	part head "$tsv" "$results/experiment.json"
	contents
	echo "<main>"
	part notebook -v differing=1 "$tsv" "$parts/notebook.tsv"
	lab_section
	part matrix "$tsv"
	part notebook -v differing=0 "$tsv" "$parts/notebook.tsv"
	part rows -v legend="$parts/legend.html" "$tsv"
	part taps "$tsv"
	! ran 'T[0-9]' || part switch "$tsv" "$results"/T?.seconds "$results"/T?.csv
	part counters "$tsv"
	! ran question || part answers "$tsv" "$results/answers.txt"
	[ -z "$matrix" ] || part kernels -v run="${matrix##*/}" "$matrix/kernels.tsv" "$matrix/points.tsv"
	[ ! -s "$results/drivers.tsv" ] || part drivers "$results/drivers.tsv"
	[ ! -s "$results/bench.tsv" ] || "$parts/bench.sh" page "$results"
	echo "</main></body></html>"
}

if [ ! -s "$tsv" ] || [ ! -s "$results/experiment.json" ]; then
	echo "${0##*/}: $results has no experiment: make experiment writes one" >&2
	exit 1
fi
if [ -n "$phrases" ] && [ ! -e "$phrases" ]; then
	echo "${0##*/}: no page in '$3': the languages are en$(cd "$parts" && printf ' %s' report.*.tsv |
		sed 's/report\.//g; s/\.tsv//g')" >&2
	exit 2
fi
matrix=$(matrix_run)
trap 'rm -f "$out.new" "$out.raw"' EXIT
page >"$out.raw"
part page "$out.raw" >"$out.new"
mv "$out.new" "$out"
run=$(sed -n 's/^ "time": "\(.*\)",$/\1/p' "$results/experiment.json")
echo "$out: the run of $run${matrix:+; kernels: ${matrix##*/}}"
