# SPDX-License-Identifier: GPL-2.0-only
#
# The second opinion: "carries N" of the oracle, then captures.sh's fields of tshark, a line for
# each frame. Not compared are frames that the oracle leaves undecided, and those in which tshark
# shows nothing, or stops at an extension header: it is cut short, or its contents are odd.
BEGIN {
	FS = "\t"
	split("ipv6.hopopts ipv6.routing ipv6.fraghdr ipv6.dstopts ah mipv6 hip shim6", names, " ")
	for (i in names)
		field[names[i]] = i + 5
	split("0 43 44 51 60 135 139 140", names, " ")
	for (i in names)
		extension[names[i]] = 1
}

# The Nth of the values that a field has.
function value(list, n, values) {
	return n <= split(list, values, ",") ? values[n] : -1
}

# What the outer IP header leads to, by tshark; -1: there is none.
function carried(  layers, i, said, seen) {
	split($3, layers, ":")
	for (i = 1; layers[i] ~ /^(eth.*|vlan|ieee8021ad|raw)$/; i++)
		;
	if (layers[i] == "ip")
		return value($4, 1)
	if (layers[i] != "ipv6")
		return -1
	said = value($5, 1)
	for (i++; layers[i] in field; i++)
		said = value($field[layers[i]], ++seen[layers[i]])
	return said
}

{
	ours = substr($1, 9)
	if (ours == "other" || ours == -2)
		next
	said = carried()
	if ($3 == "" || ($3 ~ /ipv6/ && said in extension)) {
		stopped++
		next
	}
	compared++
	if (said == ours)
		next
	if (ours == 62) { # mobility, in an old draft
		known++
		next
	}
	printf "  frame %d: tshark says %d, the oracle %d: %s\n", NR, said, ours, $3
	differ++
}

END {
	printf "  tshark: %d frames compared, %d differ, %d more by its own error; it stops early in %d\n",
		compared, differ, known, stopped
	exit differ != 0
}
