#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# run.sh PROGRAM[:TEST...]...: run test programs, or single tests of them, $JOBS at a
# time, or as many as there are CPUs; show the KTAP of each, then a table, and last the
# number of test points that passed, failed and were skipped.
#
# A program fails as a whole, which counts as one more failed point, if it
# crashes, takes longer than $TIMEOUT seconds or does not keep to its plan.
#
# With KUNIT=/path/to/kunit.py, one more program sees what that parser and others read
# in what the programs told.
#
# With STREAM=yes there is no table, but a line as each program starts and ends,
# so that a remote reader knows what was lost on the way.
set -eu
export LC_ALL=C

TIMEOUT=${TIMEOUT:-300}
JOBS=${JOBS:-$(nproc)}
cd "$(dirname "$0")"
[ -z "${OUTPUT-}" ] || OUTPUT=$(realpath "$OUTPUT") # where the compiled ones are
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# A background process would ignore SIGINT, and so would what it starts.
run() {
	local into=$tmp/${1##*/} name words status=0 start=$EPOCHREALTIME child

	IFS=: read -ra words <<<"$1"
	name=${words[0]##*/}
	case $1 in
	/*) ;;
	*) if [ -x "${OUTPUT:-.}/${words[0]}" ]; then words[0]=${OUTPUT:-.}/${words[0]}; else words[0]=./${words[0]}; fi ;;
	esac
	if [ -n "${STREAM-}" ]; then
		lock
		echo "# selftests: $name: started"
		exec 9>&-
	fi
	env --default-signal=INT,QUIT timeout --kill-after=20 "$TIMEOUT" "${words[@]}" \
		</dev/null >"$into.ktap" 2>&1 &
	child=$!
	trap 'kill $child' TERM
	wait $child || status=$?
	trap - TERM
	wait $child || :
	echo "$status $(((${EPOCHREALTIME/./} - ${start/./}) / 1000))" >"$into.exit"
	lock
	echo "# selftests: $name"
	cat "$into.ktap"
	[ -z "${STREAM-}" ] || echo "# selftests: $name: status $(<"$into.exit") ms"
}

# Until 9 is closed. Each opens it: what is inherited locks out nobody.
lock() {
	exec 9>"$tmp/lock"
	flock 9
}

# Are so many running as may?
is_full() {
	local pids

	jobs -rp >"$tmp/jobs"
	mapfile -t pids <"$tmp/jobs"
	[ "${#pids[@]}" -ge "$JOBS" ]
}

stop() {
	trap '' INT TERM HUP
	# shellcheck disable=SC2046 # one word, one process; of those that still run
	kill $(jobs -rp) 2>/dev/null || :
	wait
	exit 130
}
trap stop INT TERM HUP

[ $# != 0 ] || { echo "usage: run.sh PROGRAM..." >&2; exit 2; }
for program; do
	while is_full; do
		wait -n || :
	done
	run "$program" &
done
wait
[ -z "${STREAM-}" ] || exit 0
if [ -n "${KUNIT-}" ]; then
	KTAPS=$tmp run ktap_parsers.sh &
	wait
	set -- "$@" ktap_parsers.sh
fi

for program; do
	name=${program##*/}
	read -r status ms <"$tmp/$name.exit"
	echo "program ${name%%:*} $status $ms $TIMEOUT"
	cat "$tmp/$name.ktap"
	echo "end"
done | awk '
	function problem(text) {
		failed++
		notes = notes sprintf("%s: %s\n", name, text)
	}
	$1 == "program" && !name {
		name = $2; status = $3; seconds = $4 / 1000; limit = $5
		passed = failed = skipped = not_ok = 0; plan = ""; reason = ""
		next
	}
	/^1\.\.[0-9]+/ { plan = substr($1, 4) + 0; if (/# *SKIP/) reason = $0 }
	/^(not )?ok [0-9]/ {
		if (/^not/) { not_ok++; problem($0) }
		else if (/# *SKIP/) { skipped++; notes = notes name ": " $0 "\n" }
		else passed++
	}
	/^# / { reason = $0 }
	$0 == "end" {
		points = passed + failed + skipped
		if (status == 124 || status == 137)
			problem("stopped after " limit " s")
		else if (status == 4 && !points) {
			skipped++
			sub(/^.*# *(SKIP)? */, "", reason)
			notes = notes name ": SKIP " reason "\n"
		} else if (status != 0 && status != 1 && status != 4)
			problem("ended with exit status " status)
		else if (status == 1 && !not_ok)
			problem("exit status 1, but no point failed")
		else if (plan == "")
			problem("no plan")
		else if (plan != points)
			problem(points " points of " plan)
		table = table sprintf("%-20s %6d %6d %7d %7.1f\n", name, passed, failed, skipped, seconds)
		all_passed += passed; all_failed += failed; all_skipped += skipped
		name = ""
	}
	END {
		printf "\n%-20s %6s %6s %7s %7s\n%s", "program", "passed", "failed", "skipped", "seconds", table
		if (notes) printf "\n%s", notes
		printf "\n%d passed, %d failed, %d skipped\n", all_passed, all_failed, all_skipped
		exit all_failed > 0
	}'
