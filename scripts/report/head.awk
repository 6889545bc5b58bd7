# SPDX-License-Identifier: GPL-2.0-only
#
# The top: what was found, whether all is as expected, what a tap is and what the rows'
# letters mean, which run this is. Files: experiment.tsv, experiment.json.

function json_word(name,    rest) {
	if (!match($0, "\"" name "\": \"[^\"]*\""))
		return ""
	rest = substr($0, RSTART, RLENGTH)
	sub(/^"[^"]*": "/, "", rest)
	return substr(rest, 1, length(rest) - 1)
}

FILENAME ~ /experiment\.json$/ && FNR < 10 {
	for (i = 1; i in facts; i++)
		if (json_word(facts[i]) != "" && !(facts[i] in fact))
			fact[facts[i]] = json_word(facts[i])
}

function amount(n, of) {
	return say(n == 0 ? "none" : n == of ? "all" : "{1}", n)
}

# What the run says of the taps, counted; nothing if no packet was dropped.
function finding(    n, i, early, early_seen, late, late_seen, text) {
	for (n = 1; n <= rows; n++)
		for (i = 1; drop_of(got[n, "dropped"], i); i++)
			if (hook ~ /xdp|egress/) {
				early++
				early_seen += tap_saw_drop(n)
			} else if (hook ~ /ingress/) {
				late++
				late_seen += tap_saw_drop(n)
			}
	text = early ? say("Of the {1} packets dropped by XDP or at TC egress, the tap on that interface saw {2}.", \
		early, amount(early_seen + 0, early)) : ""
	if (late)
		text = text (early ? " " : "") say("Of the {1} dropped at TC ingress, it saw {2}.", late, amount(late_seen + 0, late))
	return text == "" ? say("No packet was dropped.") : text
}

function alarm(    n, s) {
	print "<section class=\"alarm\"><h2>≠ " say("{1} of {2} checks not as expected", count["not"], all) "</h2><ul>"
	for (n = 1; n <= rows; n++)
		if (status[n] == "not")
			print "<li><strong>" (kind[n] == "rows" ? "<a href=\"#" esc(id[n]) "\">" esc(id[n]) "</a>" : esc(id[n])) \
				"</strong> " (running[n] == "-" ? "" : "(" say_runs(running[n]) ") ") say_probe(n) \
				": " spaced(differs[n]) "</li>"
	for (s = 1; s <= states; s++)
		if (dropped[s] != told[s])
			print "<li><strong>" esc(id[first[s]]) "</strong> " say_runs(runs[s]) ": " say_miscounted(s) "</li>"
	print "</ul></section>"
}

# The letters of the rows that were run
function letters(    n, letter, listed) {
	print "<p>" say("A <strong>tap</strong> is where tcpdump listens: it gets a copy of each packet on an interface, of arriving packets " \
		"after XDP and before TC ingress, of leaving ones after TC egress. The letter of a row says what is attached:") "</p>"
	print "<dl class=\"letters\">"
	for (n = 1; n <= rows; n++) {
		letter = substr(id[n], 1, 1)
		if (letter in meaning && !(letter in listed))
			print "<dt class=\"id\">" letter "</dt><dd>" meaning[letter] "</dd>"
		listed[letter] = 1
	}
	print "</dl>"
}

BEGIN {
	split("time kernel machine program tcpdump nping iproute2", facts, " ")
	split("Run of|Linux|||tcpdump|nping|iproute2", fact_names, "|")
	meaning["W"] = "xdp-drop-world on the uplink, wan0: everything that arrives is dropped"
	meaning["X"] = "XDP on veth0, the host’s end of the container’s veth: TCP from the container is dropped"
	meaning["B"] = "both: XDP and TC egress on veth0, so TCP to the container is dropped, too"
	meaning["E"] = "TC egress only, on veth0: TCP to the container is dropped"
	meaning["O"] = "nothing; also W0, W2, X0 and X2, before and after a program"
	meaning["Q"] = "TC, removed again: does its clsact qdisc stay?"
	meaning["T"] = "XDP, switched on and off under a stream of connections"
}

END {
	all = count["ok"] + count["not"] + count["skip"]
	print "<header><p><small>bpf-drop · the experiment</small></p>"
	print "<h1>Where packets are dropped, and which taps still see them</h1>"
	print "<p class=\"lead\">" finding() "</p>"
	print "<ul class=\"counts\">"
	print "<li class=\"pass\">✓ " say("{1} of {2} checks as expected", count["ok"] + 0, all) "</li>"
	if (count["not"])
		print "<li class=\"bad\">≠ " say("{1} not as expected", count["not"]) "</li>"
	if (count["skip"])
		print "<li class=\"skip\">– " say("{1} could not be run here", count["skip"]) "</li>"
	print "</ul>"
	if (count["not"])
		alarm()
	letters()
	print "<p><small>"
	for (i = 1; i in facts; i++)
		if (fact[facts[i]] != "")
			print (i > 1 ? "· " : "") (fact_names[i] == "" ? "" : say(fact_names[i]) " ") esc(fact[facts[i]])
	print "</small></p></header>"
}
