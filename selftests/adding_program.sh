#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Documentation/adding-a-program.rst, done as it says, in a copy of the tree: its files
# are written, its rows added, its commands typed into a lab.
set -eu

. "$(dirname "$0")/lib/lab_lib.sh"

top=$(cd "$(dirname "$0")/.." && pwd -P)
[ -e "$top/Kbuild" ] || skip "needs the source tree"
text=$top/Documentation/adding-a-program.rst
# The source that the tree is built with: anything else would build all of it again.
: "${KDIR:=$(awk 'NR == 1 { print $1 }' "$top/samples/bpf/build/tools.stamp")}"
export KDIR BOOTSTRAP=no

# insert FILE LINE: what is read goes below that line, which is there once.
insert() {
	local at

	at=$(grep -nF "$2" "$1")
	[ "$(wc -l <<<"$at")" = 1 ]
	sed -i "${at%%:*}r /dev/stdin" "$1"
}

# The tree's files and what is built of them, in a directory: what is as new as there need
# not be built again, if it stands at the same place. So the copy is mounted there.
copy_tree() {
	local list=(git -c safe.directory='*' -C "$top" ls-files -z)

	mkdir "$1"
	(
		cd "$top"
		{
			"${list[@]}" -co --exclude-standard
			"${list[@]}" -oi --exclude-standard -- samples selftests
		} | xargs -0 cp -a --parents -t "$1"
	)
	[ ! -d "$top/.kernel" ] || mkdir "$1/.kernel"
	git -C "$1" init -q
	git -C "$1" add .
	git -C "$1" -c user.name=test -c user.email=test@localhost -c commit.gpgSign=false \
		commit -qm "before the new program"
}

ktap_case tree steps_done "a new program by the text: built, tested, attached, seen and detached"
steps_done() {
	need git make ip curl
	or_skip "what make check needs is not there" "$top/scripts/bootstrap.sh" build test
	copy_tree "$tmp/tree"
	{
		printf '%s\n' 'set -eux' "cd ${top@Q}" "$(declare -f insert)"
		awk -v chapter=adding-a-program.rst -f "$(dirname "$0")/lib/document.awk" "$text"
	} >"$tmp/typed"
	# shellcheck disable=SC2016 # expanded by that shell
	lab_run host env -u MAKEFLAGS -u MAKELEVEL -u OUTPUT -u STREAM -u TESTS timeout 200 \
		"$tool" stage private bash -euc '
			[ ! -d "$1/.kernel" ] || mount --bind "$1/.kernel" "$2/.kernel"
			mount --rbind "$2" "$1"
			exec bash "$3"' bash "$top" "$tmp/tree" "$tmp/typed" >"$tmp/out" 2>&1 ||
		fail "$(tail -n 39 "$tmp/out")"
	cat "$tmp/out" # for reading a failure
	told '^Hello from '
	told '^veth0 +xdp-native +[0-9]+ xdp_drop_udp +[0-9a-f]{16} pinned at /sys/fs/bpf/'
	told '^veth0 +xdp-native +1( +[0-9]+){2}$'
	# Nothing else was written, and git does not see what was built.
	[ "$(grep -E '^( M|\?\?) ' "$tmp/out")" = " M selftests/frames/frames.c
 M selftests/frames/programs.h
?? bpf_progs/xdp_drop_udp_kern.c
?? user/xdp_drop_udp_user.c" ]
	# The collection has it, too.
	MAKEFLAGS='' make -C "$tmp/tree/selftests" -pn list >"$tmp/out"
	told '^TEST_FILES := .*/xdp-drop-udp .*/xdp_drop_udp_kern\.o'
}

ktap_run "$@"
