#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# bisect.sh [TEST...]: is the kernel in the current directory good? For
#
#     git bisect run /path/to/scripts/bisect.sh lab_traffic.sh
#
# It builds the smallest kernel that runs the collection, boots it as make matrix
# does, and runs the tests there (default: verdict lab_traffic.sh). It exits with
#
#   0     every test that this kernel can run has passed
#   1     a test failed, or the kernel died in one
#   125   cannot tell: it does not build, does not boot, or no test ran
#   255   nothing could be tried, and this ends the bisection: the words say why
#
# Only what changed since the last time is compiled: all objects are in $CACHE, and
# the tree stays as it is. See Documentation/matrix.rst.
set -eu
export LC_ALL=C

# git's word on which repository this is holds for the tree, not for ours.
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
home=$(cd "$(dirname "$0")/.." && pwd -P)
tree=$PWD
export CACHE=${CACHE:-$home/.cache/matrix}
out=$CACHE/bisect/$(basename "$tree")-$(echo "$tree" | md5sum | head -c 6)
[ $# != 0 ] || set -- verdict lab_traffic.sh

say() {
	printf '  %-7s %s\n' "$1" "$2"
}

give_up() {
	echo "bisect.sh: $*" >&2
	exit 255
}

skip() {
	say SKIP "$*"
	exit 125
}

build() {
	local cc=gcc

	! command -v ccache >/dev/null || cc="ccache gcc"
	make -s O="$out" CC="$cc" KCONFIG_ALLCONFIG="$out/wanted" allnoconfig >"$out/log" 2>&1 &&
		nice make -s -j"$(nproc)" O="$out" CC="$cc" bzImage >>"$out/log" 2>&1
}

# Of what is wanted, what this kernel has no such option for, or not for us.
lacks() {
	grep '=y$' "$out/wanted" | grep -vxFf "$out/.config" | sed 's/^CONFIG_//; s/=y//' | paste -sd' '
}

# Alarms on the console do not count as long as the tests go well: who looks for
# one thing is not helped by another. Nor do skips: this kernel is a small one.
verdict() {
	awk -F '\t' '
		$2 == "kernel" { if ($3 == "boot") unborn = 1; next }
		$4 == "pass" { passed++ }
		$4 == "fail" && $6 !~ /^(not expected to be skipped|expected to be skipped|to be skipped)/ { failed++ }
		END { exit unborn ? 125 : failed ? 1 : passed ? 0 : 125 }' "$out/results/points.tsv"
}

[[ -e Kbuild && -d arch/x86 ]] || give_up "$tree is no kernel tree"
[[ ! -e .config && ! -d include/config ]] ||
	give_up "something was built in this tree: make mrproper first"
[ -e "$home/selftests/verdict" ] || give_up "build the tests first: make -C $home KERNELS= matrix"
mkdir -p "$out"
sed 's/=m$/=y/' "$home/selftests/config" "$home/scripts/matrix/config" >"$out/wanted"
began=$EPOCHSECONDS
build || skip "it does not build: $(grep -m1 -i error "$out/log") (all of it is in $out/log)"
say BUILT "$(<"$out/include/config/kernel.release") in $((EPOCHSECONDS - began)) s"
lacking=$(lacks)
[ -z "$lacking" ] || say NOTE "without $lacking"
rm -rf "$out/results"
status=0
(cd "$home" && KDIR=$(KDIR='' scripts/kernel-source.sh) KERNELS=$out TESTS="$*" RESULTS=$out/results \
	scripts/matrix.sh) || status=$?
[ "$status" -le 1 ] || give_up "the matrix could not be run"
status=0
verdict || status=$?
case $status in
0) say GOOD "$*" ;;
1) say BAD "$*" ;;
*) skip "no test ran" ;;
esac
exit $status
