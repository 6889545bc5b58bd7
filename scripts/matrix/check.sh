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

single_tests() {
	check_tree
	expect 0 env TESTS="lab:two verdict lab.sh:one" "$tree/scripts/matrix/matrix.sh" --dry-run
	told '^tests lab.sh:two:one verdict$'
	expect 0 env TESTS="lab:two lab" "$tree/scripts/matrix/matrix.sh" --dry-run
	told '^tests lab.sh$'
	for wrong in lab:three verdict:one; do
		check_matrix 2 6.1 TESTS="$wrong"
		said "No such test: .*${wrong#*:}. There are:"
	done
	check_untouched
	check_kernel a 1
	check_matrix 0 a TESTS="lab:one"
	cut -f2 "$tmp/results/points.tsv" >"$tmp/out"
	told '^lab.sh$'
	never grep . "$CACHE/durations"
	expect 0 "$home/selftests/run.sh" experiment_judge.sh:both_wrong:differs
	told '^2 passed, 0 failed, 0 skipped$'
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
	said 'there is no directory or file a/biuld'
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

# Refused before anything is fetched, or run.
not_built() {
	check_tree
	mkdir -p "$tmp"/{linux/arch/x86,build,modules/arch/x86/boot}
	touch "$tmp/linux/Kbuild" "$tmp/build/.config" "$tmp/file"
	for kernel in linux build; do
		check_matrix 2 "$kernel"
		said "^$tmp/$kernel: not built: it has no arch/x86/boot/bzImage"
	done
	check_image "$tmp/modules/arch/x86/boot/bzImage" "6.9.0 (at@home) #1 SMP"
	echo CONFIG_VETH=m >"$tmp/modules/.config"
	check_matrix 2 modules
	said 'its modules are not built'
	check_matrix 2 file
	said "$tmp/file is no bzImage"
	check_untouched
}

# With modules beside it, and without any. A tree's own is the tree.
one_file() {
	check_tree
	check_kernel a 1
	mkdir "$tmp/a/boot"
	mv "$tmp/a/vmlinuz" "$tmp/a/boot/bzImage"
	check_matrix 0 a/boot/bzImage
	check_has bzImage@ "#1 SMP"
	mkdir -p "$tmp/linux/arch/x86/boot"
	cp "$tmp/a/boot/bzImage" "$tmp/linux/arch/x86/boot/bzImage"
	check_matrix 0 linux/arch/x86/boot/bzImage
	check_has linux@ "#1 SMP"
	check_matrix 2 "linux linux/arch/x86/boot/bzImage"
	said "the same kernel twice: $tmp/linux$"
}

# The configuration is beside the kernel, or in it; if it is neither there nor here, nothing is
# said. Tests that are named run all the same.
lacking() {
	check_tree
	for kernel in a b c; do
		check_kernel $kernel 1
	done
	check_config "$tmp/a/config"
	check_config "$tmp/b/config" CONFIG_NET
	check_config "$tmp/config" CONFIG_TTY
	{ printf IKCFG_ST && gzip -c "$tmp/config" && printf IKCFG_ED; } >>"$tmp/c/vmlinuz"
	check_matrix 1 "a b c" TESTS=
	told '^  LACKS   b@......: CONFIG_NET=y$'
	told '^  LACKS   c@......: CONFIG_TTY=y$'
	told '^FAIL b@......: kernel: boot$'
	told '^     its configuration lacks CONFIG_NET=y$'
	check_has a@ "#1 SMP"
	never grep -P '^[bc]@.*\tverdict\t' "$tmp/results/points.tsv"
	echo CONFIG_VETH=m >>"$tree/selftests/config"
	echo CONFIG_VETH=m >>"$tmp/b/config"
	check_matrix 0 b
	told '^  LACKS   b@......: CONFIG_NET=y CONFIG_VETH=m; there are no modules beside it$'
	check_has b@ "#1 SMP"
}

# A failure comes with the command for this very test on this kernel.
reproduced() {
	check_tree
	check_kernel a 1
	check_cached 6.1 "linux-image-6.1.0-1-amd64 6.1.1-1"
	check_matrix 1 "6.1 a" TESTS="verdict lab" BEHAVE=fail
	told "^     make matrix KERNELS=6.1 TESTS=lab.sh:one$"
	told "^     make matrix KERNELS=$tmp/a TESTS=verdict:one$"
	told '^     it is wrong$'
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
	# Others of its modules are wanted now.
	check_cached 6.1 "linux-image-6.1.0-1-amd64 6.1.1-1"
	echo veth >"$CACHE/kernels/6.1/modules"
	check_matrix 2 6.1
	told 'FAILED *6.1: not available'
}

another_ran() {
	check_tree
	check_kernel a 1
	check_kernel b 2
	check_matrix 1 a RUNS="$tmp/b/vmlinuz"
	told '^FAIL a@.*kernel: identity'
	told 'another kernel ran: 6.9.0 #2 SMP today; it was to be: 6.9.0 #1 SMP today'
}

# What is listed is to be skipped, but for other kernels.
expected_skips() {
	check_tree
	check_kernel a 1
	check_kernel b "2 PREEMPT_RT"
	echo "not rt | verdict | ^on 6 | no reason" >"$tmp/expected"
	check_matrix 1 "a b" EXPECTED="$tmp/expected" BEHAVE=skip
	told '^FAIL b@......: verdict: on 6.9.0'
	never grep '^FAIL a@' "$tmp/out"
	check_matrix 1 "a b" EXPECTED="$tmp/expected"
	told '^FAIL a@......: verdict: on 6.9.0'
	never grep '^FAIL b@' "$tmp/out"
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

# What had ended is judged, and the results are no finished run's.
interrupted() {
	local run status=0

	check_tree
	check_kernel a 1
	check_kernel b 1
	check_matrix 0 a
	[ -s "$tmp/results/results.json" ] || fail "a finished run has no results.json"
	KERNELS="$tmp/a $tmp/b" TESTS="verdict lab" MATRIX_JOBS=1 RESULTS=$tmp/results HELD=$tmp/held \
		"$tree/scripts/matrix/matrix.sh" >"$tmp/out" 2>&1 &
	run=$!
	poll 20 test -e "$tmp/held.up" || fail "no guest ran"
	kill "$run"
	wait "$run" || status=$?
	[ "$status" = 130 ] || fail "exit status $status"
	told '^1 passed, 0 failed, 0 skipped on 2 kernels; interrupted$'
	check_has a@ "#1 SMP"
	has_line "$tmp/results/results.md" '^1 passed, .*; interrupted'
	[ ! -e "$tmp/results/results.json" ] || fail "it looks like a finished run"
	never compgen -G "$CACHE/run.*"
}

# A line for each guest is drawn over itself; failures stay.
redrawn() {
	check_tree
	check_kernel a 1
	never check_terminal 24 60 TESTS="verdict lab" BEHAVE=fail
	tr -d '\r' <"$tmp/out" >"$tmp/plain"
	has_line "$tmp/plain" $'^(\e\\[1A\e\\[J)?  FAIL    a@......: verdict: on 6.9.0 .*: it is wrong$'
	has_line "$tmp/plain" $'^\e\\[1A\e\\[J  \\[ 0:0[0-9], .* to go\\] a@...... 1/2, 1 failed: lab.sh$'
	has_line "$tmp/plain" 'a@...... 0/2: booting$'
	has_line "$tmp/plain" 'a@...... ended after'
	count $'^\e\\[1A\e\\[J  \\[.{58,}' "$tmp/plain"
	[ "$count" = 0 ] || fail "a line is longer than the terminal"
	has_line "$tmp/plain" '^1 passed, 2 failed'
}

guest_shell() {
	check_tree
	check_kernel a 1
	check_matrix 2 a GUEST=shell
	said 'needs a terminal'
	check_matrix 2 "a 6.1" GUEST=shell
	said 'name the one kernel in KERNELS'
	check_matrix 2 a GUEST=bash
	said 'there is only GUEST=shell'
	check_untouched
	check_terminal 30 90 GUEST=shell
	told 'a shell: .* matrix.shell=30:90:vt100'
	[ ! -e "$tmp/results" ] || fail "there are results"
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
	expect 0 "${plan[@]:0:1}" -v slow="6 7" -v slower=4 "${plan[@]:1}"
	[ "$(cat "$tmp/left/"[56])" = $'210 0 0\n840 0 0' ]
	rm "$tmp/left/5"
	echo 210 120 60 >"$tmp/left/6"
	expect 0 "${plan[@]:0:1}" -v begun="5 6" "${plan[@]:1}"
	[ "$(<"$tmp/out")" = $'7 7 a c\n7~2 7 b' ]
}

# Another machine's guest has more time, unless a limit is given.
limits() {
	check_tree
	check_cached 6.1 any
	cp "$home/scripts/matrix/check-qemu.sh" "$tree/bin/qemu-system-s390x"
	mkdir "$tmp/left"
	for of in "amd64 300 1200" "s390x 1200 4800" "s390x 1200 70 KERNEL_TIMEOUT=70" "s390x 30 4800 TEST_TIMEOUT=30"; do
		read -ra of <<<"$of"
		echo "1000 0 0" >"$tmp/left/a"
		expect 0 env -u TEST_TIMEOUT -u KERNEL_TIMEOUT GUEST_ARCH="${of[0]}" "${of[@]:3}" TESTS=verdict MATRIX_JOBS=1 \
			LEFT="$tmp/left" DURATIONS=/dev/null "$tree/scripts/matrix/boot.sh" a "$CACHE/kernels/6.1" /dev/null "$tmp/into"
		has_line "$tmp/into/boot" "^limit ${of[2]}$"
		has_line "$tmp/into/ktap" "^matrix [0-9a-f]+ limit ${of[1]}$"
	done
}

ktap_case names unknown_test "a test that is not there: nothing is built"
ktap_case names short_names "tests without .sh, and twice"
ktap_case names single_tests "single tests of a program"
ktap_case names same_twice "the same kernel twice"
ktap_case names wrong_words "no such kernel; nothing planted in vain"
ktap_case names not_built "a tree that is not built, a file that is no kernel"
ktap_case kernels one_file "a kernel in a file"
ktap_case kernels lacking "a configuration that lacks something"
ktap_case kernels one_name "two directories of one name"
ktap_case kernels like_debians "a directory that is called like one of Debian's"
ktap_case kernels wrong_cache "another kernel in the cache"
ktap_case kernels another_ran "another kernel ran"
ktap_case kernels expected_skips "skips that are expected on some kernels"
ktap_case kernels not_judged "a report that cannot be judged"
ktap_case kernels not_one_kernel "kernel and modules that do not match, two kernels"
ktap_case kernels replaced "another run replaces what is cached"
ktap_case guests limits "the time that a guest and a program have"
ktap_case guests reproduced "a failure's command"
ktap_case guests interrupted "an interrupted run"
ktap_case guests redrawn "a line for each guest on a terminal"
ktap_case guests guest_shell "a shell in a guest"
ktap_case kernels shared_kernel "a kernel that several guests share"
for check_part in fetch diff bisect; do
	# shellcheck source-path=SCRIPTDIR source=/dev/null
	. "$home/scripts/matrix/check/$check_part.sh"
done
ktap_run "$@"
