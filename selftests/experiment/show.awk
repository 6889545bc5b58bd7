# SPDX-License-Identifier: GPL-2.0-only
#
# Shows what judge.awk judged of a state: a line for each probe, and what
# differs; with -v ktap=1, test points without numbers. After words.awk.

# The truth table's ids are words, told in the line before.
function is_row(id) {
	return id ~ /^[A-Z][0-9]/
}

# How a line begins: so that all of it has room in 80 columns.
function lead(id, probe) {
	return is_row(id) ? sprintf("%-2s %-20s ", id, probe) : sprintf("%-18s ", probe)
}

BEGIN {
	split("0 0 0 0 5 4 4 6 4 4 4 1", width, " ")
}

$1 == "sum" {
	if (ktap)
		print ($2 == $3 ? "ok " : "not ok ") state ": as many told as dropped (" $2 ")" (ran ? "" : unheard)
	else if (state != "-" && ran)
		printf "%s   dropped %d, drop-where reports %d%s\n", $2 == $3 ? dim : red, $2, $3, plain
	next
}

{
	if (!ktap && $3 != state)
		print dim (is_row($2) ? "" : $2 ": ") what_runs($3) ":" plain
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
		printf "%s%sSKIP %s%s\n", lead($2, $4), yellow, reason, plain
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
	printf "%s", lead($2, $4)
	for (i = 5; i <= 12; i++) {
		colour = half(i, 1) != half(i, 2) ? red : i > 5 ? "" : half(i, 1) == "lost" ? yellow : green
		printf "%s%-*s%s%s", colour, width[i], half(i, 1), plain, i < 12 ? " " : "\n"
	}
	if ($NF != "")
		print ($1 == "ok" ? dim "   " : red "   ! ") $NF plain
	if (lies != "")
		print yellow "   nping lies: it says " half(5, 1) ", connect() says " lies plain
}
