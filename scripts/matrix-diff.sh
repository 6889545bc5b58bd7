#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# matrix-diff.sh [OLD [NEW]]: what changed between two runs of make matrix.
# OLD and NEW are directories of results/; without them, the last two.
# Exits with 1 if something changed.
set -eu
export LC_ALL=C

cd "$(dirname "$0")/.."
new=${2:-$(find results -maxdepth 1 -name '2*' | sort | tail -n1)}
old=${1:-$(find results -maxdepth 1 -name '2*' | sort | tail -n2 | head -n1)}
if [ ! -e "$old/points.tsv" ] || [ ! -e "$new/points.tsv" ] || [ "$old" = "$new" ]; then
	echo "matrix-diff.sh: two finished runs are needed in results/" >&2
	exit 2
fi
echo "from $old to $new"
awk -F '\t' '
	function name(n, t) { t = $1 ": " $2 ": " $3; n = ++count[FILENAME, t]; return n == 1 ? t : t " (" n ")" }
	FILENAME ~ /kernels\.tsv$/ {
		if (!later) release[$1] = $2
		else if ($1 in release && release[$1] != $2) print $1 ": was " release[$1] ", is " $2
		next
	}
	from == "old" { was[name()] = $4; next }
	{
		key = name()
		now[key] = 1
		if (!(key in was)) { changed++; print "new: " key ": " $4 }
		else if (was[key] != $4) { changed++; print key ": was " was[key] ", is " $4 ($6 ? " (" $6 ")" : "") }
	}
	END {
		for (key in was)
			if (!(key in now)) { changed++; print "gone: " key ": was " was[key] }
		if (!changed) print "no test point changed"
		exit changed > 0
	}' "$old/kernels.tsv" later=1 "$new/kernels.tsv" from=old "$old/points.tsv" from=new "$new/points.tsv"
