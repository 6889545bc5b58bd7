#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The life of drop-where: signals, --timeout, two at once, readers that go away, floods.
# And its words: --json, wrong usage, what it needs.
set -eu

. "$(dirname "$0")/lib/where_lib.sh"
ktap_private "$@"

ktap_case life signals "SIGINT, SIGTERM, SIGHUP: sums, exit status 0"
signals() {
	local signal

	for signal in INT TERM HUP; do
		where_start "$port"
		where_end "$signal"
		told ' 0 dropped in [0-9.]+ s$'
	done
}

ktap_case counts anew "SIGUSR1: the sums so far, and counting anew"
anew() {
	lab_load xdp-drop-tcp --skb-mode "$port"
	where_start "$port"
	where_knock 2
	poll 5 where_tells 2 "^ +[0-9.]+ $port .* IPv4 +54\$"
	kill -USR1 "$where"
	poll 5 where_tells 1 "^ +2 $port +xdp-generic"
	poll 5 where_tells 1 ' 2 dropped in [0-9.]+ s$' || fail "without their sum"
	where_knock 1
	poll 5 where_tells 3 "^ +[0-9.]+ $port .* IPv4 +54\$"
	where_end INT
	lab_stop
	told "^ +1 $port +xdp-generic"
	told ' 1 dropped in [0-9.]+ s$'
}

# What it told in JSON: $sum drops of hook $1 by the sums; of all, $packets, of which
# $lines told each and $lost were not, and $missed.
add_up() {
	read -r sum lines packets lost missed < <(awk -v hook="\"hook\":\"$1\"" '
		function number(name) {
			match($0, "\"" name "\":[0-9]+")
			return substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 3)
		}
		/"final":false/ { lines++; next }
		index($0, hook) { sum += number("packets") }
		/"lost_events"/ { total = number("packets") " " number("lost_events") " " number("missed") }
		END { print sum + 0, lines + 0, total }' "$tmp/where.out")
}

ktap_case counts losing "events that are lost: told at once, but all are counted"
losing() {
	local many=60000 sum lines packets lost missed

	lab_load xdp-drop-tcp --skb-mode "$port"
	where_start --json "$port"
	kill -STOP "$where"
	"${in_ctr[@]}" "$tool" probe flood "$peer" "$frame_syn" "$many" >"$tmp/flood"
	kill -CONT "$where"
	poll 10 reads "$tmp/where.err" "too many events"
	kill -INT "$where"
	poll 20 where_gone
	lab_stop
	add_up xdp-generic
	[ $((packets + missed)) -ge "$many" ] || fail "the sums have $packets of $many, $missed missed"
	[ $((lines + lost)) = "$packets" ] || fail "$lines lines and $lost lost are not $packets"
}

ktap_case life time_out "--timeout: ends by itself, in time"
time_out() {
	local began

	began=$(lab_now_ms)
	where_start --timeout 1s "$port"
	where_end none
	began=$(($(lab_now_ms) - began))
	[ "$began" -ge 1000 ] || fail "after $began ms"
	# By its own count, as its set-up may take longer. A busy machine delays its end.
	told 'dropped in 1\.[0-9] s'
}

ktap_case counts two "two at once tell the same"
two() {
	local first

	lab_load xdp-drop-tcp --skb-mode "$port"
	where_start "$port"
	first=$where
	mv "$tmp/where.out" "$tmp/first.out"
	mv "$tmp/where.err" "$tmp/first.err"
	where_start --summary "$port"
	where_knock
	poll 5 where_tells 3 " $port +xdp-generic" "$tmp/first.out"
	where_end INT
	told "^ +3 $port +xdp-generic"
	never grep -E "^ +[0-9]+\.[0-9]+ |seconds" "$tmp/out"
	where=$first
	mv "$tmp/first.out" "$tmp/where.out"
	mv "$tmp/first.err" "$tmp/where.err"
	where_end INT
	lab_stop
	told "^ +3 $port +xdp-generic"
}

# The first packet is read of; telling of a later one fails.
gone_by_knock() {
	where_knock 1
	sleep 0.1
	where_gone
}

ktap_case life closed "a reader that goes away ends it, quietly"
closed() {
	lab_load xdp-drop-tcp --skb-mode "$port"
	"${in_host[@]}" "$drop_where" "$port" 2>"$tmp/where.err" \
		> >(head -n 1 >"$tmp/where.out") &
	where=$!
	poll 30 reads "$tmp/where.err" listening
	poll 5 gone_by_knock || fail "it goes on"
	where_end none
	lab_stop
	told '^ +seconds'
	never grep -v listening "$tmp/err"
}

