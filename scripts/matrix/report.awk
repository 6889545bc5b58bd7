# SPDX-License-Identifier: GPL-2.0-only
#
# awk -v form=txt|md|xml -f report.awk kernels.tsv points.tsv
#
# kernels.tsv: name, release, origin, seconds, accelerator, configuration, version;
# points.tsv: judge.awk's.

function xml(text) {
	gsub(/&/, "\\&amp;", text)
	gsub(/</, "\\&lt;", text)
	gsub(/>/, "\\&gt;", text)
	gsub(/"/, "\\&quot;", text)
	gsub(/[^ -~]/, "?", text)
	return text
}

# "22", "22 s1" or "20 F2 s1"; "-" if it was not run there.
function cell(k, p, key, text) {
	key = k SUBSEP p
	if (!(key in total))
		return "-"
	text = passed[key] + 0
	if (failed[key])
		text = text " F" failed[key]
	if (skipped[key])
		text = text " s" skipped[key]
	return text
}

BEGIN { FS = "\t" }

FILENAME ~ /kernels\.tsv$/ {
	kernel[++kernels] = $1
	release[$1] = $2
	origin[$1] = $3
	seconds[$1] = $4
	accel[$1] = $5
	config[$1] = $6
	next
}

{
	if (!($2 in seen)) {
		seen[$2] = 1
		program[++programs] = $2
	}
	key = $1 SUBSEP $2
	total[key]++
	time[key] = $5 / 1000
	all[$4]++
	row[++rows] = $0
	in_cell[key] = in_cell[key] " " rows
	if ($4 == "pass") {
		passed[key]++
		k_passed[$1]++
	} else if ($4 == "skip") {
		skipped[key]++
		k_skipped[$1]++
	} else {
		failed[key]++
		k_failed[$1]++
	}
}

function text_table(i, j, k, longest, column) {
	for (i = 1; i <= kernels; i++)
		if (length(kernel[i]) > longest)
			longest = length(kernel[i])
	column = " %" (longest > 14 ? longest : 14) "s"
	printf "\n%-18s", "program"
	for (i = 1; i <= kernels; i++)
		printf column, kernel[i]
	printf "\n"
	for (j = 1; j <= programs; j++) {
		printf "%-18s", program[j]
		for (i = 1; i <= kernels; i++)
			printf column, cell(kernel[i], program[j])
		printf "\n"
	}
	printf "%-18s", "seconds"
	for (i = 1; i <= kernels; i++)
		printf column, seconds[kernel[i]]
	printf "\n(points passed, F: failed, s: skipped as expected)\n\n"
	for (i = 1; i <= kernels; i++) {
		k = kernel[i]
		printf "%-" (longest > 8 ? longest : 8) "s %s (%s), by %s\n", k, release[k], origin[k], accel[k]
	}
	if (all["fail"])
		printf "\n"
	for (i = 1; i <= rows; i++) {
		split(row[i], f, "\t")
		if (f[4] == "fail")
			printf "FAIL %s: %s: %s%s\n", f[1], f[2], f[3], f[6] ? "\n     " f[6] : ""
	}
	printf "\n%d passed, %d failed, %d skipped on %d kernel%s\n", all["pass"], all["fail"], all["skip"], kernels, kernels == 1 ? "" : "s"
}

function md(text) {
	gsub(/\|/, "\\|", text)
	gsub(/</, "\\&lt;", text)
	return text
}

function markdown(i, j, k) {
	printf "# Kernel matrix\n\n%d passed, %d failed, %d skipped on %d kernel%s. ", all["pass"], all["fail"], all["skip"], kernels, kernels == 1 ? "" : "s"
	printf "A cell is points passed, F: failed, s: skipped as expected.\n\n| program |"
	for (i = 1; i <= kernels; i++)
		printf " %s |", kernel[i]
	printf "\n|---|"
	for (i = 1; i <= kernels; i++)
		printf "--:|"
	for (j = 1; j <= programs; j++) {
		printf "\n| %s |", program[j]
		for (i = 1; i <= kernels; i++)
			printf " %s |", cell(kernel[i], program[j])
	}
	printf "\n\n| kernel | release | from | seconds | by | configuration |\n|---|---|---|--:|---|---|\n"
	for (i = 1; i <= kernels; i++) {
		k = kernel[i]
		printf "| %s | %s | %s | %s | %s | %s |\n", k, release[k], md(origin[k]), seconds[k],
			accel[k], config[k]
	}
	for (j = 0; j < 2; j++) {
		printf "\n## %s\n\n", j ? "Skipped" : "Failed"
		if (!all[j ? "skip" : "fail"])
			printf "Nothing.\n"
		for (i = 1; i <= rows; i++) {
			split(row[i], f, "\t")
			if (f[4] == (j ? "skip" : "fail"))
				printf "- %s: %s: %s%s\n", f[1], f[2], md(f[3]), f[6] ? " – " md(f[6]) : ""
		}
	}
}

function junit(i, j, n, key, lines) {
	printf "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites tests=\"%d\" failures=\"%d\" skipped=\"%d\">\n",
		rows, all["fail"], all["skip"]
	for (i = 1; i <= kernels; i++)
		for (j = 1; j <= programs; j++) {
			key = kernel[i] SUBSEP program[j]
			if (!(key in total))
				continue
			printf "  <testsuite name=\"%s: %s\" tests=\"%d\" failures=\"%d\" skipped=\"%d\" time=\"%.3f\">\n",
				xml(kernel[i]), xml(program[j]), total[key], failed[key], skipped[key], time[key]
			n = split(in_cell[key], lines, " ")
			for (l = 1; l <= n; l++) {
				split(row[lines[l]], f, "\t")
				printf "    <testcase classname=\"%s.%s\" name=\"%s\"", xml(f[1]), xml(f[2]), xml(f[3])
				if (f[4] == "pass")
					printf "/>\n"
				else if (f[4] == "skip")
					printf "><skipped message=\"%s\"/></testcase>\n", xml(f[6])
				else
					printf "><failure message=\"%s\"/></testcase>\n", xml(f[6])
			}
			printf "  </testsuite>\n"
		}
	printf "</testsuites>\n"
}

END {
	if (form == "xml")
		junit()
	else if (form == "md")
		markdown()
	else
		text_table()
}
