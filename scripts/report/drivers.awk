# SPDX-License-Identifier: GPL-2.0-only
#
# Device by hook and MTU, of make drivers: drivers.tsv. selftests/drivers.sh has the words.

function hook_words(hook) {
	return words_for((hook ~ /gress/ ? "tc-" : "xdp-") hook)
}

# The number of a name in a list, at whose end it is put if it is not there.
function number_in(list, name,    i) {
	for (i = 1; i in list && list[i] != name; i++)
		;
	list[i] = name
	return i
}

FILENAME ~ /drivers\.tsv$/ {
	number_in(device, $1)
	number_in(hook_at, $2)
	number_in(mtu, $3)
	result[$1, $2, $3] = $4
	cells++
	if ($4 != $5) {
		differing[$1, $2, $3] = 1
		failure[++failures] = "<li><strong>" esc($1) "</strong> " hook_words($2) ", MTU " esc($3) ": " \
			say("{1}, not {2}", esc($4), esc($5)) ($6 == "" ? "" : ": " esc($6)) "</li>"
	} else if ($6 != "" && !told_of[$1, $6]++) {
		number_in(why, $6)
		refused[$6] = refused[$6] (refused[$6] == "" ? "" : ", ") esc($1)
	}
}

function cell(d, h, m,    text) {
	if (!((d, h, m) in result))
		return "<td class=\"none\">·</td>"
	text = result[d, h, m]
	if ((d, h, m) in differing)
		return "<td class=\"bad\">≠ " esc(text) "</td>"
	return "<td class=\"" (text in class ? class[text] : "other") "\">" esc(text) "</td>"
}

BEGIN {
	class["ok"] = class["lower"] = class["unshown"] = "pass"
	class["none"] = "skip"
}

END {
	if (!cells)
		exit
	print "<section id=\"drivers\"><h2>Drivers: each device, each hook, three MTUs</h2>"
	print "<p>" say("{1} of {2} cells are as expected. In each, packets of TCP, UDP and ICMP " \
		"of up to the MTU cross the device.", cells - failures, cells) "</p><dl class=\"letters\">" \
		"<dt>ok</dt><dd>attached as asked; TCP was dropped, the rest passed; counters, capture and drop-where are right</dd>" \
		"<dt>lower</dt><dd>the same, but drop-where shows the drops on a device below</dd>" \
		"<dt>unshown</dt><dd>the same, but drop-where does not show them</dd>" \
		"<dt>unseen</dt><dd>attached, but packets pass by the program, and it says so</dd>" \
		"<dt>unused</dt><dd>attached, but no packet comes there</dd>" \
		"<dt>refused</dt><dd>not attached: see below</dd>" \
		"<dt>none</dt><dd>the device cannot have this MTU, or loses such packets without a program, too</dd></dl>"
	say_failures(failure, failures)
	for (m = 1; m in mtu; m++)
		under = under "<th scope=\"col\">" esc(mtu[m]) "</th>"
	for (h = 1; h in hook_at; h++) {
		over = over "<th scope=\"colgroup\" colspan=\"" m - 1 "\">" hook_words(hook_at[h]) "</th>"
		all_under = all_under under
	}
	print "<div class=\"table\"><table class=\"kernels\"><thead><tr><th scope=\"col\" rowspan=\"2\">device</th>" \
		over "</tr><tr>" all_under "</tr></thead><tbody>"
	for (d = 1; d in device; d++) {
		print "<tr><th scope=\"row\">" esc(device[d]) "</th>"
		for (h = 1; h in hook_at; h++)
			for (m = 1; m in mtu; m++)
				print cell(device[d], hook_at[h], mtu[m])
		print "</tr>"
	}
	print "</tbody></table></div><p>Refused, and why:</p><ul>"
	for (i = 1; i in why; i++)
		print "<li>" refused[why[i]] ": " esc(why[i]) "</li>"
	print "</ul></section>"
}
