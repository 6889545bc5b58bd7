# SPDX-License-Identifier: GPL-2.0-only
#
# Test by kernel, of a run of make matrix: kernels.tsv, points.tsv. After matrix/points.awk.

FILENAME ~ /points\.tsv$/ && $4 == "fail" {
	failure[++failures] = "<li><strong>" esc($1) "</strong> " esc($2) ": " esc($3) ": " esc($6) "</li>"
}

function cell(k, p,    text) {
	if (!((k, p) in total))
		return "<td class=\"none\">·</td>"
	text = tally[k, p, "pass"] + 0
	if (tally[k, p, "skip"])
		text = text " <span class=\"s\">s" tally[k, p, "skip"] "</span>"
	if (tally[k, p, "fail"])
		return "<td class=\"n bad\">≠ " text " F" tally[k, p, "fail"] "</td>"
	return "<td class=\"n\">" text "</td>"
}

END {
	if (!kernels || !programs)
		exit
	print "<section id=\"kernels\"><h2>Kernels: each test on each of them</h2>"
	print "<p>" say("{1} points passed, {2} failed, {3} skipped as expected, on {4} kernels.", sum["pass"] + 0, sum["fail"] + 0, \
		sum["skip"] + 0, kernels) " " say("The newest run of <code>make matrix</code>, {1}.", esc(run)) " " \
		say("A cell is points passed, s: skipped, F: failed.") "</p>"
	say_failures(failure, failures)
	for (i = 1; i <= kernels; i++)
		names = names "|n:" esc(kernel[i])
	print "<div class=\"table\"><table class=\"kernels\">" headings("test" names)
	for (j = 1; j <= programs; j++) {
		print "<tr><th scope=\"row\">" esc(program[j]) "</th>"
		for (i = 1; i <= kernels; i++)
			print cell(kernel[i], program[j])
		print "</tr>"
	}
	print "</tbody></table></div><ul>"
	for (i = 1; i <= kernels; i++)
		print "<li><strong>" esc(kernel[i]) "</strong>: " esc(release[kernel[i]]) ", " \
			say("{1} s by {2}", esc(seconds[kernel[i]]), esc(accel[kernel[i]])) "</li>"
	print "</ul></section>"
}
