# SPDX-License-Identifier: GPL-2.0-only
#
# What bench.sh measured, from its bench.tsv, -v as=text (tables, also for a document), json, or
# plot: NAME, lower quartile, median and upper quartile of the first column of -v table. Its
# lines are
#
#   "machine" NAME VALUE
#   "cannot" TABLE ROW WHY
#   TABLE ROW COLUMN UNIT FIGURE...: a figure for each round
#
# The first row of a table is what the others are compared with: in the same round, by the
# median, and shown as a ratio.

function quote(text)
{
	gsub(/[\\"]/, "\\\\&", text)
	gsub(/[\001-\037]/, " ", text)
	return "\"" text "\""
}

# Sorts figure[1..n].
function sort(n,    i, j, one)
{
	for (i = 2; i <= n; i++) {
		one = figure[i]
		for (j = i - 1; j >= 1 && figure[j] > one; j--)
			figure[j + 1] = figure[j]
		figure[j + 1] = one
	}
}

function quantile(n, part)
{
	return figure[int((n - 1) * part + 1.5)]
}

function add(list, key, to)
{
	if (!((list, key) in known)) {
		known[list, key] = 1
		to[list, ++size[list]] = key
	}
}

function number(value)
{
	return sprintf(value < 100 ? "%.1f" : "%.0f", value)
}

# "29.3 1.12", and how far the quartiles are from the median
function cell(key, base)
{
	if (!(key in median))
		return "-"
	return sprintf("%s x%.2f +-%.0f%%", number(median[key]),
		       median[base] ? median[key] / median[base] : 0,
		       median[key] ? 50 * (upper[key] - lower[key]) / median[key] : 0)
}

function rule(width, columns,    line, i)
{
	line = repeat("=", width)
	for (i = 1; i <= columns; i++)
		line = line " " repeat("=", 20)
	print line
}

function repeat(character, times,    text)
{
	while (times-- > 0)
		text = text character
	return text
}

function show_text(name,    i, j, row, column, wide, line)
{
	for (i = 1; i <= size["rows" name]; i++)
		if (length(rows["rows" name, i]) > wide)
			wide = length(rows["rows" name, i])
	print ""
	print name ", " unit[name] ":"
	print ""
	rule(wide, size["columns" name])
	line = sprintf("%-" wide "s", "\\")
	for (j = 1; j <= size["columns" name]; j++)
		line = line sprintf(" %-20s", columns["columns" name, j])
	sub(/ +$/, "", line)
	print line
	rule(wide, size["columns" name])
	for (i = 1; i <= size["rows" name]; i++) {
		row = rows["rows" name, i]
		line = sprintf("%-" wide "s", row)
		for (j = 1; j <= size["columns" name]; j++) {
			column = columns["columns" name, j]
			line = line sprintf(" %-20s", cell(name SUBSEP row SUBSEP column,
							   name SUBSEP rows["rows" name, 1] SUBSEP column))
		}
		sub(/ +$/, "", line)
		print line
	}
	rule(wide, size["columns" name])
}

function show_json(name,    i, j, row, column, key)
{
	for (i = 1; i <= size["rows" name]; i++)
		for (j = 1; j <= size["columns" name]; j++) {
			row = rows["rows" name, i]
			column = columns["columns" name, j]
			key = name SUBSEP row SUBSEP column
			if (!(key in median))
				continue
			printf "{\"table\":%s,\"row\":%s,\"column\":%s,\"unit\":%s,", quote(name),
				quote(row), quote(column), quote(unit[name])
			printf "\"rounds\":%d,\"lower\":%s,\"median\":%s,\"upper\":%s}\n", rounds[key],
				lower[key], median[key], upper[key]
		}
}

function show_plot(name,    i, row, key)
{
	for (i = 1; i <= size["rows" name]; i++) {
		row = rows["rows" name, i]
		key = name SUBSEP row SUBSEP columns["columns" name, 1]
		if (key in median)
			printf "\"%s\" %s %s %s\n", row, lower[key], median[key], upper[key]
	}
}

BEGIN { FS = "\t" }

$1 == "machine" {
	machine[++facts] = $2
	fact[facts] = $3
	next
}

$1 == "cannot" && !told[$0]++ {
	if (as == "text" && (!table || $2 == table))
		lacking = lacking "cannot run here: " $3 " (" $2 "): " $4 "\n"
	if (as == "json")
		printf "{\"table\":%s,\"row\":%s,\"cannot\":%s}\n", quote($2), quote($3), quote($4)
	next
}

{
	key = $1 SUBSEP $2 SUBSEP $3
	add("tables", $1, tables)
	add("rows" $1, $2, rows)
	add("columns" $1, $3, columns)
	unit[$1] = $4
	n = 0
	for (i = 5; i <= NF; i++)
		figure[++n] = $i + 0
	sort(n)
	rounds[key] = n
	lower[key] = quantile(n, 0.25)
	median[key] = quantile(n, 0.5)
	upper[key] = quantile(n, 0.75)
}

END {
	for (i = 1; i <= facts; i++)
		if (as == "json")
			printf "{\"machine\":%s,\"is\":%s}\n", quote(machine[i]), quote(fact[i])
		else if (as == "text" && !table)
			print machine[i] ": " fact[i]
	for (i = 1; i <= size["tables"]; i++) {
		name = tables["tables", i]
		if (table && name != table)
			continue
		if (as == "names")
			print name
		else if (as == "json")
			show_json(name)
		else if (as == "plot")
			show_plot(name)
		else
			show_text(name)
	}
	printf "%s", lacking ? "\n" lacking : ""
}
