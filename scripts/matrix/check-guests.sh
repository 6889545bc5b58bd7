#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# check-guests.sh: does the matrix report what goes wrong in a guest, on the right
# kernel and in bounded time? Two kernels run a short test; on the second, each
# time something else is planted. KTAP, exit status 1 if anything goes unnoticed.
# scripts/matrix/check.sh has what can be tested without a guest.
#
# KERNELS="GOOD BAD" chooses the two; default "5.10 6.1".
set -eu
export LC_ALL=C

cd "$(dirname "$0")/../.."
export KERNELS=${KERNELS:-5.10 6.1}
what=''
{ read -r _ good _ && read -r what bad harmed; } < <(scripts/matrix/matrix.sh --dry-run)
if [ "$what" != kernel ]; then
	echo "check-guests.sh: KERNELS=\"$KERNELS\" does not name two kernels" >&2
	exit 2
fi
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
number=0 failed=0

# plant_try HARM SECONDS STATUS PATTERN WORDS: plant HARM; the matrix ends in time and
# with STATUS, a failure matches PATTERN, and the good kernel has none.
plant_try() {
	local harm=$1 limit=$2 want=$3 pattern=$4 problem='' status=0

	shift 4
	number=$((number + 1))
	PLANT=${harm:+$harmed=$harm} TESTS=tc_native TEST_TIMEOUT=20 \
		KERNEL_TIMEOUT=90 ACCEL=tcg RESULTS=$tmp/$number \
		timeout --kill-after=10 "$limit" scripts/matrix/matrix.sh >"$tmp/$number.log" 2>&1 || status=$?
	if [ "$status" != "$want" ]; then
		problem="exit status $status instead of $want"
	elif [ -n "$pattern" ] && ! grep -qE "^FAIL $bad: $pattern" <(tr -s '\n' ' ' <"$tmp/$number.log" |
		sed 's/ FAIL /\nFAIL /g'); then
		problem="no failure of $bad is like: $pattern"
	elif grep -q "^FAIL $good:" "$tmp/$number.log"; then
		problem="$good is said to have failed"
	fi
	if [ -z "$problem" ]; then
		echo "ok $number $*"
		return
	fi
	failed=1
	tail -n 30 "$tmp/$number.log" | sed 's/^/# /'
	echo "# $problem"
	echo "not ok $number $*"
}

echo "TAP version 13"
echo "1..7"
plant_try '' 300 0 '' "nothing planted: all is well"
plant_try fail 300 1 'planted.sh: planted' "a test fails"
plant_try panic 300 1 'kernel: console .*(sysrq triggered crash|Sysrq).*while in .*planted.sh' "the kernel panics"
plant_try hang 300 1 'planted.sh: \(the program\) .*hung: stopped after [0-9]+ s' "a test hangs"
plant_try freeze 300 1 'kernel: end .*hung: stopped after 90 s \(while in .*planted.sh\)' "all of the guest hangs"
plant_try short 300 1 'planted.sh: \(the program\) .*0 points of 1' "a test ends before its plan"
plant_try exit 300 1 'kernel: end .*no end marker.*while in .*planted.sh' "the guest is gone"
exit $failed
