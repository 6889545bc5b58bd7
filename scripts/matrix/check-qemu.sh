#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What check.sh has for QEMU: no guest, but the report of one, of the kernel that the
# image says it is, or that in the file $RUNS; if $HELD is set, it goes on after the first
# test when that file is there. $BEHAVE: each test fails or skips or ends with 127; or the
# guest is mute (no console) or silent (no report). A shell on the terminal only says what
# it was told.
set -eu
export LC_ALL=C

while [ $# != 0 ]; do
	case $1 in
	--version) echo "QEMU emulator version 10.0.0" && exit ;;
	-kernel) image=$2 ;;
	-append) append=" $2 " ;;
	-serial) serial+=("${2#file:}") ;;
	-chardev) serial+=("${2##*path=}") ;;
	esac
	shift
done
[ "${serial[0]}" != mon:stdio ] || { echo "a shell:$append" && exit; }
value() { v=${append#* matrix."$1"=} && echo "${v%% *}"; }
say() { echo "matrix $(value nonce) $*"; }
banner=$(tail -c +1537 "${RUNS:-$image}" | head -n1)
[ "${BEHAVE-}" = mute ] || : >"${serial[0]}"
[ "${BEHAVE-}" != silent ] || exit 0
{
	say begin "${banner%% *}" up 1.0
	say uname "#${banner#*#}"
	say limit "$(value timeout)"
	for test in $(value tests | tr , " "); do
		test=${test%%:*}
		echo "# selftests: $test: started"
		echo "# selftests: $test"
		echo 1..1
		status=0
		case ${BEHAVE-} in
		fail)
			printf '# %s\n' "it is wrong" "reproduce: ./$test one"
			echo "not ok 1 on $banner" && status=1
			;;
		skip) echo "ok 1 on $banner # SKIP no tool" && status=4 ;;
		127) echo "not ok 1 - $test: not found" && status=127 ;;
		*) echo "ok 1 on $banner" ;;
		esac
		echo "# selftests: $test: status $status 5 ms"
		[ -z "${HELD-}" ] || { : >"$HELD.up"; until [ -e "$HELD" ]; do sleep 0.05; done; }
	done
	say tainted 0
	say end 0
} >"${serial[1]}"
