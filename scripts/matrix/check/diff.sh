# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2154,SC2164 # ktap.sh and check_lib.sh have these variables; set -e
#
# The tests of diff.sh. To be sourced by check.sh.

# Two runs, $tree/results/2001 and 2002, of one kernel and two programs.
check_two_runs() {
	local run

	check_tree
	for run in 2001 2002; do
		mkdir -p "$tree/results/$run"
		printf '6.1\t6.1.0\tlinux-image 1\t10\ttcg\t-\t#1\n' >"$tree/results/$run/kernels.tsv"
		{
			for ((i = 0; i < 300; i++)); do
				printf '6.1\tverdict\tframe %s\tpass\t5\t\n' $i
			done
			printf '6.1\tlab.sh\tping\tpass\t5\t\n6.1\tlab.sh\ttcp\tfail\t5\tlost\n'
			printf '6.1\tkernel\tboot to end\tpass\t0\t\n'
		} >"$tree/results/$run/points.tsv"
		echo '{}' >"$tree/results/$run/results.json"
	done
	new=$tree/results/2002
}

check_diff() {
	expect "$1" "$tree/scripts/matrix/diff.sh"
}

diff_nothing() {
	check_two_runs
	check_diff 0
	told '^from .*/2001 to .*/2002$'
	told '^0 regressions, 0 changed otherwise, 0 new, 0 gone$'
}

diff_regression() {
	check_two_runs
	sed -i 's/\tframe 7\tpass\t5\t/\tframe 7\tfail\t5\twas dropped/; s/frame 2/other &/
		s/\ttcp\tfail\t5\tlost/\ttcp\tpass\t5\t/' "$new/points.tsv"
	check_diff 1
	[ "$(sed -n 2p "$tmp/out")" = "REGRESSION 6.1: verdict: frame 7: was pass, is fail (was dropped)" ] ||
		fail "the regression is not first: $(cat "$tmp/out")"
	told '^6.1: lab.sh: tcp: was fail, is pass$'
	told '^new: 6.1: verdict: 111 points$'
	told '^gone: 6.1: verdict: 111 points$'
	told '^1 regressions, 1 changed otherwise, 111 new, 111 gone$'
	count .
	[ "$count" = 6 ] || fail "more than six lines"
}

# A kernel that is new in a run, and a program: what fails there did not work before.
diff_new_and_gone() {
	check_two_runs
	printf '6.9@aaaaaa\t6.9.0\t/a/6.9\t10\ttcg\t-\t#1\n' >>"$new/kernels.tsv"
	printf '6.9@aaaaaa\tlab.sh\ttcp\tfail\t5\t\n6.1\tmore.sh\tone\tfail\t5\t\n' >>"$new/points.tsv"
	sed -i '/\tping\t/d' "$new/points.tsv"
	check_diff 0
	told '^new: 6.9@aaaaaa: 1 point, 1 of which failed$'
	told '^new: 6.1: more.sh: 1 point, 1 of which failed$'
	told '^gone: 6.1: lab.sh: 1 point$'
}

diff_lost() {
	check_two_runs
	sed -i '/\tverdict\t/d' "$new/points.tsv"
	printf '6.1\tverdict\t(the program)\tfail\t0\tlost: it did not end\n' >>"$new/points.tsv"
	check_diff 1
	told '^REGRESSION 6.1: verdict: \(the program\): new, fail \(lost: it did not end\)$'
	check_two_runs
	printf '6.1\tkernel\tboot\tfail\t0\tnot available\n' >"$new/points.tsv"
	check_diff 1
	told '^REGRESSION 6.1: kernel: boot: new, fail'
}

diff_unfinished() {
	check_two_runs
	cp -r "$new" "$tree/results/2003"
	rm "$tree/results/2003/results.json"
	check_diff 0
	told '^from .*/2001 to .*/2002$'
	expect 2 "$tree/scripts/matrix/diff.sh" "$new" "$tree/results/2003"
	said '2003 is no finished run'
	rm -r "$tree/results/2001"
	check_diff 2
	said 'no two finished runs'
	# Directories are the caller's, not the tree's.
	cp -r "$new" "$tmp/other"
	cd "$tmp"
	expect 0 "$tree/scripts/matrix/diff.sh" other tree/results/2002
}

# Two kernels of one run; the second one is a tree's.
diff_kernels() {
	check_two_runs
	mkdir -p "$tmp/linux/arch/x86/boot"
	touch "$tmp/linux/arch/x86/boot/bzImage"
	printf 'linux@aaaaaa\t6.9.0\t%s\t10\ttcg\t-\t#2\n' "$tmp/linux" >>"$new/kernels.tsv"
	sed 's/^6.1/linux@aaaaaa/; /\tframe 7\t/s/pass/fail/; /\tping\t/d' "$new/points.tsv" >"$tmp/more"
	cat "$tmp/more" >>"$new/points.tsv"
	cd "$tmp/linux"
	for kernel in . "$tmp/linux/arch/x86/boot/bzImage" linux@aaaaaa; do
		expect 1 "$tree/scripts/matrix/diff.sh" --kernels 6.1 "$kernel"
		told "^from 6.1 to linux@aaaaaa in $new$"
		told '^REGRESSION linux@aaaaaa: verdict: frame 7: was pass, is fail'
		told '^gone: linux@aaaaaa: lab.sh: 1 point$'
		told '^1 regressions, 0 changed otherwise, 0 new, 1 gone$'
	done
	expect 0 "$tree/scripts/matrix/diff.sh" --kernels linux@aaaaaa 6.1 "$new"
	expect 2 "$tree/scripts/matrix/diff.sh" --kernels 6.1 6.12
	said "6.12 is none of the kernels in $new: 6.1 linux@aaaaaa"
	expect 2 "$tree/scripts/matrix/diff.sh" --kernels 6.1 6.1
	said 'compared with itself'
	expect 2 "$tree/scripts/matrix/diff.sh" --kernels 6.1
	said 'takes two kernels'
}

ktap_case diff diff_nothing "diff: nothing changed"
ktap_case diff diff_regression "diff: a regression comes first"
ktap_case diff diff_new_and_gone "diff: new and gone are sums, and no regression"
ktap_case diff diff_lost "diff: a program or kernel that is lost"
ktap_case diff diff_unfinished "diff: unfinished runs"
ktap_case diff diff_kernels "diff: two kernels of one run"
