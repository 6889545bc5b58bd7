#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# drivers.sh: run selftests/drivers.sh on one kernel with drivers of real NICs, $KERNELS, and
# with all the NICs that QEMU emulates; see Documentation/matrix.rst. To be run by make
# drivers.
#
#   KERNELS         one kernel, as make matrix has them; 6.12+generic
#   TESTS           "drivers.sh:igb drivers.sh:veth": only these
#   RESULTS         where drivers.tsv goes, and all about the run into drivers/; results
#
# Exits like matrix.sh, with 0 if every cell is as expected.
set -eu
export LC_ALL=C

top=$(realpath "$(dirname "$0")/../..")
results=$(realpath -m "${RESULTS:-$top/results}") CACHE=$(realpath -m "${CACHE:-$top/.cache/matrix}")
cd "$top"
export CACHE KERNELS=${KERNELS:-6.12+generic} TESTS=${TESTS:-drivers.sh} RESULTS=$results/drivers
export GUEST_MB=1536 TEST_TIMEOUT=${TEST_TIMEOUT:-3000} KERNEL_TIMEOUT=${KERNEL_TIMEOUT:-3200}

# shellcheck source=lib.sh
. scripts/matrix/lib.sh
# shellcheck source=fetch.sh
. scripts/matrix/fetch.sh

if [ "${1-}" = --dry-run ]; then
	exec scripts/matrix/matrix.sh --dry-run
fi

# Debian 12's QEMU has no igb. nics.sh is in its place.
mkdir -p "$CACHE"
exec 8>"$CACHE/lock"
flock 8
fetch_qemu amd64
exec 8>&-
QEMU_NICS=$(command -v qemu-system-x86_64)
export QEMU_NICS
place=$(mktemp -d)
trap 'rm -r "$place"' EXIT
ln -s "$PWD/scripts/matrix/nics.sh" "$place/qemu-system-x86_64"

rm -rf "${RESULTS:?}"
status=0
PATH=$place:$PATH scripts/matrix/matrix.sh || status=$?
[ "$status" != 2 ] || exit 2
sed -n 's/^# cell\t//p' "$RESULTS"/*/ktap >"$results/drivers.new"
mv "$results/drivers.new" "$results/drivers.tsv"
cut -f4 "$results/drivers.tsv" | sort | uniq -c | awk '
	{ list = list (NR > 1 ? ", " : "") $1 " " $2; all += $1 }
	END { print "  DRIVERS " all " cells: " list }'
exit $status
