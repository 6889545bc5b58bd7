# SPDX-License-Identifier: GPL-2.0-only
#
# Reads a run's kernels.tsv (name, release, origin, seconds, accelerator, configuration,
# version) and points.tsv (judge.awk's), for report.awk and for kernels.awk of the report.
#
# kernels, programs, points   how many; kernel[], program[] their names, point[] the lines
# release[KERNEL] …           what kernels.tsv says of it
# tally[KERNEL, PROGRAM, RESULT], total[KERNEL, PROGRAM], sum[RESULT]   how many points

BEGIN { FS = "\t" }

FILENAME ~ /kernels\.tsv$/ {
	kernel[++kernels] = $1
	release[$1] = $2
	origin[$1] = $3
	seconds[$1] = $4
	accel[$1] = $5
	config[$1] = $6
}

FILENAME ~ /points\.tsv$/ {
	if (!($2 in known)) {
		known[$2] = 1
		program[++programs] = $2
	}
	tally[$1, $2, $4]++
	total[$1, $2]++
	sum[$4]++
	time[$1, $2] = $5 / 1000
	point[++points] = $0
	in_cell[$1, $2] = in_cell[$1, $2] " " points
}
