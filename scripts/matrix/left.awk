# SPDX-License-Identifier: GPL-2.0-only
#
# awk -v lanes=N -v jobs=M -f left.awk: how long will it take? A line for each guest that has
# not ended: what all its programs took the last time, those of them that have ended,
# and what those took now, in ms. So much slower as they are now, the rest will be.

{
	known[NR] = $1 - $2
	done += $2
	took += $3
}

END {
	pace = done > 5000 ? took / done : 1
	for (i = 1; i <= NR; i++) {
		left = known[i] * pace / 1000 / jobs
		sum += left
		if (left > longest)
			longest = left
	}
	sum /= NR < lanes ? (NR ? NR : 1) : lanes
	if (sum < longest)
		sum = longest
	printf "%d:%02d", sum / 60, sum % 60
}
