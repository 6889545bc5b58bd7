#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The experiment as a test: each row, each line of the truth table, each switch and
# each answer a point.
set -eu

. "$(dirname "$0")/lib/ktap.sh"

need_privileges
need curl ip nft tcpdump
exec "$(dirname "$0")/experiment/experiment.sh" --ktap