ktap_case life early "a reader that goes away before the --timeout: exit status 1, and why"
early() {
	local status=0

	lab_load xdp-drop-tcp --skb-mode "$port"
	"${in_host[@]}" "$drop_where" --timeout 100s "$port" 2>"$tmp/where.err" \
		> >(head -n 1 >"$tmp/where.out") &
	where=$!
	poll 30 reads "$tmp/where.err" listening
	poll 5 gone_by_knock || fail "it goes on"
	wait "$where" || status=$?
	lab_stop
	[ "$status" = 1 ] || fail "exit status $status"
	copy "$tmp/where.err" "$tmp/err"
	said 'the reader has gone: ended after [0-9]+\.[0-9] of 100\.0 s\.$'
}

# --- output that is not taken ---

# It has written all that the pipe takes, which is 64 KiB less the ends of pages.
is_stuck() {
	wrote "$where"
	[ "$wchar" -gt 40000 ]
}

ktap_case output stuck "a reader that stops: SIGUSR1 and the end come all the same"
stuck() {
	local both reader status signal line list wchar

	lab_load xdp-drop-tcp --skb-mode "$port"
	mkfifo "$tmp/pipe"
	for signal in INT TERM; do
		exec {both}<>"$tmp/pipe"
		exec {reader}<"$tmp/pipe"
		: >"$tmp/where.err"
		"${in_host[@]:0:2}" -i "${in_host[@]:2}" "$drop_where" --json "$port" >"$tmp/pipe" 2>"$tmp/where.err" &
		where=$!
		poll 30 reads "$tmp/where.err" listening
		exec {both}>&-
		where_knock 2000
		poll 10 is_stuck || fail "it does not write"
		sleep 0.5 # its pipe is full, and there is more
		kill -USR1 "$where"
		kill "-$signal" "$where"
		poll 5 where_gone || fail "SIG$signal: it goes on"
		status=0
		wait "$where" || status=$?
		[ "$status" = 1 ] || fail "exit status $status"
		copy "$tmp/where.err" "$tmp/err"
		said ': [1-9][0-9]* lines were lost: the reader did not take them, nor the sums\.$'
		mapfile -t list <&"$reader"
		exec {reader}<&-
		for line in "${list[@]}"; do
			[[ $line =~ ^\{.*\}$ ]] || fail "not a whole line: $line"
		done
	done
	lab_stop
}

# --- words ---

ktap_case words json "--json: each line is JSON, with the sums"
json() {
	need jq
	lab_load xdp-drop-tcp --skb-mode "$port"
	where_start --json "$port"
	where_knock
	poll 5 where_tells 3 '"final":false.*xdp-generic|xdp-generic.*"final":false'
	where_end INT
	lab_stop
	jq -es --arg port "$port" '
		map(select(.hook == "xdp-generic")) as $ours |
		($ours | map(select(.final))) as $sums |
		($ours | map(select(.final | not))) as $each |
		($each | length) == 3 and ($sums | length) == 1 and
		$sums[0].packets == 3 and $sums[0].interface == $port and
		all($each[]; .protocol == 2048 and .length == 54) and
		.[-1].lost_events == 0 and .[-1].missed == 0 and .[-1].packets == 3' "$tmp/out"
}

ktap_case words where_usage "wrong usage is 2, help and version go to standard output"
where_usage() {
	expect 0 "$drop_where" --help
	told '^Usage: drop-where .*IFACE'
	told '--timeout=DURATION'
	expect 0 "$drop_where" --version
	told '^drop-where [0-9][^ ]* \(libbpf v[0-9.]+, built from Linux [0-9][^ ]*\)$'
	expect 2 "$drop_where" --timeout 10
	said "'10' is not a duration"
	expect 2 "$drop_where" --no-such-option
	said 'Try .*--help'
	expect 2 "$drop_where" no-such-if
	said "no interface 'no-such-if'"
	expect 2 "$drop_where" 'nosuch*'
	said "no interface matches"
}

ktap_case words unprivileged "without privilege it says so, and ends with 1"
unprivileged() {
	cp "$drop_where" "$tmp/drop-where"
	chmod 755 "$tmp" "$ktap_dir"
	expect 1 setpriv --reuid 65534 --regid 65534 --clear-groups "$tmp/drop-where"
	said 'needs privilege.*root'
	[ ! -s "$tmp/out" ] || fail "on standard output: $(<"$tmp/out")"
}

ktap_case words few_descriptors "a limit of descriptors is not taken for a kernel without types"
few_descriptors() {
	local limit

	for limit in 5 7 14; do
		expect 1 bash -c "ulimit -n $limit; exec \"\$1\" -t 50ms" bash "$drop_where"
		said "file descriptors are needed, and the limit is $limit.*ulimit -n"
	done
}

