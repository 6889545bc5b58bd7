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
trap 'rm -rf "${tmp%/languages}"' EXIT
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
	AWK=$2 "$here/report.sh" "$tmp" "$tmp/$1" "${3-}" >/dev/null || report_wrong "cannot be made by $2"
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

# What the page can say: all questions, checks and answers, as their sources have them; differences
# of each kind; what cannot be run.
all_results() {
	sed -E '/experiment_question [0-9]/ { s/.*question ([0-9]) "(.*)"/\nQuestion \1: \2\n/; s/\\"/"/g; b }
		s/^\techo "([^"]+)"$/\1/; t; s/.*/host# true/' "$tables/experiment_more.sh" |
		sed '/^Question/,$!d; /(meanwhile)$/d' >"$tmp/answers.txt"
	sed -n '/local n text.* names=/,/)$/p' "$tables/experiment_more.sh" | grep -o '"[^"]*"' | tr -d '"' | tr ' ' '-' >"$tmp/names"
	awk -F '\t' -v OFS='\t' -v names="$tmp/names" '
		$2 == "W2" { $5 = "lost/lost" }
		$2 == "E8" && $4 ~ /self-/ { $5 = "pass/pass" }
		$2 == "E5" { $1 = "skip"; $5 = "skip:needs_nping/pass" }
		$2 == "X1" { $1 = "not"; $7 = "QoRi/Qo"; $5 = "pass/lost"; $14 = "verdict: expected lost, got pass" }
		$2 == "O1" && $4 ~ /-tcp/ { $5 = "lost/lost" }
		$2 == "O1" && $4 ~ /-nping/ { $5 = "pass/pass" }
		$2 == "O7" { $9 = "aiQoRi/QoRi"; $12 = "a@wan0:tc-ingress/-" }
		$1 == "sum" && $2 != 0 { $3 += planted++ % 4 == 0 }
		$2 == "question 1" { next }
		$2 == "T1" { $1 = "not" }
		{ print }
		END {
			while ((getline name <names) > 0)
				print "ok", "question " ++n, "-", name, "-", ""
			print "ok", "T2", "xdp-drop-tcp:eth0", "none-answered-while-on", "0 of 9", ""
		}' "$tmp/experiment.tsv" >"$tmp/planted"
	mv "$tmp/planted" "$tmp/experiment.tsv"
	cp "$tmp/T1.csv" "$tmp/T2.csv"
	sed 's/^T1/T2/' "$tmp/T1.seconds" >"$tmp/T2.seconds"
	printf 'T1\tswitch\toff\t0.5\t0.6\t0.02\nT1\tswitch\toff\t0.7\t0.8\t0.1\n' >>"$tmp/T1.seconds"
}

# Each language's table has what is looked up, and nothing else; and its page is the English one but for the words.
languages() {
	local table language

	for table in "$here"/report.*.tsv; do
		language=${table#"$here/report."} && language=${language%.tsv}
		all_results
		for each in all none; do
			[ "$each" = all ] || sed -i '2,$d' "$tmp/experiment.tsv"
			render "$each.html" awk
			SAID=$tmp/said render "$each.$language.html" awk "$language"
			python3 "$here/compare.py" "$tmp/$each.html" "$tmp/$each.$language.html" || failed=1
		done
		page_has "all.$language.html" "lang=\"${language/_/-}\""
		sed '/^#/d; s/\t.*//' "$table" | sort >"$tmp/phrases"
		sort -u "$tmp/said" | comm -13 - "$tmp/phrases" | sed "s/^/report: $language: not used: /" >"$tmp/unused"
		LC_ALL=C.UTF-8 grep -anvP '^(#.*|[^\t]+\t[^\t]+)$' "$table" >>"$tmp/unused" || :
		uniq -d "$tmp/phrases" | sed "s/^/report: $language: twice: /" >>"$tmp/unused"
		cat "$tmp/unused"
		[ ! -s "$tmp/unused" ] || failed=1
	done
	[ -n "${language-}" ] || report_wrong "no language but English"
	! "$here/report.sh" "$tmp" "$tmp/other.html" xx_XX 2>/dev/null || report_wrong "there is a page in xx_XX"
}

mkdir "$tmp/languages"
tmp=$tmp/languages
results
languages
exit $failed
