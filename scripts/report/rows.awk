# SPDX-License-Identifier: GPL-2.0-only
#
# The rows: for each state, a card for each way; rows of the same id that met the same
# share one. -v legend: a file that says how to read a strip.

function same_card(n, m,    i) {
	if (!has_strip(n) || id[n] != id[m] || way_of(probe[n]) != way_of(probe[m]) || status[n] != "ok" || status[m] != "ok")
		return 0
	for (i = 2; i <= column_count; i++)
		if (got[n, columns[i]] != got[m, columns[i]])
			return 0
	return how[n] == how[m]
}

function anchor(n) {
	if (id[n] in anchored)
		return ""
	anchored[id[n]] = 1
	return " id=\"" esc(id[n]) "\""
}

function item(n,    text) {
	text = "<li>" box(n) " " say_how(n)
	if (status[n] == "skip")
		text = text ": " reason(n)
	if (n in lies)
		text = text " <span class=\"lie\">" say("nping lies: connect() says {1}", \
			lies[n] == "pass" ? say("passes") : lies[n] == "lost" ? say("lost") : spaced(lies[n])) "</span>"
	if (status[n] == "not")
		text = text "<p class=\"diff\">≠ " spaced(differs[n]) "</p>"
	return text "</li>"
}

function card(from,    n, bad) {
	bad = status[from] == "not" ? " bad" : ""
	print "<article class=\"card" bad "\"" anchor(from) ">"
	print "<h4><span class=\"id\">" esc(id[from]) "</span> " say_way(from) "</h4>"
	if (has_strip(from))
		print strip(from, "big")
	print "<ul class=\"probes\">"
	for (n = from; n <= last[state[from]]; n++)
		if (n == from || !(n in shown) && same_card(from, n)) {
			shown[n] = 1
			print item(n)
		}
	print "</ul>"
	if (say_drop(from) != "")
		print "<p class=\"fate\">" say_drop(from) "</p>"
	print "</article>"
}

function ids_of(s,    n, text, seen_id) {
	text = ""
	for (n = first[s]; n <= last[s]; n++)
		if (!((s, id[n]) in listed)) {
			listed[s, id[n]] = 1
			text = text (text == "" ? "" : " ") esc(id[n])
		}
	return text
}

END {
	print "<section id=\"rows\"><h2>Row by row: the packet, the taps, where it was dropped</h2>"
	while ((getline legend_line <legend) > 0)
		if (legend_line !~ /SPDX/)
			print legend_line
	for (s = 1; s <= states; s++) {
		if (kind_of_state[s] != "rows")
			continue
		print "<section class=\"state\"><h3><span class=\"ids\">" ids_of(s) "</span> " say_runs(runs[s]) "</h3>"
		if (dropped[s] != told[s])
			print "<p class=\"diff\">≠ " say_miscounted(s) "</p>"
		print "<div class=\"cards\">"
		for (n = first[s]; n <= last[s]; n++)
			if (!(n in shown))
				card(n)
		print "</div></section>"
	}
	print "</section>"
}
