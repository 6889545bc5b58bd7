#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# build.sh SOURCE...: build with each kernel source by each of $CLANGS, in
# a copy of this checkout, then load every object into this kernel and run all
# frames through it. A source that is refused has to be refused in words. KTAP.
#
#   CLANGS   default: those of clang-14, clang-16 and clang-19 that there are
set -eu
export LC_ALL=C

cd "$(dirname "$0")/../.."
[ $# != 0 ] || { echo "usage: build.sh SOURCE..." >&2; exit 2; }
if [ -z "${CLANGS-}" ]; then
	CLANGS=$(for each in clang-14 clang-16 clang-19; do
		! command -v $each >/dev/null || echo $each
	done | paste -sd' ')
fi
read -ra clangs <<<"$CLANGS"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
number=0 failed=0

build_result() {
	number=$((number + 1))
	[[ $1 = ok ]] || { failed=1 && tail -n 20 "$tmp/log" | sed 's/^/# /'; }
	echo "$1 $number $2"
}

# The first builds all, those after it with the same source only what depends on clang.
build_try() {
	local source=$1 clang=$2 tree=$tmp/tree

	if ! KDIR=$source scripts/kernel-source.sh --find >/dev/null 2>"$tmp/log"; then
		if grep -q 'not a usable kernel source: .' "$tmp/log"; then
			build_result ok "$source, $clang # SKIP refused: $(sed 's/.*source: //' "$tmp/log")"
		else
			build_result "not ok" "$source, $clang: refused without a word"
		fi
		return
	fi
	if make -C "$tree" KDIR="$source" CLANG="$clang" BOOTSTRAP=no >"$tmp/log" 2>&1 &&
		make -C "$tree/selftests" KDIR="$source" all >>"$tmp/log" 2>&1 &&
		(cd "$tree/selftests" && ./verdict ../samples/bpf >"$tmp/log" 2>&1); then
		build_result ok "$source, $clang: $(sed -n 's/^# Totals: pass:\([0-9]*\).*/\1/p' "$tmp/log") frames"
	else
		build_result "not ok" "$source, $clang"
	fi
}

mkdir "$tmp/tree"
git -c safe.directory='*' ls-files -co --exclude-standard -z | xargs -0 cp --parents -t "$tmp/tree"
echo "TAP version 13"
echo "1..$(($# * ${#clangs[@]}))"
for source; do
	for clang in "${clangs[@]}"; do
		build_try "$(realpath "$source")" "$clang"
	done
done
exit $failed
