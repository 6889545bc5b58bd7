#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# check.sh: is the report what it should be? Renders made-up results, in which all is
# as the tables in selftests/experiment have it, and then some in which it is not.
set -eu
export LC_ALL=C

here=$(dirname "$(realpath "$0")")
tables=$here/../../selftests/experiment
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0

report_wrong() {
	echo "report: $*"
	failed=1
}

# page_has FILE WORDS: they are in there; page_lacks: they are not.
page_has() {
	grep -qF -- "$2" "$tmp/$1" || report_wrong "$1 lacks: $2"
}

page_lacks() {
	! grep -qF -- "$2" "$tmp/$1" || report_wrong "$1 has: $2"
}

results() {
	for table in rows taps; do
		awk -v OFS='\t' '
			/^#/ || !NF { next }
			state != "" && $2 != state { print "sum", told + 0, told + 0; told = 0 }
			{
				state = $2
				told += $11 != "-"
				$1 = "ok" OFS $1
				for (i = 4; i <= 11; i++)
					$i = $i "/" $i
				print $0, "-", ""
			}
			END { print "sum", told + 0, told + 0 }' "$tables/$table.expected"
	done >"$tmp/experiment.tsv"
	printf '%s\t%s\t%s\t%s\t%s\t\n' ok T1 xdp-drop-tcp:veth0 none-lost-while-off '0 of 9' \
		ok 'question 1' - the-ids-are-the-same - >>"$tmp/experiment.tsv"
	printf ' "time": "2026-01-02T03:04:05Z",\n "kernel": "7.3",\n' >"$tmp/experiment.json"
	printf 'T1\tswitch\ton\t0.1\t0.2\t0.15\nT1\tswitch\toff\t0.3\t0.4\t-1\n' >"$tmp/T1.seconds"
	printf 'time_s,sent_s,answered_s\n0.0,0.0,0.1\n0.2,0.2,\n0.5,0.5,0.6\n' >"$tmp/T1.csv"
	printf 'Question 1: what is it?\n\nhost# %s\n    %s\nAn answer.\n' '/home/user/probe tcp' \
		'<script>alert("&")</script>' >"$tmp/answers.txt"
	mkdir "$tmp/2026-01-01-000000"
	printf '6.1\t6.1.0-amd64\t-\t200\ttcg\t-\n' >"$tmp/2026-01-01-000000/kernels.tsv"
	printf '6.1\tverdict\tone\tpass\t5\t\n' >"$tmp/2026-01-01-000000/points.tsv"
	echo '{}' >"$tmp/2026-01-01-000000/results.json"
	printf '%s\t%s\t1500\t%s\t%s\t%s\n' e1000 native refused refused 'no native XDP here' \
		e1000 generic ok ok '' veth native ok ok '' veth generic ok ok '' >"$tmp/drivers.tsv"
	printf '%s\t%s\t%s\tns\t%s\n' "verdict, xdp" "<none> & nothing" TCP "25	26" "verdict, xdp" ours TCP "29	30" \
		>"$tmp/bench.tsv"
	# This one did not finish, and that one is no run of a person's.
	cp -r "$tmp/2026-01-01-000000" "$tmp/2026-01-02-000000"
	cp -r "$tmp/2026-01-01-000000" "$tmp/ci"
	rm "$tmp/2026-01-02-000000/results.json"
}

render() {
	AWK=$2 "$here/report.sh" "$tmp" "$tmp/$1" >/dev/null || report_wrong "cannot be made by $2"
	python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$tmp/$1" ||
		report_wrong "$1 is not well-formed"
}

# above FILE LINE WORDS: they come before the line that has LINE.
above() {
	sed "/$2/q" "$tmp/$1" | grep -qF -- "$3" || report_wrong "$1: not above $2: $3"
}

results
render good.html awk
above good.html 'id="differs"' 'A <strong>tap</strong> is'
above good.html 'id="differs"' '<dt class="id">E</dt>'
above good.html 'id="lab"' 'Nothing differs.'
for each in 'id="W1"' 'id="T1"' 'id="question-1"' 'id="kernels"' 'make matrix</code>, 2026-01-01' 'docker0-in' 'id="bench"' '&lt;none> &amp; nothing' 'e1000: no native XDP here' '2026-01-02T03:04:05Z'; do
	page_has good.html "$each"
done
for each in 'class="alarm"' 'card bad' 'td class="bad"' '<script' '/home/' 'src=' 'url(' '="http' '<link'; do
	page_lacks good.html "$each"
done
for each in mawk gawk 'busybox awk'; do
	command -v "${each% *}" >/dev/null || continue
	render other.html "$each"
	cmp -s "$tmp/good.html" "$tmp/other.html" || report_wrong "$each makes another page"
done

# E4's connect() was answered, on the way to nowhere; and a program miscounted.
awk -F '\t' -v OFS='\t' '
	$2 == "E4" && $4 == "host-ctr-tcp" {
		$1 = "not"
		$5 = "pass/lost"
		$14 = "verdict: expected lost, got pass"
	}
	$1 == "sum" && $2 == 3 && !planted++ { $3 = 2 }
	{ print }' "$tmp/experiment.tsv" >"$tmp/planted"
mv "$tmp/planted" "$tmp/experiment.tsv"
sed -i 's/^\(veth\tgeneric\t1500\tok\t\).*/\1lower\t/' "$tmp/drivers.tsv"
render bad.html awk
above bad.html 'id="lab"' '<span class="v bad">≠ not as expected</span>'
for each in 'class="alarm"' '>E4</a></strong>' 'td class="bad"><a href="#E4">' 'got pass' \
	'<span class="v bad">≠&#160;passes, not lost</span>' 'td class="bad">≠ no' '</strong> generic XDP, MTU 1500: ok, not lower' 'drop-where reports 2'; do
	page_has bad.html "$each"
done
[ "$(grep -c 'article class="card bad"' "$tmp/bad.html")" = 1 ] || report_wrong "bad.html: more than E4's card is red"
exit $failed
