#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# all.sh [TEST...]: run the campaigns of faults.sh, all of each, and sum up. The status is 0
# if nothing was violated.
set -eu
export LC_ALL=C
cd "$(dirname "$0")/.."

# awk may read ahead, and lines are to be seen as they come.
exec 3>&1
FAULTS=all ./faults.sh "$@" | tee /dev/fd/3 | awk '
	/^# campaign .* tried, / { tried += $4; violations += $6 }
	/^not ok / { failed++ }
	/^ok .* # SKIP/ { skipped++ }
	/^# Totals/ { whole = 1 }
	END {
		printf "all campaigns: %d tried, %d violations, %d skipped\n", tried, violations, skipped
		exit violations || failed || !whole
	}'
