# SPDX-License-Identifier: GPL-2.0-only
#
# Section by section: the notebook's outcome and this run's. -v differing=1: those that
# differ, else the others. Files: experiment.tsv, notebook.tsv.

function tap_fits(seen, claim) {
	if (claim == "-")
		return 1
	if (claim == "none")
		return seen == "-"
	return seen ~ /Q/ && (claim == "QR") == (seen ~ /R/)
}

function tap_says(claim) {
	return claim == "-" ? "" : say(claim == "none" ? "; its tap saw nothing" : claim == "Q" ? \
		"; its tap saw the request only" : "; its tap saw both")
}

# What became of the section's rows here: sets outcome, of this run's rows, and box_class.
function compare(ids, pattern, verdict, claim,    n, fits, differ, skipped, seen, text) {
	fits = differ = skipped = wrong = 0
	section++
	text = ""
	for (n = 1; n <= rows; n++) {
		if (index(" " ids " ", " " id[n] " ") == 0 || probe[n] !~ pattern)
			continue
		if (status[n] == "skip") {
			skipped++
			continue
		}
		wrong += status[n] == "not"
		seen = kind[n] == "check" ? say_check(n) ": " say_measure(n) : says(got[n, "verdict"])
		if (drop_of(got[n, "dropped"], 1))
			seen = say("{1}: the {2} is dropped on {3} {4}", seen, words_for(victim), esc(place), in_hook())
		if (!((section, seen) in mentioned))
			text = text (text == "" ? "" : "; ") seen
		mentioned[section, seen] = 1
		if (kind[n] == "check" ? status[n] == "ok" : got[n, "verdict"] == verdict && tap_fits(got[n, "veth0"], claim))
			fits++
		else
			differ++
	}
	outcome = text == "" ? say(skipped ? "skipped" : "not run") : text
	box_class = wrong ? "bad" : differ ? "dropped" : fits ? "pass" : "skip"
}

function links(ids,    part, i, text) {
	text = ""
	if (ids == "-")
		return "–"
	split(ids, part, " ")
	for (i = 1; i in part; i++)
		text = text (i > 1 ? " " : "") "<a href=\"#" part[i] "\">" part[i] "</a>"
	return text
}

# "question 2" leads there.
function remark(text,    out) {
	if (text == "-")
		return ""
	out = whole(esc(say(text)))
	if (match(out, say("question") " [0-9]"))
		out = substr(out, 1, RSTART - 1) "<a href=\"#question-" substr(out, RSTART + RLENGTH - 1, 1) "\">" \
			substr(out, RSTART, RLENGTH) "</a>" substr(out, RSTART + RLENGTH)
	return out
}

FILENAME ~ /notebook\.tsv$/ && !/^#/ {
	row = "<tr role=\"row\"><th role=\"rowheader\" scope=\"row\">" esc($1) "</th><td role=\"cell\">" whole(esc(say($2))) \
		($5 == "-" || $2 ~ /^\(not in/ ? "" : " <small>→ " says($5) tap_says($6) "</small>") \
		"</td><td role=\"cell\" class=\"id\">" links($3) "</td>"
	if ($3 == "-") {
		if (!differing)
			body = body row "<td role=\"cell\" class=\"none\">–</td><td role=\"cell\">" remark($7) "</td></tr>\n"
		next
	}
	compare($3, $4, $5, $6)
	if ((box_class ~ /bad|dropped/) == differing)
		body = body row "<td role=\"cell\">" outcome "</td><td role=\"cell\"><span class=\"v " box_class "\">" \
			(box_class == "pass" ? "✓ same" : box_class == "skip" ? "– no data" : box_class == "bad" ? "≠ not as expected" : \
			$7 == "-" ? "≠ differs" : "≠ differs, explained") "</span> " remark($7) "</td></tr>\n"
}

END {
	if (differing)
		print "<section id=\"differs\"><h2>What differs from the notebook</h2>" \
			"<p>" say("This run repeats a notebook of experiments done by hand. The verdict, and what the tap on the veth saw, are " \
			"compared. {1}The other sections are <a href=\"#notebook\">below</a>.", body == "" ? say("Nothing differs. ") : "") "</p>"
	else
		print "<section id=\"notebook\"><h2>The notebook, section by section</h2>" \
			"<p>" say("What the notebook found, and this run. Sections that differ are <a href=\"#differs\">at the top</a>.") "</p>"
	if (body != "")
		print "<table class=\"book\" role=\"table\"><thead role=\"rowgroup\"><tr role=\"row\"><th role=\"columnheader\" scope=\"col\">§</th>" \
			"<th role=\"columnheader\" scope=\"col\">notebook</th><th role=\"columnheader\" scope=\"col\">rows</th>" \
			"<th role=\"columnheader\" scope=\"col\">here</th><th role=\"columnheader\" scope=\"col\">result</th></tr></thead>" \
			"<tbody role=\"rowgroup\">\n" body "</tbody></table>"
	print "</section>"
}
