# SPDX-License-Identifier: GPL-2.0-only
#
# For all parts of the report: reads experiment.tsv (see judge.awk and words.awk in
# selftests/experiment) and puts it into words. Every text from data goes through esc().
#
# rows     how many; of each: status, id, running, probe, kind (rows, taps or check),
#          state (an index), got[n, column], want[n, column], how, differs, lies
# states   how many; of each: runs, dropped, told, first, last (indices of rows)

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
	return esc(text)
}

function reason(n,    text) {
	text = got[n, "verdict"]
	sub(/^skip:/, "skip: ", text)
	return substr(spaced(text), 7)
}

function say_runs(text) {
	return whole(esc(what_runs(text)))
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
	return key in words ? whole(words[key]) : esc(key)
}

function say_way(n) {
	return words_for(way_of(probe[n]) in words ? way_of(probe[n]) : probe[n])
}

function say_how(n) {
	return way_of(probe[n]) in words ? words_for(how_of(probe[n])) : ""
}

function say_probe(n) {
	return say_way(n) (say_how(n) == "" ? "" : ", " say_how(n))
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
	return (hook ~ /^tc/ ? "at " : "in ") words_for(hook)
}

# Did the tap on the interface see what was dropped there? TC's egress is on the way out.
function tap_saw_drop(n) {
	return index(got[n, place], victim (hook ~ /egress/ ? "o" : "i")) > 0
}

function says(verdict) {
	return verdict == "pass" ? "answered" : verdict == "lost" ? "no answer" : spaced(verdict)
}

# A check's name: one word, with "-" for " "
function say_check(n,    text) {
	text = probe[n]
	gsub(/-/, " ", text)
	return esc(text)
}

function verdict_word(n, verdict) {
	if (verdict == "pass")
		return "passes"
	if (verdict == "lost")
		return got[n, "dropped"] == "-" ? "no answer" : "dropped"
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
		return "–&#160;skipped"
	if (kind[n] == "check")
		return glyph_of(n) (status[n] == "ok" ? "&#160;as expected" : "&#160;differs")
	text = glyph_of(n) "&#160;" verdict_word(n, got[n, "verdict"])
	if (status[n] == "not" && got[n, "verdict"] != want[n, "verdict"])
		text = text ", not " (want[n, "verdict"] == "lost" ? "lost" : verdict_word(n, want[n, "verdict"]))
	return text
}

function box(n) {
	return "<span class=\"v " class_of(n) "\">" verdict_of(n) "</span>"
}

# Where and how the packet of row n was dropped, as a sentence.
function say_drop(n,    i, text, function_reason) {
	split(how[n], function_reason, "+")
	text = ""
	for (i = 1; drop_of(got[n, "dropped"], i); i++)
		text = text (i > 1 ? " " : "") "The " words_for(victim) " is dropped on " esc(place) " " \
			in_hook() (function_reason[i] in unsaid ? "" : \
			" (<code>" esc(function_reason[i]) "</code>)") "; the tap there " \
			(tap_saw_drop(n) ? "has seen it." : "has not seen it.")
	return text
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
		return "nothing"
	count = split(text, part, "+")
	out = ""
	for (i = 1; i <= count; i++) {
		name = part[i] ~ /^xdp-drop-world/ ? "XDP (all)" : part[i] ~ /^xdp-/ ? "XDP" : \
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
