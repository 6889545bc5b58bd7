#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# bisect.sh [TEST...]: is the kernel in the current directory good? For
#
#     git bisect run /path/to/scripts/matrix/bisect.sh lab_traffic.sh
#
# It builds the smallest kernel that runs the collection, boots it as make matrix
# does, and runs the tests there (default: verdict lab_traffic.sh). It exits with
#
#   0     the tests passed, as far as this kernel can run them
#   1     a test failed, or the kernel crashed in one
#   125   cannot tell: it does not build, does not boot, or a test could not be run
#   255   it could not be tried at all; this ends the bisection, and a message says why
#
# Only what changed since the last time is compiled: all objects are in $CACHE, and
# the tree stays as it is. See Documentation/matrix.rst.
set -eEu
export LC_ALL=C

# git sets these for the kernel tree; they are wrong for our repository.
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
home=$(cd "$(dirname "$0")/../.." && pwd -P)
tree=$(pwd -P)
# shellcheck source=lib.sh
. "$home/scripts/matrix/lib.sh"
export CACHE=${CACHE:-$home/.cache/matrix}
[[ $CACHE = /* ]] || CACHE=$PWD/$CACHE
out=$CACHE/bisect/$(basename "$tree")-$(echo "$tree" | md5sum | head -c 6)

give_up() {
	echo "bisect.sh: $*" >&2
	exit 255
}

# Otherwise git would blame the kernel for a command that fails here.
trap 'give_up "line $LINENO: this failed: $BASH_COMMAND"' ERR

cannot_tell() {
	matrix_say SKIP "$*"
	exit 125
}

build_kernel() {
	local cc=gcc

	! command -v ccache >/dev/null || cc="ccache gcc"
	make -s O="$out" CC="$cc" KCONFIG_ALLCONFIG="$out/wanted" allnoconfig >"$out/log" 2>&1 &&
		nice make -s -j"$(nproc)" O="$out" CC="$cc" bzImage >>"$out/log" 2>&1
}

# Warnings on the console do not count as long as the tests pass: another bug than the
# one that is searched must not end the search. Nor do skips: this kernel is small. But if
# no point of a test passed or failed, this kernel cannot be judged; and if the guest
# could not run a test (126, 127), no kernel could.
verdict_of() {
	awk -F '\t' -v tests="$*" '
		$2 == "kernel" {
			if ($3 == "boot")
				unborn = 1
			else if ($3 == "identity")
				broken = $6
			next
		}
		$6 ~ /^ended with exit status 12[67]$/ { broken = $2 " " $6 " in the guest: it could not be run"; next }
		$6 ~ /^lost: it did not start/ { next } # what ended the guest before has failed
		$4 == "pass" { passed[$2] = 1 }
		$4 == "fail" && $6 !~ /^(not expected to be skipped|expected to be skipped|to be skipped)/ { failed = 1 }
		END {
			if (unborn)
				exit 125
			if (broken) {
				print broken
				exit 255
			}
			if (failed)
				exit 1
			n = split(tests, name, " ")
			for (i = 1; i <= n; i++)
				if (!(name[i] in passed))
					exit 125
		}' "$out/results/points.tsv"
}

case ${1-} in
-h | --help)
	matrix_help
	exit
	;;
-*) give_up "there is no option $1; --help tells how to use it" ;;
kselftest) give_up "kselftest does not tell what failed from what could not be run: name test programs" ;;
esac
[ $# != 0 ] || set -- verdict lab_traffic.sh
tests=$("$home/scripts/matrix/tests.sh" "$@") || give_up "there must be such tests, or innocent commits would be blamed"
tests=${tests//$'\n'/ }
[[ -e Kbuild && -d arch/x86 ]] || give_up "$tree is no kernel tree"
[[ ! -e .config && ! -d include/config ]] ||
	give_up "something was built in this tree: make mrproper first"
[ -e "$home/selftests/verdict" ] || give_up "build the tests first: make -C $home bootstrap set-up"
mkdir -p "$out"
sed 's/=m$/=y/' "$home/selftests/config" "$home/scripts/matrix/config" >"$out/wanted"
began=$EPOCHSECONDS
if ! build_kernel; then
	! grep -q ' Error 127$' "$out/log" ||
		give_up "a program that the build needs is not there: $(grep -m1 -B1 ' Error 127$' "$out/log" | paste -sd' ')"
	cannot_tell "it does not build: $(grep -m1 -i error "$out/log") (all of it is in $out/log)"
fi
matrix_say BUILT "$(<"$out/include/config/kernel.release") in $((EPOCHSECONDS - began)) s"
rm -rf "$out/results"
status=0
(cd "$home" && KDIR=$(KDIR='' scripts/kernel-source.sh) KERNELS=$out TESTS=$tests RESULTS=$out/results \
	scripts/matrix/matrix.sh) || status=$?
[[ $status -le 1 && -s $out/results/results.json ]] || give_up "the matrix could not be run"
status=0
why=$(verdict_of "$tests") || status=$?
case $status in
0) matrix_say GOOD "$tests" ;;
1) matrix_say BAD "$tests" ;;
125) cannot_tell "it does not boot, or a test could not be run on it" ;;
*) give_up "${why:-the results cannot be read}" ;;
esac
exit $status
