#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# check.sh [TEST|GROUP...]: tests of matrix.sh, diff.sh and bisect.sh, which take seconds
# and no guest: in place of QEMU is check-qemu.sh, which reports what the kernel's image
# says of itself. check-guests.sh has the tests that need a real guest.
set -eu

home=$(cd "${0%/*}/../.." && pwd -P)
# shellcheck source=check_lib.sh
. "$home/scripts/matrix/check_lib.sh"
# shellcheck source=check_fetch.sh
. "$home/scripts/matrix/check_fetch.sh"

unknown_test() {
	check_tree
	expect 2 make -s -C "$tree" matrix TESTS="verdict lab_trafic"
	said 'No such test: lab_trafic\. There are:'
	said '^  verdict lab.sh$'
	check_untouched
	check_matrix 2 6.1 TESTS="verdct"
	said 'No such test: verdct'
	check_untouched
}

short_names() {
	check_tree
	expect 0 env TESTS=$'lab verdict\nlab.sh' "$tree/scripts/matrix/matrix.sh" --dry-run
	told '^tests lab.sh verdict$'
	expect 0 env TESTS=kselftest "$tree/scripts/matrix/matrix.sh" --dry-run
	told '^tests kselftest$'
	expect 2 env TESTS="kselftest verdict" "$tree/scripts/matrix/matrix.sh" --dry-run
	# What the list is made from has names that are there, in the real collection.
	expect 0 "$home/scripts/matrix/tests.sh" verdict lab_traffic
	told '^lab_traffic.sh$'
	expect 0 make -s -C "$home/selftests" list KDIR=/nowhere
	while read -r name; do
		[ -e "$home/selftests/$name" ] || [ -e "$home/selftests/$name.c" ] || fail "there is no $name"
	done <"$tmp/out"
}

same_twice() {
	check_tree
	check_kernel a/build 1
	ln -s a/build "$tmp/link"
	for second in a/build a/build/ ./a/../a/build "$tmp/a/build" link; do
		check_matrix 2 "a/build $second"
		said "the same kernel twice: $tmp/a/build$"
	done
	check_matrix 2 "6.1 6.1"
	said "the same kernel twice: 6.1$"
	check_untouched
	check_cached 6.1 "linux-image-6.1.0-1-amd64 6.1.1-1"
	check_cached linux-image-6.1.0-1-amd64 "linux-image-6.1.0-1-amd64 6.1.1-1"
	check_matrix 2 "6.1 linux-image-6.1.0-1-amd64" HELD="$tmp/held"
	said "6.1 and linux-image-6.1.0-1-amd64 are both linux-image-6.1.0-1-amd64 6.1.1-1"
	[ ! -e "$tmp/held.up" ] || fail "a guest ran"
}

wrong_words() {
	check_tree
	check_kernel a/build 1
	check_matrix 2 "a/biuld 6.1"
	said 'there is no directory a/biuld'
	check_matrix 2 "6.1*"
	said '6.1\* is neither a version nor a package'
	check_matrix 2 " "
	said 'KERNELS has no kernel in it'
	check_matrix 2 a/build PLANT=6.1=panic
	said 'PLANT: 6.1 is not among KERNELS'
	check_matrix 2 a/build PLANT=a/build=pnic
	said 'PLANT: pnic is no harm'
	check_untouched
}

one_name() {
	check_tree
	check_kernel a/build 1
	check_kernel b/build 2
	check_matrix 0 $'a/build\nb/build' MATRIX_JOBS=1
	told "^build@[0-9a-f]{6} 6.9.0 \($tmp/a/build\)"
	told "^build@[0-9a-f]{6} 6.9.0 \($tmp/b/build\)"
	while read -r name _ origin _; do
		case $origin in
		*/a/build) check_has "$name" "#1 SMP" ;;
		*/b/build) check_has "$name" "#2 SMP" ;;
		esac
	done <"$tmp/results/kernels.tsv"
	[ "$(cut -f1 "$tmp/results/kernels.tsv" | sort -u | wc -l)" = 2 ] || fail "two kernels of one name"
	jq -e '[.kernels[] | .version] == ["#1 SMP today", "#2 SMP today"]' "$tmp/results/results.json"
}

