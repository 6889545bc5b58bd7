# SPDX-License-Identifier: GPL-2.0-only
#
# The truth table: each hook, each way. A cell is a small strip, and what was dropped where.

function cell(n,    i, text) {
	text = "<td role=\"cell\" class=\"cell" (status[n] == "not" ? " bad" : "") "\"><span class=\"lab\">" \
		say_probe(n) "</span>" box(n)
	if (status[n] == "skip")
		return text "<small> " reason(n) "</small></td>"
	if (has_strip(n))
		text = text strip(n, "mini")
	for (i = 1; drop_of(got[n, "dropped"], i); i++)
		text = text "<small>" say("{1} {2}, {3}", words_for(victim), in_hook(), esc(place), words_for(hook)) "</small>"
	if (n in lies)
		text = text "<span class=\"lie\">nping lies</span>"
	if (status[n] == "not")
		text = text "<p class=\"diff\">≠ " spaced(differs[n]) "</p>"
	return text "</td>"
}

END {
	for (n = 1; n <= rows; n++)
		if (kind[n] == "taps") {
			if (!(probe[n] in place_of)) {
				place_of[probe[n]] = ++wide
				head[wide] = say_probe(n)
			}
			at_cell[state[n], place_of[probe[n]]] = n
		}
	if (!wide)
		exit
	print "<section id=\"taps\"><h2>The truth table: each hook, each way</h2>"
	print "<p>The same strips, smaller: from left to right the taps on out0, wan0, docker0, veth0 and eth0; the request above, " \
		"the reply below. TCP is what the programs drop, so ping passes.</p>"
	print "<table class=\"truth\" role=\"table\"><caption class=\"sr\">hook by way: verdict, taps, where dropped</caption>" \
		"<thead role=\"rowgroup\"><tr role=\"row\"><th role=\"columnheader\" scope=\"col\">hook</th>"
	for (i = 1; i <= wide; i++)
		print "<th role=\"columnheader\" scope=\"col\">" head[i] "</th>"
	print "</tr></thead><tbody role=\"rowgroup\">"
	for (s = 1; s <= states; s++) {
		if (kind_of_state[s] != "taps")
			continue
		print "<tr role=\"row\"><th role=\"rowheader\" scope=\"row\"><span class=\"id\">" esc(id[first[s]]) "</span> " \
			say_runs(runs[s]) (dropped[s] != told[s] ? "<p class=\"diff\">≠ " say("{1} dropped, {2} reported", dropped[s], told[s]) "</p>" : "") "</th>"
		for (i = 1; i <= wide; i++)
			print (s, i) in at_cell ? cell(at_cell[s, i]) : "<td role=\"cell\" class=\"cell none\">·</td>"
		print "</tr>"
	}
	print "</tbody></table></section>"
}
