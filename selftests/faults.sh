#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Fault injection campaigns, each a test: a few faults of each, with FAULTS=all all of them.
# Their counts, the seed and each violation are comments.
set -eu

# shellcheck source-path=SCRIPTDIR source=lib/cli_lib.sh
. "$(dirname "$0")/lib/cli_lib.sh"
cli_private "$@"
for faults_part in faults_lib calls kills changes foreign flood; do
	# shellcheck source-path=SCRIPTDIR source=/dev/null
	. "$(dirname "$0")/faults/$faults_part.sh"
done
ktap_run "$@"