like_debians() {
	check_tree
	check_cached 6.1 "linux-image-6.1.0-1-amd64 6.1.1-1"
	check_kernel 6.1 1
	check_matrix 0 "6.1 ./6.1"
	check_has 6.1 "#Debian SMP"
	check_has 6.1@ "#1 SMP"
	check_matrix 0 "6.1"
	check_has 6.1 "#Debian SMP"
}

wrong_cache() {
	check_tree
	for origin in "$tmp/6.1" "linux-image-6.10.3-amd64 6.10.3-1"; do
		check_cached 6.1 "$origin"
		check_matrix 2 6.1
		told 'FAILED *6.1: not available'
	done
	check_cached linux-image-6.1.0-1-amd64 "linux-image-6.1.0-2-amd64 6.1.2-1"
	check_matrix 2 linux-image-6.1.0-1-amd64
	told 'not available'
}

another_ran() {
	check_tree
	check_kernel a 1
	check_kernel b 2
	check_matrix 1 a RUNS="$tmp/b/vmlinuz"
	told '^FAIL a@.*kernel: identity'
	told 'another kernel ran: 6.9.0 #2 SMP today; it was to be: 6.9.0 #1 SMP today'
}

not_judged() {
	check_tree
	check_kernel a 1
	check_matrix 1 a BEHAVE=mute
	told 'ran, but its report could not be judged'
}

not_one_kernel() {
	check_tree
	check_kernel a 1
	mv "$tmp/a/lib/modules/6.9.0" "$tmp/a/lib/modules/6.9.1"
	check_matrix 2 a
	said 'is Linux 6.9.0, of which there is no lib/modules/6.9.0'
	check_kernel a 1
	ln -s vmlinuz "$tmp/a/vmlinuz.link"
	check_matrix 0 a
	check_image "$tmp/a/vmlinuz.old" "6.9.1 (at@home) #1 SMP"
	check_matrix 2 a
	said "has more than one kernel: $tmp/a/vmlinuz $tmp/a/vmlinuz.old"
}

# While this run waits in its first guest, its second kernel is replaced in the cache.
replaced() {
	local run

	check_tree
	check_kernel a 1
	check_cached 6.1 "linux-image-6.1.0-1-amd64 6.1.1-1"
	(check_matrix 0 "a 6.1" MATRIX_JOBS=1 HELD="$tmp/held") &
	run=$!
	poll 20 test -e "$tmp/held.up" || fail "no guest ran"
	rm -r "$CACHE/kernels/6.1"
	: >"$tmp/held"
	wait "$run"
	check_has 6.1 "#Debian SMP"
}

interrupted() {
	local run

	check_tree
	check_kernel a 1
	check_matrix 0 a
	[ -s "$tmp/results/results.json" ] || fail "a finished run has no results.json"
	KERNELS=$tmp/a TESTS=verdict RESULTS=$tmp/results HELD=$tmp/held \
		"$tree/scripts/matrix/matrix.sh" >"$tmp/log" 2>&1 &
	run=$!
	poll 20 test -e "$tmp/held.up" || fail "no guest ran"
	kill "$run"
	never wait "$run"
	never compgen -G "$tmp/results/results.*"
	never compgen -G "$CACHE/run.*"
}

# 7 is the one kernel that is left of three for two guests at a time. When it begins,
# guest 6 still has 90 ms to do, and 5 has ended.
shared_kernel() {
	local plan

	plan=(awk -v kernels="5 6 7" -v tests="c a b" -v whole="5 6 7" -v jobs=2 -v left="$tmp/left"
		-f "$home/scripts/matrix/plan.awk" "$tmp/durations")
	printf '%s\n' "a 100" "b 70" "c 40" >"$tmp/durations"
	mkdir "$tmp/left"
	expect 0 "${plan[@]}"
	[ "$(<"$tmp/out")" = $'5 5 a b c\n6 6 a b c\n7 7 a\n7~2 7 b c' ]
	[ "$(<"$tmp/left/7~2")" = "110 0 0" ]
	rm "$tmp/left/5"
	echo 210 120 60 >"$tmp/left/6"
	expect 0 "${plan[@]:0:1}" -v begun="5 6" "${plan[@]:1}"
	[ "$(<"$tmp/out")" = $'7 7 a c\n7~2 7 b' ]
}

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

