# SPDX-License-Identifier: GPL-2.0-only
#
# A strip: one probe's packets on their way through the lab, drawn from row n. A lane
# for each packet, from its sender to where it was dropped or arrived; a triangle where a
# tap saw it, pointing where the tap says that it went; a ring where a tap saw
# nothing; a cross where it was dropped, before or behind the tap as the hook is.

BEGIN {
	split("A a Q R", all_lanes, " ")
	split("out0 wan0 docker0 veth0 eth0 lo", all_taps, " ")
	split("out out0 wan0 host docker0 veth0 eth0 ctr client lo server", nodes, " ")
	split("9 48 104 154 204 258 312 351 122 154 190", big, " ")
	split("7 24 47 66 85 107 130 147 52 66 80", small, " ")
	for (i = 1; i in nodes; i++) {
		at["big", nodes[i]] = big[i]
		at["mini", nodes[i]] = small[i]
	}
	# Into the host's stack, or the container's, or the outside host's
	inwards["wan0"] = inwards["eth0"] = 1
	inwards["docker0"] = inwards["veth0"] = inwards["out0"] = -1
	path["out-host"] = "out out0 wan0 host"
	path["out-ctr"] = "out out0 wan0 host docker0 veth0 eth0 ctr"
	path["host-ctr"] = path["host-bridge"] = path["host-uplink"] = path["host-self"] = \
		"host docker0 veth0 eth0 ctr"
	path["host-local"] = "client lo docker0 veth0 eth0 ctr"
	path["ctr-bridge"] = "ctr eth0 veth0 docker0 host"
	path["ctr-out"] = "ctr eth0 veth0 docker0 host wan0 out0 out"
	path["host-server"] = "client lo server"
}

function has_strip(n) {
	return kind[n] != "check" && status[n] != "skip" && way_of(probe[n]) in path
}

function saw(n, tap, letter) {
	return index(got[n, tap], letter) > 0
}

# Was there such a packet? The relay answers on lo whatever the container does.
function was_there(n, letter,    i) {
	for (i = 1; drop_of(got[n, "dropped"], i); i++)
		if (victim == letter)
			return 1
	for (i = 1; i in all_taps; i++)
		if ((all_taps[i] != "lo" || way_of(probe[n]) ~ /server/) && saw(n, all_taps[i], letter))
			return 1
	return 0
}

function is_tap(node) {
	return node ~ /0$/ || node == "lo"
}

function line(class, x1, y1, x2, y2) {
	return "<path class=\"" class "\" d=\"M" x1 " " y1 "L" x2 " " y2 "\"/>"
}

function triangle(class, x, y, direction) {
	return sprintf("<path class=\"t %s\" d=\"M%s %sl%s %sl%s %sz\"/>", class, x + direction * T, y,
		-direction * 2 * T, -T, 0, 2 * T)
}

function cross(x, y) {
	return sprintf("<path class=\"x\" d=\"M%s %sl%s %sm0 -%sl-%s %s\"/>", x - T, y - T, 2 * T, 2 * T, 2 * T, 2 * T, 2 * T)
}

function writing(class, x, y, text) {
	return "<text class=\"" class "\" x=\"" x "\" y=\"" y "\">" text "</text>"
}

# Which way the tap says: out of the stack or into it. On lo there is no telling.
function pointing(n, tap, letter, direction) {
	if (!(tap in inwards))
		return direction
	return index(got[n, tap], letter "i") ? inwards[tap] : -inwards[tap]
}

# Where on its way the packet was dropped, if it was: x, else nothing. Sets hook.
function drop_x(n, letter, direction, size,    i) {
	for (i = 1; drop_of(got[n, "dropped"], i); i++)
		if (victim == letter && (size, place) in at)
			return at[size, place] + (hook ~ /tc-ingress/ ? 1 : -1) * direction * (size == "mini" ? 10 : 17)
	return ""
}

# A relay's reply on lo tells nothing of the container's.
function tells(n, node, letter) {
	return node ~ /0$/ || (node == "lo" && (letter != "R" || way_of(probe[n]) !~ /local/))
}

# One lane. Sets reached: did it arrive? And start_x, end_x.
function lane(n, letter, y, size,    node, count, i, j, x, direction, furthest, end, last_tap, dropped_at, out) {
	count = split(path[way_of(probe[n])], node, " ")
	for (i = 1; letter ~ /[aR]/ && i < count + 1 - i; i++) {
		j = node[i]
		node[i] = node[count + 1 - i]
		node[count + 1 - i] = j
	}
	start_x = at[size, node[1]]
	end_x = at[size, node[count]]
	direction = end_x > start_x ? 1 : -1
	furthest = start_x
	for (i = 1; i <= count; i++)
		if (tells(n, node[i], letter)) {
			last_tap = at[size, node[i]]
			if (saw(n, node[i], letter))
				furthest = last_tap
		}
	dropped_at = drop_x(n, letter, direction, size)
	reached = dropped_at == "" && furthest == last_tap
	end = dropped_at != "" ? dropped_at : reached ? end_x : furthest + direction * (size == "mini" ? 10 : 17)
	out = line("way " letter, start_x, y, end, y)
	if (!reached)
		out = out line("unmade", end, y, end_x, y)
	for (i = 1; i <= count; i++) {
		x = at[size, node[i]]
		if (saw(n, node[i], letter))
			out = out triangle(letter, x, y, pointing(n, node[i], letter, direction))
		else if (is_tap(node[i]))
			out = out "<circle class=\"ring\" cx=\"" x "\" cy=\"" y "\" r=\"" T * 0.6 "\"/>"
	}
	if (dropped_at != "")
		out = out cross(dropped_at, y)
	else if (!reached)
		out = out writing("unknown", end, y + 4, "?")
	return out
}

