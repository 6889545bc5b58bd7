# SPDX-License-Identifier: GPL-2.0-only
#
# awk -v lanes=N -v jobs=M -f left.awk: how long will it take? A line for each guest that has
# not ended: the time that all its programs took the last time, that those which have ended
# took then, and that these took now, in ms. The rest is taken to be slower by the same factor.

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
