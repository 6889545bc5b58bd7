# SPDX-License-Identifier: GPL-2.0-only
#
# State × probe: one table for each group of the notebook's.

function group_of(n,    letter) {
	letter = substr(id[n], 1, 1)
	return letter in group_named ? group_named[letter] : letter
}

# Why a cell is red, briefly
function why(n,    i, text) {
	text = ""
	for (i = 2; i <= column_count; i++)
		if (got[n, columns[i]] != want[n, columns[i]])
			text = text (text == "" ? "" : ", ") columns[i]
	return text == "" ? "" : "<small>≠ " text "</small>"
}

function cell(n) {
	return "<td class=\"" class_of(n) "\"><a href=\"#" esc(id[n]) "\">" verdict_of(n) "<span class=\"id\">" \
		esc(id[n]) (n in lies ? " " say("nping lies") : "") "</span></a>" (status[n] == "not" ? why(n) : "") "</td>"
}

function table(g,    s, p, n, c, letters, head) {
	print "<table class=\"matrix\"><caption>" (g in title ? title[g] : esc(g)) "</caption><thead><tr><th scope=\"col\">probe</th>"
	for (c = 1; c <= state_count[g]; c++) {
		s = state_at[g, c]
		letters = ""
		for (n = first[s]; n <= last[s]; n++) {
			head = length(title[g]) && g == "BEO" ? substr(id[n], 1, 1) : id[n]
			if (group_of(n) == g && index(" " letters " ", " " head " ") == 0)
				letters = letters (letters == "" ? "" : " ") head
		}
		print "<th scope=\"col\"><span class=\"id\">" esc(letters) "</span><br/>" in_short(runs[s]) "</th>"
	}
	print "</tr></thead><tbody>"
	for (p = 1; p <= probe_count[g]; p++) {
		print "<tr><th scope=\"row\">" probe_words[g, p] "</th>"
		for (c = 1; c <= state_count[g]; c++)
			print (g, p, c) in cell_row ? cell(cell_row[g, p, c]) : "<td class=\"none\">·</td>"
		print "</tr>"
	}
	print "</tbody></table>"
}

BEGIN {
	group_named["B"] = group_named["E"] = group_named["O"] = "BEO"
	title["W"] = "W (1.1): everything dropped on the uplink"
	title["X"] = "X (1.2): XDP on the container’s veth"
	title["BEO"] = "B, E, O (2.4): XDP and TC, TC alone, nothing"
	title["Q"] = "Q (2.4.4): the qdisc that stays"
}

END {
	for (n = 1; n <= rows; n++) {
		if (kind[n] != "rows")
			continue
		g = group_of(n)
		if (!(g in state_count))
			group[++groups] = g
		if (!((g, state[n]) in column)) {
			column[g, state[n]] = ++state_count[g]
			state_at[g, state_count[g]] = state[n]
		}
		if (!((g, probe[n]) in probe_row)) {
			probe_row[g, probe[n]] = ++probe_count[g]
			probe_words[g, probe_count[g]] = say_probe(n)
		}
		cell_row[g, probe_row[g, probe[n]], column[g, state[n]]] = n
	}
	if (!groups)
		exit
	print "<section id=\"matrix\"><h2>State × probe: what passes, what is dropped</h2>"
	print "<p><span class=\"v pass\">✓ passes</span> it was answered. <span class=\"v dropped\">✕ dropped</span> a packet of it was dropped, and no " \
		"answer came. <span class=\"v dropped\">○ no answer</span> none was dropped, and still no answer came. " \
		"<span class=\"v bad\">≠</span> not as expected. The ids lead to the drawings.</p>"
	print "<div class=\"matrices\">"
	for (i = 1; i <= groups; i++)
		table(group[i])
	print "</div></section>"
}
