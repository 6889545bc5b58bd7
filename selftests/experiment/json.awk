# SPDX-License-Identifier: GPL-2.0-only
#
# The results as JSON: first the table of all chapters, then T1's and T2's series. After words.awk.

function string(text) {
	gsub(/["\\]/, "", text)
	return "\"" text "\""
}

function member(name, value) {
	return string(name) ": " value
}

BEGIN {
	print "{"
	print " " member("time", string(time)) ","
	print " " member("kernel", string(kernel)) ","
	print " " member("machine", string(machine)) ","
	print " " member("versions", "{" member("program", string(program)) ", " \
		member("tcpdump", string(tcpdump)) ", " member("nping", string(nping)) ", " \
		member("iproute2", string(iproute)) "}") ","
	print " " member("rows", "[")
}

$1 == "sum" {
	states = states (states ? ",\n" : "") "  {" member("running", string(state)) ", " \
		member("dropped", $2) ", " member("told", $3) "}"
	next
}

FILENAME ~ /seconds$/ && $2 == "switch" {
	switches = switches (switches ? ",\n" : "") "  {" member("id", string($1)) ", " \
		member("switch", string($3)) ", " member("asked_s", $4) ", " \
		member("done_s", $5) ", " member("first_changed_s", $6) "}"
	next
}

FILENAME ~ /seconds$/ {
	series = series (series ? ",\n" : "") "  {" member("id", string($1)) ", " \
		member("second", $2) ", " member("sent", $3) ", " member("answered", $4) "}"
	next
}

{
	state = $3
	line = "  {" member("id", string($2)) ", " member("running", string($3)) ", " \
		member("probe", string($4)) ", " member("status", string($1))
	if (NF >= 14) {
		for (which = 1; which <= 2; which++) {
			line = line ", " member(which == 1 ? "got" : "expected", "{")
			for (i = 1; i <= column_count; i++)
				line = line (i > 1 ? ", " : "") \
					member(columns[i], string(half(4 + i, which)))
			line = line "}"
		}
		line = line ", " member("how", string($13))
	} else
		line = line ", " member("count", string($5))
	print (rows++ ? "," : "") line ", " member("differs", string($NF)) "}"
}

END {
	print " ],"
	print " " member("states", "[")
	print states
	print " ],"
	print " " member("seconds", "[")
	print series
	print " ],"
	print " " member("switches", "[")
	print switches
	print " ]"
	print "}"
}
