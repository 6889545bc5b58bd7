# SPDX-License-Identifier: GPL-2.0-only
#
# awk -v form=txt|md|xml -v interrupted=yes -f points.awk -f report.awk kernels.tsv points.tsv

function xml(text) {
	gsub(/&/, "\\&amp;", text)
	gsub(/</, "\\&lt;", text)
	gsub(/>/, "\\&gt;", text)
	gsub(/"/, "\\&quot;", text)
	gsub(/[^ -~]/, "?", text)
	return text
}

# "22", "22 s1" or "20 F2 s1"; "-" if it was not run there.
function cell(k, p,    text) {
	if (!((k, p) in total))
		return "-"
	text = tally[k, p, "pass"] + 0
	if (tally[k, p, "fail"])
		text = text " F" tally[k, p, "fail"]
	if (tally[k, p, "skip"])
		text = text " s" tally[k, p, "skip"]
	return text
}

function sums() {
	return sprintf("%d passed, %d failed, %d skipped on %d kernel%s%s", sum["pass"], sum["fail"], sum["skip"], kernels,
		kernels == 1 ? "" : "s", interrupted ? "; interrupted" : "")
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
	if (sum["fail"])
		printf "\n"
	for (i = 1; i <= points; i++) {
		split(point[i], f, "\t")
		if (f[4] == "fail")
			printf "FAIL %s: %s: %s%s%s\n", f[1], f[2], f[3], f[6] ? "\n     " f[6] : "",
				f[7] ? "\n     " f[7] : ""
	}
	printf "\n%s\n", sums()
}

function md(text) {
	gsub(/\|/, "\\|", text)
	gsub(/</, "\\&lt;", text)
	return text
}

function markdown(i, j, k) {
	printf "# Kernel matrix\n\n%s. ", sums()
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
		if (!sum[j ? "skip" : "fail"])
			printf "Nothing.\n"
		for (i = 1; i <= points; i++) {
			split(point[i], f, "\t")
			if (f[4] == (j ? "skip" : "fail"))
				printf "- %s: %s: %s%s%s\n", f[1], f[2], md(f[3]), f[6] ? " – " md(f[6]) : "",
					f[7] ? " (`" f[7] "`)" : ""
		}
	}
}

function junit(i, j, n, key, lines) {
	printf "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites tests=\"%d\" failures=\"%d\" skipped=\"%d\">\n",
		points, sum["fail"], sum["skip"]
	for (i = 1; i <= kernels; i++)
		for (j = 1; j <= programs; j++) {
			key = kernel[i] SUBSEP program[j]
			if (!(key in total))
				continue
			printf "  <testsuite name=\"%s: %s\" tests=\"%d\" failures=\"%d\" skipped=\"%d\" time=\"%.3f\">\n",
				xml(kernel[i]), xml(program[j]), total[key], tally[key, "fail"], tally[key, "skip"], time[key]
			n = split(in_cell[key], lines, " ")
			for (l = 1; l <= n; l++) {
				split(point[lines[l]], f, "\t")
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