# What a tap saw that is not on the way at all
function strays(n, letter, y, size,    i, out) {
	out = ""
	for (i = 1; i in all_taps; i++)
		if (saw(n, all_taps[i], letter) && index(" " path[way_of(probe[n])] " ", " " all_taps[i] " ") == 0)
			out = out triangle(letter, at[size, all_taps[i]], y, pointing(n, all_taps[i], letter, 1))
	return out
}

function start_box(x, y, letter) {
	return "<rect class=\"s " letter "\" x=\"" x - 7 "\" y=\"" y - 7 "\" width=\"14\" height=\"14\" rx=\"3\"/>" \
		writing("sl", x, y + 4, letter)
}

# What the drawing shows, as text.
function strip_words(n,    i, text) {
	text = say("Taps: ")
	for (i = 1; i in all_taps; i++)
		text = text (i > 1 ? say(", ") : "") all_taps[i] " " \
			(got[n, all_taps[i]] == "-" ? say("nothing") : esc(got[n, all_taps[i]]))
	for (i = 1; drop_of(got[n, "dropped"], i); i++)
		text = text say(". ") say_dropped()
	return text say(".")
}

function bands(size, height,    out, i, from, to) {
	split(size == "mini" ? "0 35 119" : "0 77 283", from, " ")
	split(size == "mini" ? "32 116 154" : "74 280 360", to, " ")
	out = ""
	for (i = 1; i <= 3; i++)
		out = out "<rect class=\"ns\" x=\"" from[i] "\" y=\"0\" width=\"" to[i] - from[i] \
			"\" height=\"" height "\" rx=\"4\"/>"
	return out
}

function labels(n,    i, tap, class, out, used) {
	used = " " path[way_of(probe[n])] " "
	out = writing("e", 11, 14, "out") writing("e", 348, 14, "ctr")
	if (!index(used, " lo ") && got[n, "lo"] == "-" && want[n, "lo"] == "-")
		out = out writing("e", at["big", "host"], 14, "host")
	for (i = 1; i in all_taps; i++) {
		tap = all_taps[i]
		class = index(used, " " tap " ") || got[n, tap] != "-" ? "d" : "d off"
		if (got[n, tap] != want[n, tap]) {
			out = out "<rect class=\"wrong\" x=\"" at["big", tap] - 24 "\" y=\"2\" width=\"48\" height=\"16\" rx=\"3\"/>"
			class = "d inv"
		} else if (tap == "lo" && class == "d off")
			continue
		out = out writing(class, at["big", tap], 14, tap)
	}
	return out
}

# size is big (360 wide, with names) or mini (154 wide, without).
function strip(n, size,    i, k, y, step, letter, height, out, body, x, note, lines, prior, prior_x, wrong_drop) {
	T = size == "mini" ? 4.5 : 6
	step = size == "mini" ? 18 : 23
	y = size == "mini" ? 11 : 36
	k = lines = 0
	body = note = ""
	prior = 0
	wrong_drop = got[n, "dropped"] != want[n, "dropped"]
	for (i = 1; i <= 4; i++) {
		letter = all_lanes[i]
		if (!was_there(n, letter) && !(letter == "Q" && k == 0 && !was_there(n, "A"))) {
			if (letter == "R" && saw(n, "lo", "R"))
				body = body triangle("R", at[size, "lo"], y + k * step, -1)
			continue
		}
		out = lane(n, letter, y + k * step, size) strays(n, letter, y + k * step, size)
		if (prior)
			body = body line("turn", prior_x, y + (k - 1) * step, start_x, y + k * step - 7)
		body = body out (size == "mini" ? "<circle class=\"t " letter "\" cx=\"" start_x "\" cy=\"" \
			y + k * step "\" r=\"3.5\"/>" : start_box(start_x, y + k * step, letter))
		x = drop_x(n, letter, end_x > start_x ? 1 : -1, size)
		if (x != "" && size == "big") {
			note = note line("leader", x, y + k * step + 8, x, "@@") \
				writing("dl" (wrong_drop ? " wd" : ""), x < 40 ? 40 : x > 320 ? 320 : x, "##", words_for(hook))
			lines = k + 1
		}
		prior = reached
		prior_x = end_x
		k++
		if (reached && (i == 4 || i == 2 && !was_there(n, "Q")))
			body = body "<path class=\"arrived\" d=\"M" end_x - (end_x > start_x ? 6 : -6) " " \
				y + (k - 1) * step - 5 "l" (end_x > start_x ? 6 : -6) " 5l" (end_x > start_x ? -6 : 6) " 5\"/>"
	}
	height = y + (k < 2 ? 1 : k - 1) * step + (size == "mini" ? 10 : 12)
	if (note != "") {
		if (lines == k && k > 1)
			height += 14
		gsub(/@@/, height - 16, note)
		gsub(/##/, height - 4, note)
	}
	out = strip_words(n)
	return "<svg class=\"strip " size "\" viewBox=\"0 0 " (size == "mini" ? 154 : 360) " " height \
		"\" role=\"img\" aria-label=\"" out "\"><title>" out "</title>" bands(size, height) \
		(size == "mini" ? "" : labels(n)) note body "</svg>"
}
