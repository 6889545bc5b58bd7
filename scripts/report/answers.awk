# SPDX-License-Identifier: GPL-2.0-only
#
# The five questions: what was run, what it said, and what follows. Files:
# experiment.tsv, answers.txt.

function close_pre() {
	if (open_pre)
		print "</span></pre>"
	if (prose != "")
		print "<p>" prose "</p>"
	open_pre = 0
	prose = ""
}

function pre_line(text) {
	if (prose != "")
		close_pre()
	print (open_pre ? "</span>" : "<pre>") "<span class=\"l " text
	open_pre = 1
}

# Is what the answer rests on in the output? A row of experiment.tsv says.
function check(number,    n) {
	for (n = 1; n <= rows; n++)
		if (id[n] == "question " number)
			return "<p>" box(n) " " say_check(n) "</p>"
	return ""
}

FILENAME !~ /answers\.txt$/ {
	next
}

/^Question [0-9]+: / {
	close_pre()
	if (!questions++)
		print "<section id=\"questions\"><h2>The questions, with evidence</h2>"
	else
		print "</article>"
	number = $0
	sub(/:.*/, "", number)
	sub(/^Question /, "", number)
	print "<article class=\"question\" id=\"question-" number "\"><h3>" esc($0) "</h3>" check(number)
	next
}

!questions || /^[ \t]*$/ {
	next
}

/^[a-z]+# / {
	at_prompt = index($0, " ")
	command = substr($0, at_prompt + 1)
	pre_line("c\"><span class=\"p\">" esc(substr($0, 1, at_prompt - 1)) "</span> <b>" esc(command) "</b>")
	next
}

/^    / {
	sub(/^    /, "")
	gsub(/\t/, "    ")
	pre_line("o\">" esc($0))
	next
}

{
	if (open_pre)
		close_pre()
	prose = prose (prose == "" ? "" : " ") esc($0)
}

END {
	close_pre()
	if (questions)
		print "</article></section>"
}
