# SPDX-License-Identifier: GPL-2.0-only
#
# T1 and T2: sent and answered over time while XDP went on and off. Files:
# experiment.tsv, T?.seconds (the switches), T?.csv (each connection).

function name_of(file) {
	file = base(file)
	sub(/\..*/, "", file)
	return file
}

FILENAME ~ /\.seconds$/ && $2 == "switch" {
	t = $1
	k = ++switches[t]
	kind_of[t, k] = $3
	asked[t, k] = $4
	done[t, k] = $5
	changed[t, k] = $6
}

FILENAME ~ /\.csv$/ {
	if (FNR == 1) {
		t = name_of(FILENAME)
		streams[++stream_count] = t
		next
	}
	split($0, field, ",")
	bin = int(field[1] * 8)
	sent[t, bin]++
	if (sent[t, bin] > most[t])
		most[t] = sent[t, bin]
	all_sent[t]++
	if (field[3] != "") {
		answered[t, bin]++
		all_answered[t]++
	}
	bins[t] = bin
	ended[t] = field[1]
}

function x_of(t, time) {
	return sprintf("%.1f", LEFT + time * WIDTH / ((bins[t] + 1) / 8))
}

function rect(class, x1, x2, y, height) {
	return sprintf("<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>", class, x1, y, x2 - x1, height)
}

function label(x, y, anchor, text, class) {
	return sprintf("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\"%s>%s</text>", x, y, anchor, \
		class == "" ? "" : " class=\"" class "\"", text)
}

# Three shades: going on, on, going off.
function shade(t, k,    off) {
	if (kind_of[t, k] != "on")
		return ""
	off = k < switches[t]
	return rect("edge", x_of(t, asked[t, k]), x_of(t, done[t, k]), TOP, HEIGHT) \
		rect("on", x_of(t, done[t, k]), x_of(t, off ? asked[t, k + 1] : ended[t]), TOP, HEIGHT) \
		(off ? rect("edge", x_of(t, asked[t, k + 1]), x_of(t, done[t, k + 1]), TOP, HEIGHT) : "") \
		label((x_of(t, done[t, k]) + x_of(t, off ? asked[t, k + 1] : ended[t])) / 2, TOP + 12, "middle", "XDP on")
}

function height_of(t, n) {
	return (HEIGHT - 18) * n / most[t]
}

function plot(t,    k, bin, second, text, x1, x2, out) {
	text = t ": " say("{1} connections sent, {2} answered, in eighths of a second", all_sent[t], all_answered[t] + 0)
	out = "<svg class=\"plot\" viewBox=\"0 0 360 158\" role=\"img\" aria-label=\"" text "\"><title>" text "</title>"
	for (k = 1; k <= switches[t]; k++)
		out = out shade(t, k)
	for (bin = 0; bin <= bins[t]; bin++) {
		x1 = x_of(t, bin / 8) + 0.4
		x2 = x_of(t, (bin + 1) / 8) - 0.4
		if (sent[t, bin])
			out = out rect("sent", x1, x2, TOP + HEIGHT - height_of(t, sent[t, bin]), height_of(t, sent[t, bin]))
		if (answered[t, bin])
			out = out rect("answered", x1, x2, TOP + HEIGHT - height_of(t, answered[t, bin]), height_of(t, answered[t, bin]))
	}
	out = out "<path class=\"axis\" d=\"M" LEFT " " TOP "V" TOP + HEIGHT "H" LEFT + WIDTH "\"/>"
	for (second = 0; second <= ended[t]; second++)
		out = out "<path class=\"axis\" d=\"M" x_of(t, second) " " TOP + HEIGHT "v4\"/>" \
			label(x_of(t, second), TOP + HEIGHT + 16, "middle", second)
	out = out label(LEFT + WIDTH, TOP + HEIGHT + 29, "end", "seconds") \
		label(LEFT - 4, TOP + HEIGHT - height_of(t, most[t]) + 4, "end", most[t]) \
		label(LEFT - 4, TOP + HEIGHT + 3, "end", "0")
	print out "</svg>"
}

function ms(seconds) {
	return sprintf("%.0f ms", seconds * 1000)
}

function table(t,    k) {
	print "<table>" headings("XDP|n:requested at|n:done after|n:effect after")
	for (k = 1; k <= switches[t]; k++)
		print "<tr><th scope=\"row\">" esc(kind_of[t, k]) "</th><td class=\"n\">" sprintf("%.3f s", asked[t, k]) \
			"</td><td class=\"n\">" ms(done[t, k] - asked[t, k]) "</td><td class=\"n\">" \
			(changed[t, k] < 0 ? say("no packet") : say(kind_of[t, k] == "on" ? "{1}, lost" : "{1}, answered", ms(changed[t, k]))) "</td></tr>"
	print "</tbody></table>"
}

# "10 to 13 ms", or "never"
function range(t, which,    k, low, high, any) {
	any = 0
	for (k = 1; k <= switches[t]; k++)
		if (kind_of[t, k] == which && changed[t, k] >= 0) {
			if (!any || changed[t, k] < low)
				low = changed[t, k]
			if (!any || changed[t, k] > high)
				high = changed[t, k]
			any = 1
		}
	return !any ? say("never") : sprintf("%.0f", low * 1000) == sprintf("%.0f", high * 1000) ? ms(high) : \
		say("{1} to {2}", sprintf("%.0f", low * 1000), ms(high))
}

function was_run(t,    n) {
	for (n = 1; n <= rows; n++)
		if (id[n] == t)
			return 1
	return 0
}

function checks(t,    n) {
	for (n = 1; n <= rows; n++)
		if (id[n] == t && kind[n] == "check") {
			print "<li>" box(n) " " say_check(n) \
				(measure[n] == "-" ? "" : ": " say_measure(n)) \
				(status[n] == "not" ? "<p class=\"diff\">≠ " spaced(differs[n]) "</p>" : "") "</li>"
			where[t] = running[n]
		}
}

BEGIN {
	LEFT = 24
	WIDTH = 328
	TOP = 6
	HEIGHT = 118
}

END {
	print "<section id=\"switch\"><h2>T1, T2 (2.2, 2.3): XDP on and off under a stream</h2>"
	print "<p>Connections, each from a fresh port, cross an interface where xdp-drop-tcp is switched on and off. Each bar is an eighth of a " \
		"second: outlined the connections sent, filled those answered. Shaded: XDP on; lighter: being switched.</p><div class=\"figures\">"
	for (i = 1; i <= stream_count; i++) {
		t = streams[i]
		if (!was_run(t))
			continue
		print "<figure id=\"" esc(t) "\"><figcaption><h3>" esc(t) "</h3><ul class=\"probes\">"
		checks(t)
		print "</ul></figcaption>"
		plot(t)
		print "<p>" (t in where ? say_runs(where[t]) ": " : "") say("{1} sent, {2} answered. First packet lost after " \
			"the request to switch on: {3}; first one answered after the request to switch off: {4}.", \
			all_sent[t], all_answered[t] + 0, range(t, "on"), range(t, "off")) "</p>"
		table(t)
		print "</figure>"
	}
	print "</div></section>"
}
