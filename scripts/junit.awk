#!/usr/bin/awk -f
# SPDX-License-Identifier: GPL-2.0-only
#
# junit.awk: what make check (selftests/run.sh) prints, as JUnit XML: a test suite for each
# program, a test case for each point. Input has to be UTF-8, for which iconv -c sees.
#
# The table at the end has what no point tells: the seconds of a program, and that it
# crashed, took too long or did not keep to its plan. Without the line that counts all
# points, the run did not come to its end: that is an error.

function xml(text) {
	gsub(/&/, "\\&amp;", text)
	gsub(/</, "\\&lt;", text)
	gsub(/>/, "\\&gt;", text)
	gsub(/"/, "\\&quot;", text)
	gsub(/[^[:print:]\n\t\200-\377]/, "?", text)
	return text
}

# One more test case of the program name; kind is passed, skipped, failure or error.
function add(name, words, kind, why, log_text) {
	if (!(name in count))
		order[++programs] = name
	count[name, kind]++
	count[name]++
	cases[name] = cases[name] sprintf("    <testcase classname=\"%s\" name=\"%s\"", xml(name), xml(words)) \
		(kind == "passed" ? "/>\n" : \
		sprintf("><%s message=\"%s\">%s</%s></testcase>\n", kind, xml(why), xml(log_text), kind))
}

/^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ { complete = 1 }
/^program +passed +failed +skipped +seconds$/ { table = 1 }
table && NF == 5 && $5 ~ /^[0-9]+\.[0-9]$/ { seconds[$1] = $5 }
table && /^[^ ]+: (SKIP|stopped after|ended with|exit status|no plan|[0-9]+ points of) ?/ {
	name = $1
	sub(/:$/, "", name)
	sub(/^[^ ]+: /, "")
	add(name, "the program", /^SKIP/ ? "skipped" : "failure", $0)
}
table { next }

/^# selftests: / { name = $3; log_text = ""; next }
/^# Totals:/ { next }
/^# / { log_text = log_text substr($0, 3) "\n"; next }
/^(not )?ok [0-9]/ {
	kind = /^not/ ? "failure" : /# *SKIP/ ? "skipped" : "passed"
	why = $0
	sub(/^(not )?ok [0-9]+ (- )?/, "")
	words = $0
	if (kind == "skipped") {
		sub(/ *# *SKIP.*/, "", words)
		sub(/.*# *SKIP */, "", why)
	}
	add(name, words, kind, why, kind == "failure" ? log_text : "")
	log_text = ""
}

END {
	if (!complete)
		add("make check", "the run", "error", "it did not come to its end")
	print "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>"
	for (i = 1; i <= programs; i++) {
		name = order[i]
		printf "  <testsuite name=\"%s\" tests=\"%d\" failures=\"%d\" errors=\"%d\" skipped=\"%d\" time=\"%s\">\n%s", \
			xml(name), count[name], count[name, "failure"], count[name, "error"], \
			count[name, "skipped"], seconds[name] + 0, cases[name]
		print "  </testsuite>"
	}
	print "</testsuites>"
}