# Hidden for it alone.
ktap_case words no_types "without the kernel's types: 4, and which option it lacks"
no_types() {
	need mount
	# shellcheck disable=SC2016 # expanded by that shell
	expect 4 "$tool" stage private sh -c '
		[ ! -e /sys/kernel/btf ] || mount -t tmpfs tmpfs /sys/kernel/btf || exit 9
		exec "$1"' sh "$drop_where"
	said 'CONFIG_DEBUG_INFO_BTF.*\.$'
}

# --- a million drops ---

# The program counts no more in $dropped: what was sent has arrived. Packets wait in a
# queue, and on a busy machine they are taken out of it long after they were sent.
arrived() {
	local before=$dropped line

	kill -USR1 "$loader"
	sleep 0.1
	while read -r line; do
		[[ ! $line =~ \"dropped_packets\":([0-9]+) ]] || dropped=${BASH_REMATCH[1]}
	done <"$tmp/loader.out"
	[ "$dropped" = "$before" ]
}

# Beside a program, given with its options, which drops what function $1 sends. Where a
# queue is full, the stack drops some before it. drop-where listens until the program has
# gone: else what that drops last would be missing.
flooded() {
	local send=$1 hook=$2 sum lines packets lost missed dropped=

	lab_load "${@:3}" "$port"
	where_start --json "$port"
	"$send"
	poll 60 arrived || fail "$dropped are dropped, and more come"
	lab_stop
	kill -INT "$where"
	poll 30 where_gone
	wait "$where" || fail "exit status $?"
	add_up "$hook"
	dropped=$(lab_counted dropped_packets)
	echo "$hook: dropped $dropped of $many, told $sum of $packets: $lines lines, $lost lost, $missed missed"
	[ $((lines + lost)) = "$packets" ] || fail "lines and losses are not all"
	[[ "$sum" -gt 0 && "$sum" -le "$dropped" ]] || fail "too many are told, or none"
	[ $((sum + missed)) -ge "$dropped" ] || fail "they differ"
}

from_ctr() {
	"${in_ctr[@]}" "$tool" probe flood "$peer" "$frame_syn" "$many" >"$tmp/flood"
}

from_host() {
	"${in_host[@]}" "$tool" probe flood "$port" "${frame_syn:12:12}${frame_syn::12}${frame_syn:24}" "$many" >"$tmp/flood"
}

# Drops in the container's namespace, and test runs, until they are ended.
disturb() {
	local verdict

	verdict=$(built verdict)
	"${in_ctr[@]:0:2}" -i "${in_ctr[@]:2}" "$(built xdp-drop-world)" -S lo >"$tmp/ctr.out" 2>&1 &
	poll 20 reads "$tmp/ctr.out" attached || fail "not attached to lo: $(<"$tmp/ctr.out")"
	while sleep "0.$slack"; do
		"${in_ctr[@]}" "$tool" probe flood lo "$frame_syn" 1000
	done >"$tmp/other" 2>&1 &
	cd "${verdict%/*}"
	while sleep "0.$slack"; do
		"${in_host[@]}" "$verdict"
	done >"$tmp/verdict" 2>&1 &
	cd "$OLDPWD"
}

ktap_case flood million "a million drops at four hooks, beside other namespaces' and test runs"
million() {
	local many=${MILLION:-$((250000 / slack / slack))}

	"${in_ctr[@]}" ip link set lo up
	disturb
	flooded from_ctr xdp-native xdp-drop-tcp --native-mode
	flooded from_ctr xdp-generic xdp-drop-tcp --skb-mode
	flooded from_ctr tc-ingress tc-drop-tcp --ingress
	flooded from_host tc-egress tc-drop-tcp
	reads "$tmp/verdict" "ok 1 " || fail "no test ran: $(<"$tmp/verdict")"
	has_line "$tmp/ctr.out" " lo +xdp-generic +[1-9]"
}

ktap_case flood in_time "--timeout in a flood: it ends in time"
in_time() {
	local began flood load

	lab_load xdp-drop-tcp --native-mode "$port"
	while :; do
		"${in_ctr[@]}" "$tool" probe flood "$peer" "$frame_syn" 10000 >"$tmp/flood"
	done &
	flood=$!
	where_start --timeout 1s "$port"
	began=$(lab_now_ms)
	poll 30 where_gone
	began=$(($(lab_now_ms) - began))
	kill "$flood"
	wait "$flood" || true
	wait "$where" || fail "exit status $?"
	lab_stop
	echo "after $began ms"
	# It has a share of the CPUs only: as many wait for one as the load tells. An
	# emulated machine has enough to do with the flood.
	read -r load _ </proc/loadavg
	[ "$slack" != 1 ] || [ "$began" -le $((1000 + 400 * (1 + ${load%.*} / $(nproc)))) ] ||
		fail "late, at a load of $load"
}

ktap_run "$@"
