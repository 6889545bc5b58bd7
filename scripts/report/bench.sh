#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# bench.sh page RESULTS: what make bench left in RESULTS, as a part of the report: a table, and
# a plot of its first column where gnuplot is installed.
# bench.sh document RESULTS: put its tables into Documentation/performance.rst, each behind its
# line ".. bench: TABLE", and its charts beside it.
set -eu
export LC_ALL=C

parts=$(dirname "$(realpath "$0")")
top=$parts/../..
tsv=${2:-$top/results}/bench.tsv
[ -s "$tsv" ] || { echo "${0##*/}: no $tsv: make bench writes it" >&2; exit 1; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

show() {
	awk -v as="$1" -v table="$2" -f "$top/selftests/bench.awk" "$tsv"
}

plot() {
	show plot "$1" >"$tmp/rows"
	gnuplot -e "rows=$(wc -l <"$tmp/rows")" -e "data='$tmp/rows'" \
		-e "unit='$(awk -F '\t' -v t="$1" '$1 == t { print $4 ", " $3; exit }' "$tsv")'" "$parts/bench.gp"
}

bench_page() {
	local table

	echo '<section id="bench"><h2>What it costs</h2><p>'
	awk -F '\t' '$1 == "machine" { print $2 ": " $3 "<br/>" }' "$tsv"
	echo '</p>'
	show names '' >"$tmp/names"
	while read -r table; do
		# Its own markers and names are not the page's.
		! command -v gnuplot >/dev/null || { echo '<figure>' && plot "$table" | sed '1d; /<defs>/,/<\/defs>/d; /<use /d
			s/^ *xmlns.*"$//; s/ id="[^"]*"//; /<title>/s,<title>.*</title>,,; /<desc>/d' && echo '</figure>'; }
		echo '<pre>'
		show text "$table" | sed 's/&/\&amp;/g; s/</\&lt;/g'
		echo '</pre>'
	done <"$tmp/names"
	echo '</section>'
}

bench_document() {
	local line rst=$top/Documentation/performance.rst table skip=

	while IFS= read -r line; do
		case $line in
		'.. bench: '*)
			printf '%s\n' "$line"
			table=${line#.. bench: }
			[ "$table" != machine ] || { echo && awk -F '\t' '$1 == "machine" { print ":" $2 ": " $3 }' "$tsv"; }
			[ "$table" = machine ] || show text "$table"
			printf '\n'
			skip=yes
			;;
		'.. end') skip= ;;
		esac
		[ -n "$skip" ] || printf '%s\n' "$line"
	done <"$rst" >"$tmp/rst"
	cp "$tmp/rst" "$rst"
	plot "verdict, xdp, 64 bytes" | sed '/<use /d; s/ *$//' >"$top/Documentation/verdict-cost.svg"
}

"bench_$1"
