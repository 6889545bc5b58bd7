#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# show.sh: show the progress that the guests' boot.sh tell on standard input, in lines of
#
#   KIND  NAME  LEFT  STATE  WORDS  FAILURE
#
# On a terminal there is one line for each guest that runs, which is redrawn each second, and
# above these lines one for each failure. Elsewhere there is a line for whatever happens.
# $MATRIX_START is the time that it goes by.
set -eu
export LC_ALL=C
trap '' INT TERM HUP # it ends when all guests have

# A line of guest $2, with the estimate $1, into $line.
show_line() {
	local elapsed=$((EPOCHSECONDS - MATRIX_START))

	printf -v line '  [%2d:%02d, %5s to go] %-5s %s' $((elapsed / 60)) $((elapsed % 60)) "$1" "$2" "$3"
}

show_plain() {
	while IFS=$'\037' read -r kind name left _ words _; do
		[ -n "$words" ] || continue
		show_line "$left" "$name" "$words"
		echo "$line"
	done
}

# Wipes out what show_guests has drawn.
show_wipe() {
	[ "$drawn" = 0 ] || printf '\e[%dA\e[J' "$drawn"
	drawn=0
}

show_guests() {
	show_wipe
	for name in "${names[@]}"; do
		[ -n "${state[$name]-}" ] || continue
		show_line "$now" "$name" "${state[$name]}"
		printf '%s\n' "${line:0:columns - 1}"
		drawn=$((drawn + 1))
	done
}

show_measure() {
	read -r _ columns < <(stty size <&4)
}

show_redrawn() {
	local now='' columns drawn=0 status kind name left how words failure names=()
	declare -A state=()

	show_measure
	trap show_measure WINCH
	while :; do
		status=0
		IFS=$'\037' read -r -t 1 kind name left how words failure || status=$?
		if [ "$status" = 0 ]; then
			[ -n "${state[$name]-}" ] || names+=("$name")
			now=$left state[$name]=$how
			show_wipe
			case $kind in
			failed) echo "  FAIL    $name: $failure" ;;
			gone)
				show_line "$left" "$name" "$words"
				echo "$line"
				unset "state[$name]"
				;;
			esac
		elif [ "$status" -lt 128 ]; then
			break
		fi
		show_guests
	done
	show_wipe
}

if [ -t 1 ] && [ "${TERM:-dumb}" != dumb ]; then
	exec 4>&1
	show_redrawn
else
	show_plain
fi
