# SPDX-License-Identifier: GPL-2.0-only
#
# Judges one state of the experiment: what each probe's packets met.
#
#   awk -f judge.awk -v dropped=N CELLS TAP.* WHERE.*
#
# CELLS has a line for each probe: when it was sent, what became of it, and the
# line of the expected table. Probes were sent one after the other, so the time
# tells whose a packet is. TAP.*: what tcpdump saw; WHERE.*: drop-where's JSON.
#
# For each probe, tab-separated: ok, not or skip; id, running, probe; eight
# pairs of got and expected, "/" between; what differs. At last a line "sum": how
# many packets the programs dropped, and how many drops were told at hooks.

function cell_at(time,    i) {
	for (i = cells; i > 0 && start[i] > time; i--)
		;
	return i
}

# A string, number or word of a line of JSON
function field(name,    at, rest) {
	at = index($0, "\"" name "\":")
	if (!at)
		return ""
	rest = substr($0, at + length(name) + 3)
	if (rest ~ /^"/)
		return substr(rest, 2, index(substr(rest, 2), "\"") - 1)
	match(rest, /^[^,}]*/)
	return substr(rest, 1, RLENGTH)
}

# Both clocks are UTC; a state is shorter than a day.
function seconds(stamp,    clock, part, time) {
	split(substr(stamp, index(stamp, "T") + 1), part, ":")
	clock = part[1] * 3600 + part[2] * 60 + part[3]
	time = int(start[1] / 86400) * 86400 + clock
	return time < start[1] - 43200 ? time + 86400 : time
}

# Which of them was dropped: the reply, if any tap but lo's saw one.
function victim(cell, protocol,    device, letters) {
	letters = ""
	for (device in devices)
		letters = letters seen[cell, device]
	if (protocol == 2054)
		return letters ~ /a/ ? "a" : "A"
	return letters ~ /R/ ? "R" : "Q"
}

BEGIN {
	OFS = "\t"
	column_count = split("verdict eth0 veth0 docker0 wan0 out0 lo dropped", columns, " ")
	for (i = 2; i <= 6; i++)
		devices[columns[i]] = 1
}

FILENAME ~ /cells$/ {
	cells++
	start[cells] = $1
	verdict[cells] = $2
	for (i = 3; i <= 5; i++)
		name[cells] = name[cells] (i > 3 ? OFS : "") $i
	for (i = 1; i <= column_count; i++)
		want[cells, i] = $(5 + i)
	next
}

FILENAME ~ /tap\.[a-z]*$/ {
	cell = cell_at($1)
	if ($4 == "ARP,")
		letter = $5 == "Request" ? "A" : "a"
	else if (/ICMP echo request|Flags \[S[^.]*\]/)
		letter = "Q"
	else if (/ICMP echo reply|Flags \[S.*\.[^.]*\]/)
		letter = "R"
	else
		next
	letter = letter ($3 == "Out" ? "o" : "i")
	if (cell && !index(seen[cell, $2], letter))
		seen[cell, $2] = seen[cell, $2] letter
	next
}

FILENAME ~ /where\.[a-z]*$/ && /"final":false/ && !/"hook":"stack"/ {
	cell = cell_at(seconds(field("time")))
	place = field("interface") ":" field("hook")
	told++
	key = cell SUBSEP place
	if (!cell || key in counted)
		next
	counted[key] = 1
	place_of[cell] = place_of[cell] (place_of[cell] ? "+" : "") \
		victim(cell, field("protocol")) "@" place
	how[cell] = how[cell] (how[cell] ? "+" : "") \
		field("function") (field("reason") != "null" ? "/" field("reason") : "")
	next
}

END {
	for (cell = 1; cell <= cells; cell++) {
		skipped = verdict[cell] ~ /^skip/
		line = ""
		wrong = ""
		for (i = 1; i <= column_count; i++) {
			got = i == 1 ? verdict[cell] : i == column_count ? \
				place_of[cell] : seen[cell, columns[i]]
			if (got == "")
				got = "-"
			line = line OFS got "/" want[cell, i]
			if (got != want[cell, i])
				wrong = wrong (wrong ? ", " : "") columns[i] ": expected " \
					want[cell, i] ", got " got
		}
		status = skipped ? "skip" : wrong ? "not" : "ok"
		print status, name[cell] line, how[cell] ? how[cell] : "-", wrong
	}
	print "sum", dropped + 0, told + 0
}
