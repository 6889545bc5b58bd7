#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# floors.sh [DIRECTORY]: in user/, or a directory like it, does each include name its
# folder, and a lower one or its own? Shows those that do not, and exits with 1.
# See Documentation/design.rst.
set -eu
export LC_ALL=C

cd "${1:-$(dirname "$0")/../user}"
find . -name '*.[ch]' -exec grep -H '^#include "' {} + | sed 's,^\./,,' | awk -F: '
	BEGIN { split("lib attach capture select guard loader", floors, " "); for (i in floors) floor[floors[i]] = i; floor["where"] = 5 }
	{
		split($2, quoted, "\"")
		from = index($1, "/") ? substr($1, 1, index($1, "/") - 1) : ""
		to = index(quoted[2], "/") ? substr(quoted[2], 1, index(quoted[2], "/") - 1) : ""
		# Files that the build makes or takes from elsewhere have no folder here.
		if (to == "" || to == from || (to in floor && (from == "" || floor[to] < floor[from])))
			next
		print $1 ": " quoted[2] (to in floor ? " is no lower floor" : " is in no folder of user/")
		bad = 1
	}
	END { exit bad }'
