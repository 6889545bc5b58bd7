# SPDX-License-Identifier: GPL-2.0-only
#
# Shows what judge.awk judged of a state: a line for each probe, and what
# differs; with -v ktap=1, test points without numbers. After words.awk.

# The truth table's are told in the line before.
function short(id) {
	return length(id) > 4 ? "" : id
}

BEGIN {
	split("0 0 0 0 8 6 7 8 9 9 5 1", width, " ")
}

$1 == "sum" {
	if (ktap)
		print ($2 == $3 ? "ok " : "not ok ") state ": as many told as dropped (" $2 ")" (ran ? "" : unheard)
	else if (state != "-" && ran)
		printf "%s%7s%s: dropped %d, drop-where reports %d%s\n", $2 == $3 ? dim : red, \
			"", what_runs(state), $2, $3, plain
	next
}

{
	if (!ktap && $3 != state)
		print dim (length($2) > 4 ? $2 ": " : "") what_runs($3) plain
	state = $3
	lies = nping_lies()
}

$1 == "skip" {
	reason = half(5, 1)
	sub(/^skip:/, "", reason)
	gsub(/_/, " ", reason)
	unheard = " # SKIP " reason
	if (ktap)
		print "ok " $2 " " $3 " " $4 " # SKIP " reason
	else
		printf "  %-5s%-20s%sSKIP %s%s\n", short($2), $4, yellow, reason, plain
	next
}

{
	ran = 1
}

ktap {
	if ($1 != "ok")
		print "# " $NF
	if (lies != "")
		print "# nping lies: it says " half(5, 1) ", connect() says " lies
	print ($1 == "ok" ? "ok " : "not ok ") $2 " " $3 " " $4
	next
}

{
	printf "  %-5s%-20s", short($2), $4
	for (i = 5; i <= 12; i++) {
		colour = half(i, 1) != half(i, 2) ? red : i > 5 ? "" : half(i, 1) == "lost" ? yellow : green
		printf "%s%-*s%s%s", colour, width[i] - 1, half(i, 1), plain, i < 12 ? " " : ""
	}
	print ""
	if ($NF != "")
		print ($1 == "ok" ? dim "       " : red "       ! ") $NF plain
	if (lies != "")
		print yellow "       nping lies: it says " half(5, 1) ", connect() says " lies plain
}
