# SPDX-License-Identifier: GPL-2.0-only
#
# The results of the lab and of another engine, in one: lines as judge.awk has them, for
# the probes of one table. After words.awk.
#
#   awk -f words.awk -f compare.awk -v engine=docker TABLE LAB.tsv ENGINE.tsv
#
# Where both got the same, a cell has that, else LAB|ENGINE. It is as expected if the
# table has it so, or explains it in a line of its own:
#
#   #docker ID PROBE COLUMN LAB|DOCKER WHY

FNR == 1 {
	file++
}

file == 1 && $0 ~ "^#" engine " " {
	split($0, word, " ")
	key = word[2] SUBSEP word[3] SUBSEP word[4]
	explained[key] = word[5]
	why[key] = substr($0, index($0, word[5]) + length(word[5]) + 1)
}

file == 1 && !/^#/ {
	split($0, word, " ")
	wanted[word[1], word[3]] = 1
}

file == 2 {
	state_of[$2, $4] = $1
	for (i = 5; i <= 12; i++)
		lab[$2, $4, i] = half(i, 1)
}

file == 3 && NF >= 13 {
	ours = ($2, $4) in wanted
	if (!ours)
		next
	line = ""
	wrong = ""
	remark = ""
	for (i = 5; i <= 12; i++) {
		got = half(i, 1)
		if (lab[$2, $4, i] != got)
			got = lab[$2, $4, i] "|" got
		want = half(i, 2)
		key = $2 SUBSEP $4 SUBSEP columns[i - 4]
		if (key in explained) {
			want = explained[key]
			remark = remark (remark == "" ? "" : "; ") columns[i - 4] ": " why[key]
		}
		line = line "\t" got "/" want
		if (got != want)
			wrong = wrong (wrong == "" ? "" : ", ") columns[i - 4] ": expected " want ", got " got
	}
	status = $1 == "skip" || state_of[$2, $4] == "skip" ? "skip" : wrong == "" ? "ok" : "not"
	print status "\t" $2 "\t" $3 "\t" $4 line "\t" $13 "\t" (status == "ok" ? remark : wrong)
	next
}

# A chapter that could not be run
file > 1 && $1 == "not" && NF < 13 {
	print $1 "\t" $2 "\t" $3 "\t" $4 "\t-/ended\t-\t" $NF
}

file == 3 && $1 == "sum" && ours
