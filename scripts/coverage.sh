#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# coverage.sh [PROGRAM[:TEST...]...]: build the programs and the native tests once more, for
# gcov, run these tests with them, or all, and show which lines and branches of bpf_progs/ and
# user/ they reach, and the lines where something is missing. FAULTS=all: with whole campaigns
# of faults.
#
# Each way out of a condition is a branch; it counts when it was taken once. What a killed
# process has counted is lost. Everything is in samples/bpf/build/coverage, also the source
# with its counts, as HTML: index.html.
set -eu
export LC_ALL=C
cd "$(dirname "$0")/.."

out=$PWD/samples/bpf/build/coverage
kernel=$(scripts/kernel-source.sh)
mapfile -t natives < <(make -s -C selftests list | grep '_native$')
# Those that build would build what is here.
[ $# != 0 ] || mapfile -t all < <(make -s -C selftests list | grep -vx 'make.sh\|install.sh\|adding_program.sh')

# Not optimized, and each function once: then the branches are those of the source.
flags="--coverage -fprofile-update=atomic -O0 -Dalways_inline=unused -D__always_inline__=__unused__"
make -j"$(nproc)" -f samples/bpf/Kbuild obj="$out" DROP_KDIR="$kernel" USERLDFLAGS=--coverage \
	USERCFLAGS="$flags -U_FORTIFY_SOURCE -ffile-prefix-map=$PWD/=$PWD/"
make -s -j"$(nproc)" -C selftests KDIR="$kernel" OUTPUT="$out" build="$out/build" LDFLAGS=--coverage \
	CFLAGS="$flags -fno-sanitize=all -w" \
	"${natives[@]/#/$out/}"

# A process that is killed while it writes its counts ruins those of before: each test has
# files of its own. Programs may run as another user, or without these variables.
slashes=${out//[!\/]/}
export GCOV_PREFIX_STRIP=${#slashes} GCOV_ERROR_FILE=/dev/null OUTPUT=$out
rm -rf "$out/tests"
find "$out" -name '*.gcda' -delete
(cd "$out" && find . -name '*.gcno') >"$out/gcno"
place() {
	mkdir -p "$1"
	[ "$1" = "$out" ] || (cd "$out" && xargs cp -l --parents -t "$1" <gcno)
	(cd "$1" && umask 0 && sed 's/no$/da/' "$out/gcno" | xargs touch)
}
place "$out"
for test in "${@:-${all[@]}}"; do
	GCOV_PREFIX=$out/tests/$test
	export GCOV_PREFIX
	place "$GCOV_PREFIX"
	TIMEOUT=${TIMEOUT:-1200} selftests/run.sh "$test" | tee "$GCOV_PREFIX/results" |
		sed -n "s/^not ok/$test: &/p; s/^[0-9].* passed/$test: &/p" || :
done
find "$out" -name '*.gcda' -empty -delete

report() {
	gcovr --root . --add-tracefile "$out/coverage.json" "$@"
}

# gcov is to find sources by the names that their compilation had.
gcovr --root . --filter bpf_progs/ --filter user/ --object-directory selftests --json "$out/coverage.json" "$out"
report --html-details "$out/index.html"
report --txt
report --txt --branches

# goal FILTER OPTION...: gcovr puts a file of its own in the place of what --output names.
goal() {
	report --filter "$1" --output "$out/goal.txt" --print-summary "${@:2}" || :
}
echo "bpf_progs/*.h, natively; the goal is 100 % of the branches:"
goal 'bpf_progs/.*\.h' --fail-under-branch 100
echo "user/; the goal is 90 % of both:"
goal user/ --fail-under-line 90 --fail-under-branch 90
