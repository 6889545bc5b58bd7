#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The experiment as a test: each row, each line of the truth table, each switch and
# each answer a point.
set -eu
export LC_ALL=C

if [ "$(id -u)" != 0 ]; then
	echo "1..0 # SKIP needs root"
	exit 4
fi
if ! command -v tcpdump >/dev/null; then
	echo "1..0 # SKIP needs tcpdump"
	exit 4
fi
exec "$(dirname "$0")/experiment.sh" --ktap
