#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# results.sh LOG: what the test cases in the log of lava-run, its output of both kinds, came to:
# "RESULT<tab>CASE" a line, and their sums on standard error. Exits with 1 if one has failed, or
# the run was not complete: lava-run exits with 0, and says that the job passed, also then.
set -eu
export LC_ALL=C

# Each line of the log is YAML: JSON, but for tags before what is no string. In a server's
# it is an item of a list. Results of LAVA's own actions are of the definition "lava".
sed -nE '/^(- )?\{"dt": "[^"]*", "lvl": "results", .*"definition": "[0-9]+_/ { s/^- //; s/: ![^ ]* "/: "/g; p; }' \
	"${1:?is missing: the log}" | jq -r '.msg | [.result, .case] | @tsv' |
	awk -F '\t' '
		$2 == "run_complete" { complete = $1 == "pass"; next }
		{ print; n[$1]++; all++ }
		END {
			printf "%d passed, %d failed, %d skipped%s\n", n["pass"], n["fail"], n["skip"],
				complete ? "" : "; the run is not complete" | "cat >&2"
			exit !complete || n["pass"] + n["skip"] < all
		}'
