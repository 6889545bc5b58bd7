# SPDX-License-Identifier: GPL-2.0-only
#
# Which hooks dropped how many, and how many of those the tap on that interface saw.

function note_function(text) {
	if (text in unsaid || (hook, text) in noted)
		return
	noted[hook, text] = 1
	text = esc(text)
	sub(/\//, "/<wbr/>", text)
	functions[hook] = functions[hook] (functions[hook] == "" ? "" : "<br/>") "<code>" text "</code>"
}

END {
	for (n = 1; n <= rows; n++) {
		split(how[n], told_how, "+")
		for (i = 1; drop_of(got[n, "dropped"], i); i++) {
			if (!(hook in drops_at))
				order[++hooks] = hook
			drops_at[hook]++
			seen_at[hook] += tap_saw_drop(n)
			note_function(told_how[i])
		}
	}
	print "<table><caption>Drops of this run, as drop-where reports them</caption>" \
		headings("hook|n:reported|n:seen by the tap there|function, reason")
	for (i = 1; i <= hooks; i++)
		print "<tr><th scope=\"row\">" words_for(order[i]) "</th><td class=\"n\">" drops_at[order[i]] \
			"</td><td class=\"n\">" seen_at[order[i]] "</td><td>" functions[order[i]] "</td></tr>"
	print "</tbody></table>"
}
