#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# diff.sh [OLD [NEW]]: what changed between two runs of make matrix.
# diff.sh --kernels A B [RUN]: how B differs from A, two kernels of one run.
# OLD, NEW and RUN are directories of results; without them, the last finished runs
# in results/. A and B are names of kernels in the results, or words of KERNELS. First come
# the regressions: each point that fails now and did not, if its program ran on this kernel
# the last time, too. Then what else changed, and sums of the points that are new or gone.
#
# Exits with 0 if there is no regression, 1 if there is, 2 if it cannot be told.
set -eu
export LC_ALL=C

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

diff_die() {
	echo "diff.sh: $*" >&2
	exit 2
}

finished() {
	[ -s "$1/results.json" ]
}

diff_finished() {
	finished "$1" || diff_die "$1 is no finished run: it has no results.json"
}

# The last run but $1, if that is given, of those that are finished.
last() {
	for run in $(find "$results" -mindepth 1 -maxdepth 1 -name '2*' 2>/dev/null | sort -r); do
		if finished "$run" && [ "$run" != "${1-}" ]; then
			echo "$run"
			return
		fi
	done
	diff_die "there are no two finished runs in results/; make matrix leaves one"
}

# What was asked for, in full: awk takes "a=b/points.tsv" for an assignment.
diff_given() {
	realpath -e -- "$1" 2>/dev/null || diff_die "there is no directory $1"
}

# The name in $run of the kernel that is called $1 there or in KERNELS.
diff_kernel() {
	path=$(realpath -q -- "$1") || :
	awk -F '\t' -v name="$1" -v path="${path%/arch/x86/boot/bzImage}" \
		'$1 == name || $3 == path { print $1; found = 1; exit } END { exit !found }' "$run/kernels.tsv" ||
		diff_die "$1 is none of the kernels in $run: $(cut -f1 "$run/kernels.tsv" | paste -sd' ')"
}

# Kernel $1 of $run, by the name of $b, as a run of its own in the new directory $2.
diff_part() {
	mkdir "$2"
	for table in kernels points; do
		awk -F '\t' -v OFS='\t' -v name="$1" -v as="$b" '$1 == name { $1 = as; print }' \
			"$run/$table.tsv" >"$2/$table.tsv"
	done
}

case ${1-} in
-h | --help)
	matrix_help
	exit
	;;
--kernels) ;;
-*) diff_die "there is no option $1; --help tells how to choose" ;;
esac
results=$(realpath "$(dirname "$0")/../../results")
if [ "${1-}" = --kernels ]; then
	[ $# = 3 ] || [ $# = 4 ] || diff_die "--kernels takes two kernels, and at most one run"
	if [ $# = 4 ]; then run=$(diff_given "$4"); else run=$(last); fi
	diff_finished "$run"
	a=$(diff_kernel "$2") b=$(diff_kernel "$3")
	[ "$a" != "$b" ] || diff_die "$a is compared with itself"
	echo "from $a to $b in $run"
	tmp=$(mktemp -d)
	trap 'rm -rf "$tmp"' EXIT
	old=$tmp/old new=$tmp/new
	diff_part "$a" "$old"
	diff_part "$b" "$new"
else
	[ $# -le 2 ] || diff_die "two runs at most can be compared"
	if [ $# = 2 ]; then new=$(diff_given "$2"); else new=$(last); fi
	if [ $# != 0 ]; then old=$(diff_given "$1"); else old=$(last "$new"); fi
	[ "$old" != "$new" ] || diff_die "$old is compared with itself"
	diff_finished "$old"
	diff_finished "$new"
	echo "from $old to $new"
fi
awk -F '\t' '
	# A program may have two points of one name.
	function name(n, t) {
		t = $1 ": " $2 ": " $3
		n = ++count[from, t]
		return n == 1 ? t : t " (" n ")"
	}

	# One more point that is new or gone, by program, or by kernel if it is all of one.
	function sum(how, kernel, program, result, all_of_it, what) {
		what = how ": " kernel (all_of_it ? "" : ": " program)
		if (!(what in points))
			sums[++n_sums] = what
		points[what]++
		failing[what] += result == "fail"
		total[how]++
	}

	from == "old kernels" {
		was_release[$1] = $2 " " $7
		next
	}

	from == "new kernels" {
		is_release[$1] = $2 " " $7
		if ($1 in was_release && was_release[$1] != is_release[$1])
			updates = updates $1 ": was " was_release[$1] ", is " is_release[$1] "\n"
		next
	}

	from == "old" {
		key = name()
		was[key] = $4
		old_key[++n_old] = key
		kernel[key] = $1
		program[key] = $2
		ran[$1, $2] = 1
		next
	}

	{
		key = name()
		now[key] = 1
		before = key in was ? was[key] : "new"
		line = key ": " (before == "new" ? "new, " : "was " before ", is ") $4 ($6 == "" ? "" : " (" $6 ")")
		if ($4 == "fail" && before != "fail" && ($1, $2) in ran)
			worse[++n_worse] = line
		else if (before == "new")
			sum("new", $1, $2, $4, !($1 in was_release))
		else if (before != $4)
			other[++n_other] = line
	}

	END {
		for (i = 1; i <= n_worse; i++)
			print "REGRESSION " worse[i]
		printf "%s", updates
		for (i = 1; i <= n_other; i++)
			print other[i]
		for (i = 1; i <= n_old; i++) {
			key = old_key[i]
			if (!(key in now))
				sum("gone", kernel[key], program[key], was[key], !(kernel[key] in is_release))
		}
		for (i = 1; i <= n_sums; i++)
			printf "%s: %d point%s%s\n", sums[i], points[sums[i]], points[sums[i]] == 1 ? "" : "s",
				failing[sums[i]] ? ", " failing[sums[i]] " of which failed" : ""
		printf "%d regressions, %d changed otherwise, %d new, %d gone\n", n_worse, n_other,
			total["new"], total["gone"]
		exit n_worse > 0
	}' from="old kernels" "$old/kernels.tsv" from="new kernels" "$new/kernels.tsv" \
	from=old "$old/points.tsv" from=new "$new/points.tsv"
