#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The life of drop-where: signals, --timeout, two at once, readers that go away; nothing
# left behind. And its words: --json, wrong usage.
# shellcheck disable=SC2119 # the helpers' arguments have defaults
set -eu

# shellcheck source-path=SCRIPTDIR source=lib/where_lib.sh disable=SC1091
. "$(dirname "$0")/lib/where_lib.sh"

ktap_case life signals "SIGINT, SIGTERM, SIGHUP: sums, exit status 0, no instance left"
signals() {
	local signal

	wires
	for signal in INT TERM HUP; do
		where "$port"
		instances "$where" || fail "where is its instance?"
		end_where "$signal"
		told ' 0 died in [0-9.]+ s$'
		never instances "$where"
	done
}

ktap_case counts anew "SIGUSR1: the sums so far, and counting anew"
anew() {
	wires
	lab_load xdp-drop-tcp --skb-mode "$port"
	where --summary "$port"
	knock 2
	kill -USR1 "$where"
	poll 5 tells 1 "^ +2 $port +xdp-generic"
	tells 1 ' 2 died in [0-9.]+ s$' || fail "without their sum"
	knock 1
	end_where INT
	lab_stop
	told "^ +1 $port +xdp-generic"
	told ' 1 died in [0-9.]+ s$'
}

# What native XDP drops in the container has no name: it could be the port's, or not.
two_natives() {
	wires
	"${in_ctr[@]:0:2}" -i "${in_ctr[@]:2}" "$(built xdp-drop-tcp)" -N "$peer" >"$tmp/ctr.out" 2>&1 &
	poll 20 reads "$tmp/ctr.out" attached || fail "not attached to $peer: $(<"$tmp/ctr.out")"
	lab_load xdp-drop-tcp --native-mode "$port"
	where --summary "$port"
	kill -STOP "$where"
	lab_stop
}

ktap_case counts anew_hooks "SIGUSR1: from then on, only what hangs there now is suspected"
anew_hooks() {
	two_natives
	lab_load xdp-drop-tcp --skb-mode "$port"
	kill -USR1 "$where"
	kill -CONT "$where"
	poll 5 tells 1 ' died in [0-9.]+ s$'
	kill -STOP "$where" # it is to see both at one look
	knock 1
	knock_back
	kill -CONT "$where"
	end_where INT
	lab_stop
	told "^ +1 $port +xdp-generic"
	told ' 1 died in [0-9.]+ s$'
	never grep xdp-native "$tmp/out"
}

ktap_case counts detached "native XDP that is off by now: only of what the other end sent"
detached() {
	two_natives
	knock_back
	kill -CONT "$where"
	end_where INT
	never grep xdp-native "$tmp/out"
}

ktap_case counts losing "events that are lost: told at once, and how many in the end"
losing() {
	wires
	lab_load xdp-drop-tcp --skb-mode "$port"
	where "$port"
	# shellcheck disable=SC2016 # expanded by that shell
	tracing sh -c 'cd instances/bpf-drop-"$1"-* && echo 4 >buffer_size_kb' sh "$where"
	kill -STOP "$where"
	knock 500
	kill -CONT "$where"
	poll 5 reads "$tmp/where.err" "events are lost"
	kill -INT "$where"
	poll 5 gone
	copy "$tmp/where.out" "$tmp/out"
	told ' died in .*; [1-9][0-9]* events were lost'
	lab_stop
}

# Who clears a namespace away would end it: it looks into all of them as it starts.
ktap_case life stays "it is never seen in another network namespace"
stays() {
	local comm ns

	wires
	for _ in 1 2 3 4; do
		"${in_host[@]}" "$drop_where" --timeout 20ms "$port" >"$tmp/where.out" 2>&1 &
		until is_over $!; do
			read -r comm 2>/dev/null <"/proc/$!/comm" || continue
			ns=/proc/$!/ns/net # there is none any more as it ends
			[ "$comm" != drop-where ] || [ "$ns" -ef "/run/netns/$host" ] ||
				[ ! -e "$ns" ] || fail "it is elsewhere"
		done
		wait $!
	done
}

# The next run of anybody's, other tests' too.
ktap_case life killed "kill -9: the next run removes what is left"
killed() {
	wires
	where
	instances "$where" || fail "where is its instance?"
	kill -KILL "$where"
	wait "$where" 2>/dev/null || true
	killed=$where
	where --timeout 100ms
	end_where none
	never instances "$killed"
	never instances "$where"
}

ktap_case life time_out "--timeout: ends by itself, in time"
time_out() {
	local began

	wires
	began=$(lab_now_ms)
	where --timeout 1s "$port"
	end_where none
	began=$(($(lab_now_ms) - began))
	[ "$began" -ge 1000 ] || fail "after $began ms"
	# By its own count, as its set-up may take longer. A busy machine delays its end.
	told 'died in [1-9]\.[0-9] s'
}

