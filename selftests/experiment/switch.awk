# SPDX-License-Identifier: GPL-2.0-only
#
# Judges a stream of connections while XDP went on and off: first file, the
# switches; second, "probe stream"'s, which is given twice. Writes the tables that
# -v names.

function check(words, count, of) {
	count += !of # nothing was judged
	print (count ? "not" : "ok"), id, where, words, count " of " of, \
		count ? count " of " of " " bad[words] : "" >>tsv
	if (ktap)
		print (count ? "not ok " : "ok ") id " " where " " words " # of " of
	else
		printf "      %-28s %d of %d%s\n", bad[words] ":", count, of, count ? " !" : ""
}

# In which second or slot
function slot(time, width) {
	return int((time - began) / width)
}

BEGIN {
	OFS = "\t"
	bad["none-lost-while-off"] = "lost while off"
	bad["none-answered-while-on"] = "answered while on"
	guard = 0.25 # seconds that a packet may be late to meet a switch to on
	slot_s = 0.2 # seconds: as wide as the numbers below, and all of it fits into 80 columns
}

FNR == 1 {
	file++
}

file == 1 {
	kind[++switches] = $1
	asked[switches] = $2
	done[switches] = $3
	next
}

# On a busy machine they are later, as these show.
file == 2 {
	if ($3 != "-" && 0.25 + $3 - $1 > guard)
		guard = 0.25 + $3 - $1
	next
}

FNR == 1 {
	began = $1
	print "time_s,sent_s,answered_s" >csv
}

{
	for (i = switches; i > 0 && asked[i] > $1; i--)
		;
	on = kind[i] == "on"
	answered = $3 != "-"
	settled = (!i || $1 >= done[i]) && (i == switches || $2 + (on ? 0 : guard) <= asked[i + 1])
	# Answered after XDP went off: it waited in a queue until then, or was repeated.
	late = on && answered && i < switches && $3 >= asked[i + 1]
	if (settled && !late) {
		of[on]++
		if (on == answered) {
			wrong[on]++
			if (ktap)
				printf "# sent %.3f s, switch %d at %.3f s and the next at %.3f s, guard %.3f s\n", \
					$2 - began, i, i ? asked[i] - began : 0, \
					i < switches ? asked[i + 1] - began : 0, guard
		}
	}
	# What the switch changed, the first time it shows; since it was asked for
	if (i && on != answered && !(i in first))
		first[i] = $1 - asked[i]
	second = slot($1, 1)
	sent[second]++
	got[second] += answered
	cell = slot($1, slot_s)
	all[cell]++
	some[cell] += answered
	last = second
	cells = cell
	printf "%.6f,%.6f,%s\n", $1 - began, $2 - began, \
		answered ? sprintf("%.6f", $3 - began) : "" >csv
}

END {
	if (!ktap) {
		print "  " id "  " where ", connections " path " from fresh ports"
		printf "      answered  "
		for (i = 0; i <= cells; i++)
			printf "%s", some[i] == all[i] ? "#" : some[i] ? "+" : "."
		printf "\n      XDP       "
		for (i = 0; i <= cells; i++) {
			for (j = switches; j > 0 && slot(done[j], slot_s) > i; j--)
				;
			printf "%s", kind[j] == "on" ? "X" : " "
		}
		printf "\n      %-10s", "second"
		for (i = 0; i <= last; i++)
			printf "%5d", i
		printf "\n      %-10s", "sent"
		for (i = 0; i <= last; i++)
			printf "%5d", sent[i]
		printf "\n      %-10s", "answered"
		for (i = 0; i <= last; i++)
			printf "%5d", got[i]
		print ""
	}
	for (i = 0; i <= last; i++)
		print id, i, sent[i], got[i] >seconds
	for (i = 1; i <= switches; i++) {
		print id, "switch", kind[i], asked[i] - began, done[i] - began, \
			(i in first) ? first[i] : -1 >>seconds
		if (!ktap)
			printf "      %-3s at %.3f s, done after %3.0f ms; first packet %s: %s\n", \
				kind[i], asked[i] - began, (done[i] - asked[i]) * 1000, \
				kind[i] == "on" ? "lost" : "answered", \
				(i in first) ? sprintf("%3.0f ms", first[i] * 1000) : "none"
	}
	check("none-lost-while-off", wrong[0] + 0, of[0] + 0)
	check("none-answered-while-on", wrong[1] + 0, of[1] + 0)
}
