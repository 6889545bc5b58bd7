#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What it costs to be told of each drop, and how many are told of: a flood that nftables drops,
# while drop-where or another program listens. A part of bench.sh.
# shellcheck disable=SC2154,SC2034 # what bench_lib.sh sets, or takes
set -eu

. "$(dirname "$0")/lib/bench_lib.sh"

where_listen() {
	local path

	locate drop-where
	lab_start 15 listener listening "$path" "$@" wan0
}

# perf starts its command when it records.
where_perf() {
	rm -f "$tmp/records"
	# shellcheck disable=SC2016 # expanded by that shell
	"${listener[@]}" perf record -q -a -e skb:kfree_skb -o "$tmp/perf.data" \
		sh -c 'echo yes >"$1" && exec sleep 600' sh "$tmp/records" 2>"$tmp/start.err" >&2 &
	begun=$!
	poll 10 where_perf_settled && ! is_over "$begun"
}

where_perf_settled() {
	[ -s "$tmp/records" ] || is_over "$begun"
}

where_dropwatch() {
	printf 'start\n' | bench_host timeout 2 dropwatch -l kas >"$tmp/dropwatch" 2>&1 || true
	grep -q 'Kernel monitoring activated' "$tmp/dropwatch" || {
		echo "the kernel lacks CONFIG_NET_DROP_MONITOR" >&2
		return 1
	}
	exec {dropwatch_input}<> <(:) # which has no end
	echo start >&"$dropwatch_input"
	"${listener[@]}" dropwatch -l kas <&"$dropwatch_input" >"$tmp/dropwatch" 2>&1 &
	begun=$!
}

listen_end() {
	kill -INT "$begun"
	wait "$begun" || true
}

BENCH_ROUNDS=$((BENCH_ROUNDS > 15 ? 15 : BENCH_ROUNDS > 3 ? 3 : BENCH_ROUNDS))
bench_lab
# To be ended by SIGINT, which a background process would ignore; and no function's own shell.
listener=("${in_host[@]:0:2}" -i "${in_host[@]:2}")
bench_host nft -f - <<-END
	table netdev bench {
		chain in {
			type filter hook ingress device wan0 priority 0
			meta l4proto tcp counter drop
		}
	}
END
bench_row "nobody listens" :
bench_row "drop-where --summary" "where_listen --summary" -- listen_end
bench_row "drop-where --write" "where_listen --write $tmp/drops --force" -- listen_end
bench_row "perf record" where_perf -- listen_end
bench_row "dropwatch" where_dropwatch -- listen_end
bench_rounds "where" "CPU time of a drop" ns bench_flood 64
