#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# In a chroot whose root is an ordinary directory, not a mount, the lab, the tests and
# drop-where work and stay in it; what they mount is not seen outside. Where something
# is missing in it, one sentence says what.

# shellcheck disable=SC2016 # expanded by the shells that are given it
set -eu

. "$(dirname "$0")/lib/ktap.sh"
need_privileges
need mount chroot setpriv nft ip

here=$(dirname "$(realpath "$0")")

# For a shell with mounts of its own: all of this machine in the directory $root, but
# an empty /run. Mounts are shared, as they are on most machines.
make_root='
	set -eu
	mount --make-rshared /
	mkdir "$root/run"
	for dir in /*; do
		if [ -L "$dir" ]; then
			cp -d "$dir" "$root/"
		elif [ -d "$dir" ] && [ "$dir" != /run ]; then
			mkdir "$root$dir"
			mount --rbind "$dir" "$root$dir"
		fi
	done
	mount -t tmpfs tmpfs "$root/run"
	: >"$root/run/in_chroot"'

# Run the commands $1 in a chroot. Others, $2, are run before that, others, $3, after it.
in_chroot() {
	local path root

	locate tool
	root=$(mktemp -d "$tmp/root.XXX")
	root=$root commands="cd ${here@Q}; $1" "$path" stage private bash -c "$make_root
		${2-:}
		chroot \"\$root\" bash -euc \"\$commands\"
		${3-:}" >"$tmp/out" 2>"$tmp/err"
}

passes_in_chroot() {
	in_chroot "$@" || fail "exit status $?:"$'\n'"$(cat "$tmp/out" "$tmp/err")"
}

ktap_case lab lab_in_chroot "a lab: up, traffic, down; entering it stays in the chroot"
lab_in_chroot() {
	passes_in_chroot './experiment/lab.sh <<<"ls /run/in_chroot && nft list tables && unshare --mount true && pwd"'
	told '^/run/in_chroot$'
	told '^table ip nat$'
	told "^$here\$"
	passes_in_chroot './lab_traffic.sh xdp_world'
}

ktap_case lab hidden "a lab's bpffs is not seen outside of it"
# Nor its root: other mounts, of network namespaces, come and go with others' tests.
hidden() {
	passes_in_chroot './experiment/lab.sh up; ./experiment/lab.sh down' \
		'seen() { grep -e " - bpf " -e " $root " /proc/self/mountinfo || :; }; before=$(seen)' \
		'[ "$before" = "$(seen)" ]'
}

ktap_case tests tests "a test of the command line, and one with mounts of its own"
tests() {
	passes_in_chroot './cli.sh test_globs && ./cli_pin.sh test_no_bpffs'
	count '^# Totals: pass:1 '
	[ "$count" = 2 ] || fail "$(<"$tmp/out")"
}

ktap_case tests where_in_chroot "drop-where"
where_in_chroot() {
	passes_in_chroot './where.sh native && ./where_life.sh signals'
	count '^# Totals: pass:1 '
	[ "$count" = 2 ] || fail "$(<"$tmp/out")"
}

# $1 is missing after the commands $2: programs say so, and so does the lab.
chroot_lacks() {
	passes_in_chroot "$(printf '%s\n' \
		'for program in cli.sh lab_test.sh experiment_test.sh; do' \
		"${3-} ./\$program || [ \$? = 4 ]; done" \
		"${3-} ./experiment/lab.sh up && exit 9; [ \$? = 4 ]")" "$2"
	count "^1\.\.0 # SKIP needs $1"
	[ "$count" = 3 ] || fail "not 3 programs need $1: $(cat "$tmp/out" "$tmp/err")"
	said "^lab.sh: needs $1.*\.$"
}

ktap_case lacking chroot_lacking "without /proc, /sys or a capability: a SKIP, and exit status 4"
chroot_lacking() {
	chroot_lacks "/proc: " 'umount -l "$root/proc"'
	chroot_lacks "/sys/fs/bpf: " 'umount -l "$root/sys"'
	chroot_lacks "CAP_" : "setpriv --bounding-set -sys_admin --inh-caps -sys_admin"
}

ktap_case lacking verdict_unprivileged "verdict, as root but without capabilities, as in a container"
verdict_unprivileged() {
	expect 4 setpriv --bounding-set=-all --inh-caps=-all "$(built verdict)"
	told '# SKIP needs root with CAP_NET_ADMIN and CAP_BPF$'
}

ktap_run "$@"
