# SPDX-License-Identifier: GPL-2.0-only
#
# What all readers of judge.awk's lines need: show.awk, json.awk and the report.

# "xdp-drop-tcp,-N:veth0+tc-drop-tcp:veth0", in words
function what_runs(text) {
	if (text == "-")
		return "nothing attached"
	gsub(/\+/, " + ", text)
	gsub(/:/, " on ", text)
	gsub(/,/, " ", text)
	return text
}

# Field i is "got/expected"; which is 1 or 2.
function half(i, which,    part) {
	split($i, part, "/")
	return part[which]
}

# The probe FROM-TO-HOW without its HOW
function way_of(probe) {
	sub(/-[a-z]*$/, "", probe)
	return probe
}

# What connect() said on the same way in this state, if this row is nping's and says
# something else; "" else. To be asked of each row, in order. nping looks by a tap.
function nping_lies(state,    way) {
	way = way_of($4)
	if ($4 ~ /-tcp$/)
		connected[state, way] = half(5, 1)
	if ($4 !~ /-nping$/ || $1 == "skip")
		return ""
	if (way == "host-uplink")
		way = "host-bridge"
	return (state, way) in connected && connected[state, way] != half(5, 1) ? connected[state, way] : ""
}

BEGIN {
	FS = "\t"
	column_count = split("verdict eth0 veth0 docker0 wan0 out0 lo dropped", columns, " ")
}
