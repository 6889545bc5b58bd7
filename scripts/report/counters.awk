# SPDX-License-Identifier: GPL-2.0-only
#
# What the programs counted against what drop-where reports; and where nping lied.

function counters(    s, equal) {
	print "<section id=\"counters\"><h2>Counters: dropped and reported</h2>"
	print "<p>Two independent counts: what the programs say they dropped, and the drops that drop-where reports, at any hook. " \
		"They must agree, state by state.</p>"
	print "<div class=\"table\"><table>" headings("state|attached|n:dropped|n:reported|agree")
	for (s = 1; s <= states; s++) {
		if (!(s in dropped) || runs[s] == "-" && dropped[s] == told[s])
			continue
		equal = dropped[s] == told[s]
		print "<tr><th scope=\"row\" class=\"id\">" esc(id[first[s]]) (id[last[s]] == id[first[s]] ? "" : "–" esc(id[last[s]])) \
			"</th><td>" say_runs(runs[s]) "</td><td class=\"n\">" esc(dropped[s]) "</td><td class=\"n\">" esc(told[s]) \
			"</td><td class=\"" (equal ? "pass\">✓ yes" : "bad\">≠ no") "</td></tr>"
	}
	print "</tbody></table></div></section>"
}

function nping(    n, any, tried) {
	for (n = 1; n <= rows; n++) {
		any += n in lies
		tried += kind[n] != "check" && probe[n] ~ /-nping$/ && status[n] != "skip"
	}
	print "<section id=\"nping\"><h2>Where nping lies</h2>"
	print "<p>" say("nping listens on a tap: it counts replies that TC ingress drops after that tap, and misses those that arrive on another " \
		"interface than the one it listens on. In {1} of {2} rows nping and connect() disagree.", any + 0, tried + 0) "</p>"
	if (any) {
		print "<div class=\"table\"><table>" headings("row|way|nping says|connect() says")
		for (n = 1; n <= rows; n++)
			if (n in lies)
				print "<tr><th scope=\"row\"><span class=\"id\">" esc(id[n]) "</span> <small>" say_runs(running[n]) "</small></th><td>" say_way(n) \
					"</td><td><span class=\"lie\">" says(got[n, "verdict"]) "</span></td><td>" says(lies[n]) "</td></tr>"
		print "</tbody></table></div>"
	}
	print "</section>"
}

END {
	if (!states)
		exit
	counters()
	nping()
}
