# SPDX-License-Identifier: GPL-2.0-only
#
# For all parts of the report: reads experiment.tsv (see judge.awk and words.awk in
# selftests/experiment) and puts it into words. Every text from data goes through esc().
#
# rows     how many; of each: status, id, running, probe, kind (rows, taps or check),
#          state (an index), got[n, column], want[n, column], how, differs, lies
# states   how many; of each: runs, dropped, told, first, last (indices of rows)

# A sentence in the page's language, {1} to {4} being what follows. -v phrases: the table
# of the language, none for English; -v log_file: a file that is to list what was looked up.
function say(text, a, b, c, d,    part, value, i, n, out) {
	if (log_file != "")
		print text >>log_file
	if (text in translated)
		text = translated[text]
	split("", value)
	value[1] = a
	value[2] = b
	value[3] = c
	value[4] = d
	out = ""
	n = split(text, part, /[{}]/)
	for (i = 1; i <= n; i++)
		out = out (i % 2 ? part[i] : value[part[i]])
	return out
}

# No directories of this machine.
function scrub(text,    out) {
	out = ""
	while (match(text, /(^|[ ='"(:])\/[A-Za-z0-9._+-]+\/[^ '"):,]*/)) {
		out = out substr(text, 1, RSTART - 1)
		if (substr(text, RSTART, 1) != "/")
			out = out substr(text, RSTART, 1)
		out = out base(substr(text, RSTART, RLENGTH))
		text = substr(text, RSTART + RLENGTH)
	}
	return out text
}

function base(path) {
	sub(/\/$/, "", path)
	sub(/^.*\//, "", path)
	return path
}

function esc(text) {
	gsub(/[\001-\010\013-\037]/, "", text)
	text = scrub(text)
	gsub(/&/, "\\&amp;", text)
	gsub(/</, "\\&lt;", text)
	gsub(/>/, "\\&gt;", text)
	gsub(/"/, "\\&quot;", text)
	return text
}

# What went wrong is told in one word: with "_" for " ", and "|" for "/".
function spaced(text) {
	if (text ~ /(fail|skip):/) {
		gsub(/_/, " ", text)
		gsub(/[|]/, "/", text)
	}
	if (text in translated)
		text = say(text)
	gsub(/: expected /, say(": expected "), text)
	gsub(/, got /, say(", got "), text)
	return esc(text)
}

function reason(n,    text) {
	text = got[n, "verdict"]
	sub(/^skip:/, "skip: ", text)
	return substr(spaced(text), 7)
}

function say_runs(text,    part, i, end, out) {
	if (text == "-")
		return say("nothing attached")
	split(text, part, "+")
	for (i = 1; i in part; i++) {
		split(part[i], end, ":")
		gsub(/,/, " ", end[1])
		out = out (i > 1 ? " + " : "") say("{1} on {2}", whole(esc(end[1])), esc(end[2]))
	}
	return out
}

# Options are not broken at their hyphens.
function whole(text) {
	gsub(/ \(?-[-A-Za-z]+/, " <span class=\"nb\">&</span>", text)
	return text
}

function how_of(probe) {
	sub(/^.*-/, "", probe)
	return probe
}

function words_for(key) {
	return key in words ? whole(say(words[key])) : esc(key)
}

function say_way(n) {
	return words_for(way_of(probe[n]) in words ? way_of(probe[n]) : probe[n])
}

function say_how(n) {
	return way_of(probe[n]) in words ? words_for(how_of(probe[n])) : ""
}

function say_probe(n) {
	return say_how(n) == "" ? say_way(n) : say("{1}, {2}", say_way(n), say_how(n))
}

# "R@veth0:tc-egress+…", the i-th: sets victim, place and hook; false if there is none.
function drop_of(text, i,    part, end) {
	if (text == "-" || text == "" || split(text, part, "+") < i)
		return 0
	victim = substr(part[i], 1, 1)
	split(substr(part[i], 3), end, ":")
	place = end[1]
	hook = end[2]
	return 1
}

# "in native XDP", "at TC egress"
function in_hook() {
	return say(hook ~ /^tc/ ? "at {1}" : "in {1}", words_for(hook))
}

# Did the tap on the interface see what was dropped there? TC's egress is on the way out.
function tap_saw_drop(n) {
	return index(got[n, place], victim (hook ~ /egress/ ? "o" : "i")) > 0
}

function says(verdict) {
	return verdict == "pass" ? say("answered") : verdict == "lost" ? say("no answer") : spaced(verdict)
}

# A check's name: one word, with "-" for " "
function say_check(n,    text) {
	text = probe[n]
	gsub(/-/, " ", text)
	return esc(say(text))
}

# "0 of 960"
function say_measure(n,    part) {
	return split(measure[n], part, " of ") == 2 ? say("{1} of {2}", esc(part[1]), esc(part[2])) : esc(measure[n])
}

function verdict_word(n, verdict) {
	if (verdict == "pass")
		return say("passes")
	if (verdict == "lost")
		return say(got[n, "dropped"] == "-" ? "no answer" : "dropped")
	return spaced(verdict)
}

function class_of(n) {
	if (status[n] == "not")
		return "bad"
	if (status[n] == "skip")
		return "skip"
	if (kind[n] == "check")
		return "pass"
	if (got[n, "verdict"] == "pass")
		return "pass"
	return got[n, "verdict"] == "lost" ? "dropped" : "other"
}

function glyph_of(n,    class) {
	class = class_of(n)
	if (class == "bad")
		return "≠"
	if (class == "skip")
		return "–"
	if (class == "dropped")
		return got[n, "dropped"] == "-" ? "○" : "✕"
	return class == "pass" ? "✓" : "•"
}

# What the verdict's box says
function verdict_of(n,    text) {
	if (status[n] == "skip")
		return "–&#160;" say("skipped")
	if (kind[n] == "check")
		return glyph_of(n) (status[n] == "ok" ? "&#160;" say("as expected") : "&#160;" say("differs"))
	text = glyph_of(n) "&#160;" verdict_word(n, got[n, "verdict"])
	if (status[n] == "not" && got[n, "verdict"] != want[n, "verdict"])
		text = say("{1}, not {2}", text, want[n, "verdict"] == "lost" ? say("lost") : verdict_word(n, want[n, "verdict"]))
	return text
}

function box(n) {
	return "<span class=\"v " class_of(n) "\">" verdict_of(n) "</span>"
}

# "The reply is dropped on veth0 at TC egress": that of drop_of()
function say_dropped() {
	return say("The {1} is dropped on {2} {3}", words_for(victim), esc(place), in_hook())
}

# Where and how the packet of row n was dropped, as a sentence.
function say_drop(n,    i, text, function_reason) {
	split(how[n], function_reason, "+")
	text = ""
	for (i = 1; drop_of(got[n, "dropped"], i); i++)
		text = text (i > 1 ? " " : "") say(tap_saw_drop(n) ? "{1}; the tap there has seen it." : \
			"{1}; the tap there has not seen it.", say_dropped() (function_reason[i] in unsaid ? "" : \
			" (<code>" esc(function_reason[i]) "</code>)"))
	return text
}

function say_miscounted(s) {
	return say("{1} were dropped, but drop-where reports {2}", esc(dropped[s]), esc(told[s]))
}

# A table's first row: columns with "|" between, "n:" before those of numbers
function headings(list,    part, n, i, text) {
	n = split(list, part, "|")
	for (i = 1; i <= n; i++)
		text = text "<th scope=\"col\"" (sub(/^n:/, "", part[i]) ? " class=\"n\"" : "") ">" part[i] "</th>"
	return "<thead><tr>" text "</tr></thead><tbody>"
}

# What is not as expected: n list items, or nothing
function say_failures(item, n,    i) {
	if (!n)
		return
	print "<div class=\"alarm\"><ul>"
	for (i = 1; i <= n; i++)
		print item[i]
	print "</ul></div>"
}

# "XDP veth0 + TC egress veth0"
function in_short(text,    part, count, i, out, name) {
	if (text == "-")
		return say("nothing")
	count = split(text, part, "+")
	out = ""
	for (i = 1; i <= count; i++) {
		name = part[i] ~ /^xdp-drop-world/ ? say("XDP (all)") : part[i] ~ /^xdp-/ ? "XDP" : \
			part[i] ~ /ingress/ ? "TC ingress" : "TC egress"
		sub(/^.*:/, "", part[i])
		out = out (i > 1 ? " + " : "") name " " esc(part[i])
	}
	return out
}

function new_state() {
	states++
	runs[states] = $3
	first[states] = rows + 1
	kind_of_state[states] = $2 ~ /^[A-Z][0-9]*$/ ? "rows" : "taps"
	open_state = 1
}

BEGIN {
	while (phrases != "" && (getline phrase <phrases) > 0)
		if (phrase !~ /^#/)
			translated[substr(phrase, 1, index(phrase, "\t") - 1)] = substr(phrase, index(phrase, "\t") + 1)
	unsaid[""] = unsaid["-"] = 1
	split("out-host=outside → host|out-ctr=outside → container|" \
		"host-local=host → localhost:80|host-ctr=host → container|" \
		"ctr-bridge=container → docker0|ctr-out=container → outside|" \
		"host-bridge=host → docker0’s own address|host-uplink=host → docker0’s own address (-e wan0)|" \
		"host-self=host → wan0’s own address|host-server=host → its own server, port 8080|" \
		"ctr-relay=container → docker0, the relay|" \
		"tcp=connect()|curl=curl|ping=ping|pingcold=ping, ARP first|pingwarm=ping, ARP learnt|" \
		"nping=nping --tcp|npingicmp=nping --icmp|id-in-ip-link=the id that ip link shows|" \
		"clsact-after-tc=clsact after tc filter del|clsact-after-ours=clsact after tc-drop-tcp|" \
		"Q=request|R=reply|A=ARP request|a=ARP reply|xdp-native=native XDP|" \
		"xdp-generic=generic XDP|tc-egress=TC egress|tc-ingress=TC ingress", pairs, "|")
	for (i = 1; i in pairs; i++)
		words[substr(pairs[i], 1, index(pairs[i], "=") - 1)] = substr(pairs[i], index(pairs[i], "=") + 1)
}

FILENAME ~ /experiment\.tsv$/ && $1 == "sum" {
	dropped[states] = $2
	told[states] = $3
	last[states] = rows
	open_state = 0
	count[$2 == $3 ? "ok" : "not"]++
}

FILENAME ~ /experiment\.tsv$/ && $1 != "sum" && NF >= 6 {
	if (NF >= 13 && (!open_state || $3 != runs[states]))
		new_state()
	rows++
	status[rows] = $1
	id[rows] = $2
	running[rows] = $3
	probe[rows] = $4
	differs[rows] = $NF
	count[$1]++
	kind[rows] = "check"
	if (NF >= 13) {
		kind[rows] = kind_of_state[states]
		state[rows] = states
		last[states] = rows
		how[rows] = $13
		for (i = 1; i <= column_count; i++) {
			got[rows, columns[i]] = half(4 + i, 1)
			want[rows, columns[i]] = half(4 + i, 2)
		}
		said = nping_lies(states)
		if (said != "")
			lies[rows] = said
	} else
		measure[rows] = $5
}
