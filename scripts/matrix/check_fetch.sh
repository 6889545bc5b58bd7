# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2154 # check_lib.sh and ktap.sh have these variables
#
# Tests of what is fetched. To be sourced by check.sh.

apt_writes() {
	check_tree
	command -v apt-config >/dev/null || skip "there is no apt here"
	cp "$home/scripts/matrix/apt.sh" "$tree/scripts/matrix/apt.sh"
	check_program bin/apt-get <<<:
	mkdir "$CACHE/apt"
	echo another >"$CACHE/apt/apt.conf"
	exec 9>"$CACHE/apt/lock"
	flock 9
	"$tree/scripts/matrix/apt.sh" true 9>&- &
	sleep 0.5
	[ "$(<"$CACHE/apt/apt.conf")" = another ]
	exec 9>&-
	wait $!
	grep -q 'Dir::State' "$CACHE/apt/apt.conf"
	[ -e "$CACHE/apt/updated" ]
}

ktap_case fetch apt_writes "apt.sh waits for its lock before it writes"
