# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2154,SC2164 # ktap.sh and check_lib.sh have these variables; set -e
#
# The tests of bisect.sh. To be sourced by check.sh.

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

ktap_case bisect bisect_words "bisect: wrong words, and --help"
ktap_case bisect bisect_verdicts "bisect: good, bad, cannot tell"
ktap_case bisect bisect_could_not "bisect: what says nothing of the kernel"