ktap_case counts two "two at once tell the same"
two() {
	local first

	wires
	lab_load xdp-drop-tcp --skb-mode "$port"
	where "$port"
	first=$where
	mv "$tmp/where.out" "$tmp/first.out"
	mv "$tmp/where.err" "$tmp/first.err"
	where --summary "$port"
	knock
	poll 5 tells 3 " $port +xdp-generic" "$tmp/first.out"
	end_where INT
	told "^ +3 $port +xdp-generic"
	never grep -E "^ +[0-9]+\.[0-9]+ |seconds" "$tmp/out"
	where=$first
	mv "$tmp/first.out" "$tmp/where.out"
	mv "$tmp/first.err" "$tmp/where.err"
	end_where INT
	lab_stop
	told "^ +3 $port +xdp-generic"
}

# The first packet is read of; telling of a later one fails.
gone_by_knock() {
	knock 1
	sleep 0.1
	gone
}

ktap_case life closed "a reader that goes away ends it, quietly"
closed() {
	wires
	lab_load xdp-drop-tcp --skb-mode "$port"
	"${in_host[@]}" "$drop_where" "$port" 2>"$tmp/where.err" \
		> >(head -n 1 >"$tmp/where.out") &
	where=$!
	poll 30 reads "$tmp/where.err" listening
	poll 5 gone_by_knock || fail "it goes on"
	end_where none
	lab_stop
	told '^ +seconds'
	never grep -v listening "$tmp/err"
}

ktap_case life early "a reader that goes away before the --timeout: exit status 1, and why"
early() {
	local status=0

	wires
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
	lab_wrote "$where"
	[ "$wchar" -gt 40000 ]
}

ktap_case output stuck "a reader that stops: SIGUSR1 and the end come all the same"
stuck() {
	local both reader status signal line list wchar

	wires
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
		knock 2000
		poll 10 is_stuck || fail "it does not write"
		sleep 0.5 # its pipe is full, and there is more
		kill -USR1 "$where"
		kill "-$signal" "$where"
		poll 5 gone || fail "SIG$signal: it goes on"
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

shows() {
	local text

	echo show >&"$keys"
	read_text "$tmp/where.out"
	[[ ${text%$'\n--\n'} =~ $1 ]]
}

# Its rows are cut where the screen ends, and drawn over; the sums are whole, in the end.
ktap_case output screen "--summary on terminals of 60, 80 and 120 columns, and of few rows"
screen() {
	local size keys child count shown row

	wires
	lab_load xdp-drop-tcp --skb-mode "$port"
	for size in 60x24 80x24 120x24 60x4; do
		rm -f "$tmp/keys"
		mkfifo "$tmp/keys"
		exec {keys}<>"$tmp/keys"
		: >"$tmp/where.out"
		: >"$tmp/where.err"
		TERM=xterm "$tool" screen "$size" "${in_host[@]}" "$drop_where" --summary "$port" \
			<"$tmp/keys" >"$tmp/where.out" 2>&1 &
		where=$!
		poll 30 shows 'listening'
		knock
		row="[^0-9]3 $port +xdp-generic"$'[^\n]*\n +3 died in '
		if ! poll 10 shows "${row}[0-9.]+ s\$"; then
			never reads "$tmp/where.out" 'events were lost' || again "events were lost"
			fail "$size: it is not shown: $(tail "$tmp/where.out")"
		fi
		poll 10 shows "${row}([2-9]|[0-9]{2,})\\.[0-9] s\$" ||
			fail "$size: it does not go on: $(tail "$tmp/where.out")"
		child=
		read -r child _ <"/proc/$where/task/$where/children" || [ -n "$child" ]
		kill -INT "$child"
		end_where none
		tac "$tmp/where.out" | sed '/^--$/,$d' >"$tmp/out"
		for shown in "^ +packets interface" "^ +3 $port +xdp-generic" ' 3 died in [0-9.]+ s$'; do
			count "$shown"
			# The whole table is too much for the last of these screens.
			[ "$count" = 1 ] || [[ $size$shown = *x4*packets* ]] ||
				fail "$size: $count times '$shown': $(tac "$tmp/out")"
		done
	done
	lab_stop
}

# --- words ---

ktap_case words json "--json: each line is JSON, with the sums"
json() {
	need jq
	wires
	lab_load xdp-drop-tcp --skb-mode "$port"
	where --json "$port"
	knock
	poll 5 tells 3 '"final":false.*xdp-generic|xdp-generic.*"final":false'
	end_where INT
	lab_stop
	# shellcheck disable=SC2016 # jq's own
	jq -es --arg port "$port" '
		map(select(.hook == "xdp-generic")) as $ours |
		($ours | map(select(.final))) as $sums |
		($ours | map(select(.final | not))) as $each |
		($each | length) == 3 and ($sums | length) == 1 and
		$sums[0].packets == 3 and $sums[0].interface == $port and
		all($each[]; .protocol == 2048 and .interface_guessed == false) and
		.[-1].lost_events == 0 and .[-1].packets >= 3' "$tmp/out"
}

ktap_case words usage "wrong usage is 2, help and version go to standard output"
usage() {
	expect 0 "$drop_where" --help
	told '^Usage: drop-where .*IFACE'
	told '--timeout=DURATION'
	expect 0 "$drop_where" --version
	told '^drop-where [0-9]'
	expect 2 "$drop_where" --timeout 10
	said "'10' is no duration"
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
	said 'needs more privilege.*root'
	[ ! -s "$tmp/out" ] || fail "on standard output: $(<"$tmp/out")"
}

ktap_run "$@"