# check_bisect STATUS [TEST...]: in a tree whose build leaves the kernel $tmp/image.
check_bisect() {
	local status=$1

	check_tree
	mkdir -p "$tmp/linux/arch/x86"
	touch "$tmp/linux/Kbuild"
	check_image "$tmp/image" "6.9.0 (at@home) #1 SMP"
	cat >"$tmp/linux/Makefile" <<-'END'
		allnoconfig:; @touch $(O)/.config ../built
		bzImage:; @mkdir -p $(O)/arch/x86/boot $(O)/include/config && \
			cp ../image $(O)/arch/x86/boot/bzImage && echo 6.9.0 >$(O)/include/config/kernel.release
	END
	cd "$tmp/linux"
	shift
	expect "$status" "$tree/scripts/matrix/bisect.sh" "$@"
}

bisect_words() {
	check_bisect 255 lab_trafic.sh
	said 'No such test: lab_trafic.sh. There are:'
	check_bisect 255 --fast
	check_bisect 255 kselftest
	check_bisect 0 --help
	told '^  255 '
	[ ! -e "$tmp/built" ] || fail "something was built before"
}

bisect_verdicts() {
	check_bisect 0 lab verdict
	told 'GOOD *lab.sh verdict$'
	BEHAVE=fail check_bisect 1 verdict
	told 'BAD *verdict$'
	BEHAVE=silent check_bisect 125 verdict
	BEHAVE=skip check_bisect 125 verdict
	mkdir -p "$tmp/empty/arch/x86"
	touch "$tmp/empty/Kbuild"
	cd "$tmp/empty"
	expect 125 "$tree/scripts/matrix/bisect.sh" verdict
	told 'SKIP *it does not build'
}

bisect_could_not() {
	BEHAVE=127 check_bisect 255 verdict
	said 'verdict ended with exit status 127 in the guest'
	check_image "$tmp/other" "6.9.0 (at@home) #2 SMP"
	RUNS=$tmp/other check_bisect 255 verdict
	said 'another kernel ran'
	expect 255 env CACHE="$tmp/image/none" "$tree/scripts/matrix/bisect.sh" verdict
	said 'this failed: mkdir'
	printf 'allnoconfig:; @no-such-program\n' >Makefile
	expect 255 "$tree/scripts/matrix/bisect.sh" verdict
	said 'a program that the build needs is not there: .*no-such-program'
}

ktap_case names unknown_test "a test that is not there: nothing is built"
ktap_case names short_names "tests without .sh, and twice"
ktap_case names same_twice "the same kernel twice"
ktap_case names wrong_words "no such kernel; nothing planted in vain"
ktap_case kernels one_name "two directories of one name"
ktap_case kernels like_debians "a directory that is called like one of Debian's"
ktap_case kernels wrong_cache "another kernel in the cache"
ktap_case kernels another_ran "another kernel ran"
ktap_case kernels not_judged "a report that cannot be judged"
ktap_case kernels not_one_kernel "kernel and modules that do not match, two kernels"
ktap_case kernels replaced "another run replaces what is cached"
ktap_case kernels interrupted "an interrupted run leaves no results"
ktap_case kernels shared_kernel "a kernel that several guests share"
ktap_case diff diff_nothing "diff: nothing changed"
ktap_case diff diff_regression "diff: a regression comes first"
ktap_case diff diff_new_and_gone "diff: new and gone are sums, and no regression"
ktap_case diff diff_lost "diff: a program or kernel that is lost"
ktap_case diff diff_unfinished "diff: unfinished runs"
ktap_case bisect bisect_words "bisect: wrong words, and --help"
ktap_case bisect bisect_verdicts "bisect: good, bad, cannot tell"
ktap_case bisect bisect_could_not "bisect: what says nothing of the kernel"
ktap_run "$@"
