#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# names.sh DIRECTORY...: is each shell function below these defined in one file only? Shows
# those that are not, and exits with 1. A function that replaces another file's on purpose,
# such as a test's stub, is defined inside another function.
set -eu
export LC_ALL=C

find "$@" -name '*.sh' -exec grep -HoE '^(function )?[A-Za-z_][A-Za-z_0-9]*\(\)' {} + | sort -u |
	awk -F: '
		{
			sub(/^function /, "", $2)
			where[$2] = where[$2] " " $1
			count[$2]++
		}
		END {
			for (name in count)
				if (count[name] > 1) {
					print name " is defined in" where[name]
					bad = 1
				}
			exit bad
		}'
