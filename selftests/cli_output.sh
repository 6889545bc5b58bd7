#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a run in the foreground shows: counters, on terminals too, and readers that stop
# or go away.
set -eu

. "$(dirname "$0")/lib/cli_lib.sh"
cli_private "$@"

numbers='"passed_packets":[0-9]+,"passed_bytes":[0-9]+,"dropped_packets":[0-9]+,"dropped_bytes":[0-9]+'
numbers+=',"observed_packets":[0-9]+,"observed_bytes":[0-9]+,"undecided_packets":[0-9]+,"undecided_bytes":[0-9]+,"spared_packets":[0-9]+,"spared_bytes":[0-9]+'

test_json() {
	local time regex place total line list final='' ended='"why":"timeout","attached_ms":[0-9]+'

	expect 0 cli_on tc-drop-tcp --json --interval 0.05 --timeout 400ms veth0
	time='^\{"time":"20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z"'
	time+=',"elapsed_ms":[0-9]+' regex=',"program":"tc-drop-tcp","version":"[0-9.]+","program_id":[0-9]+'
	regex+=",\"host\":\"$(uname -n)\",\"netns\":$(stat -Lc %i "/run/netns/$host")"
	place=',"interface":"veth0","ifindex":[0-9]+,"hook":"[a-z]+-egress"'
	told "$time,\"event\":\"attached\"$regex$place\}\$"
	told "$time,\"event\":\"time-out\"$regex\}\$"
	told "$time,\"event\":\"ended\"$regex,$ended\}\$"
	! command -v jq >/dev/null || jq -e .elapsed_ms "$tmp/out" >"$tmp/jq"
	count '"event"'
	[ "$count" = 3 ] || fail "$count events instead of 3: $(<"$tmp/out")"
	total=$time$regex,'"interfaces":1' regex=$time$regex$place
	mapfile -t list < <(grep -v '"event"' "$tmp/out")
	[ "${#list[@]}" -ge 3 ] || fail "not several lines: ${list[*]}"
	[[ ${list[-1]} =~ $total,$numbers,$ended,\"total\":true\}$ ]] ||
		fail "not the sums: ${list[-1]}"
	for line in "${list[@]::${#list[@]}-1}"; do
		[[ $line =~ $regex,$numbers(,$ended)?,\"final\":(true|false)\}$ ]] ||
			fail "not as it should be: $line"
		final+="${BASH_REMATCH[1]:+why }${BASH_REMATCH[2]} "
	done
	[[ $final =~ ^(false )+why\ true\ $ ]] || fail "not the last line is final, and says why: $final"
	cli_unsaid '[{}]'
	cli_clean
}

test_table() {
	expect 0 cli_on xdp-drop-tcp --interval 0.05 --timeout 400ms veth0
	told '^ +time interface +hook +dropped +packets/s +bits/s +passed +undecided$'
	told '^ +[0-9]+\.[0-9] veth0 +xdp-native( +[0-9]+){5}$'
	told '^ +[0-9]+\.[0-9] veth0 +xdp-native( +[0-9]+){5} \(end\)$'
	cli_unsaid 'veth0 +xdp'
	expect 0 cli_on xdp-drop-tcp --observe --interval 0 --timeout 50ms veth0
	told 'hook +observed'
	cli_clean
}

# In a file the heading stands once; with more than one interface, a sum below their rows.
test_file() {
	local count

	expect 0 cli_on xdp-drop-tcp --interval 0.01 --timeout 1s veth0 lo
	lines "$tmp/out" 61 1000 || fail "not many lines: $(<"$tmp/out")"
	count '^ +time interface '
	[ "$count" = 1 ] || fail "$count headings"
	told '^ +[0-9]+\.[0-9] \(total\) +-( +[0-9]+){5}$'
	told '^ +[0-9]+\.[0-9] \(total\) +-( +[0-9]+){5} \(end\)$'
	cli_clean
}

# What is on the screen of a terminal of that size after a run of 450 ms.
on_screen() {
	TERM=xterm expect 0 "$tool" screen "$1" "$tool" enter -t 20 "$host" "${@:2}" -i 0.1 -t 450ms
}

# So many lines match, and none of those that are not of the last table is a part of one.
on_it() {
	local count

	count "$2" "$tmp/screen"
	[ "$count" = "$1" ] || fail "$count lines '$2' instead of $1:"$'\n'"$(<"$tmp/out")"
}

# Once as it was before the end, once in the end: each row in its place.
test_live() {
	local size name=a23456789012345

	cli_on ip link add veth1 type veth peer name "$name"
	for size in 60x24 80x24 120x24; do
		on_screen "$size" xdp-drop-tcp -S veth0 "$name"
		copy "$tmp/out" "$tmp/screen"
		on_it 0 '^ +[0-9 ]*(\(end\))?$'
		on_it 2 '^  time interface +hook '
		on_it 2 '^ +[0-9]+\.[0-9] veth0 +xdp-generic +0 '
		on_it 2 "^ +[0-9]+\\.[0-9] $name xdp-generic +0 "
		on_it 2 '^ +[0-9]+\.[0-9] \(total\) +- '
		on_it 1 '^   0\.[0-9] s left$'
		on_it 1 'time-out: everything passes'
		on_it 6 'xdp-generic +0|interface +hook'
	done
	on_it 2 "$name( +[0-9a-z-]+){6}( \\(end\\))?\$"
	on_it 1 "$name( +[0-9a-z-]+){6} \\(end\\)\$"
}

# What is usual fits into the usual size, with all of its columns.
test_usual() {
	cli_on ip link add eth1 type veth peer name docker0
	on_screen 80x24 xdp-drop-tcp -S --top eth1 docker0
	copy "$tmp/out" "$tmp/screen"
	on_it 1 '^ +[0-9]+\.[0-9] eth1 +[a-z-]+( +[0-9]+){5}$'
	on_it 1 '^ +[0-9]+\.[0-9] eth1 +[a-z-]+( +[0-9]+){5} \(end\)$'
	on_it 1 '^ +[0-9]+\.[0-9] docker0 +[a-z-]+( +[0-9]+){5}$'
	on_it 2 '^  time interface hook .* undecided$'
	on_it 2 '^ +packets +bytes protocol from to$'
}

# What the screen has no room for cannot be drawn over: it scrolls.
test_low() {
	local count

	need script
	cli_on ip link add veth1 type veth peer name veth2
	TERM=xterm expect 0 script -qec "stty rows 6 cols 80; exec ${in_host[*]} xdp-drop-tcp -i 0.1 -t 450ms veth0 veth1" /dev/null
	told $'\e\\[5A\r'
	TERM=xterm expect 0 script -qec "stty rows 5 cols 80; exec ${in_host[*]} xdp-drop-tcp -i 0.1 -t 450ms veth0 veth1" /dev/null
	never reads "$tmp/out" $'\e'
	TERM=dumb expect 0 script -qec "stty rows 24 cols 80; exec ${in_host[*]} xdp-drop-tcp -i 0.1 -t 450ms veth0" /dev/null
	never reads "$tmp/out" $'\e'
	count '^  time'
	[ "$count" = 1 ] || fail "the heading comes too often"
}

# A table of what is attached: owners are cut rather than wrapped, but not in a pipe.
test_list_fits() {
	local size rows

	cli_on ip link add a23456789012345 type veth peer name veth1
	cli_on xdp-drop-tcp --pin veth0 a23456789012345 2>"$tmp/pinned"
	cli_on tc-drop-tcp --pin --clsact veth1 2>>"$tmp/pinned"
	expect 0 cli_on xdp-drop-tcp --list
	lines "$tmp/out" 7
	told ' pinned at /sys/fs/bpf/bpf-drop/[0-9]+-[0-9]+-xdp-xdp_drop_tcp-a23456789012345$'
	told '^interface +hook +id +program +tag +owner$'
	for size in 60x24 80x24 100x24; do
		expect 0 "$tool" screen "$size" "${in_host[@]}" xdp-drop-tcp --list
		copy "$tmp/out" "$tmp/screen"
		on_it 2 '^(veth0|a23456789012345) +xdp-native +[0-9]+ xdp_drop_tcp p.*\.\.'
		on_it 1 '^veth1 +clsact-egress +[0-9]+ tc_drop_tcp +l.*pin$'
		mapfile -t rows <"$tmp/screen"
		[ "${#rows[@]}" = 7 ] || fail "wrapped at $size: $(<"$tmp/screen")"
	done
	cli_on xdp-drop-tcp --detach 2>"$tmp/pinned"
	cli_on tc-drop-tcp --detach 2>"$tmp/pinned"
}

screen_shows() {
	local text

	echo show >&"$keys"
	read_text "$tmp/screen.out"
	[[ $text = *$'\n--\n' ]] || return 1
	text=${text%$'\n--\n'} # only what was shown last
	[[ ${text##*$'\n--\n'}$'\n--' =~ $1 ]]
}

# A run on a terminal that $keys tells what happens to it; $pid is the loader's.
start_on_screen() {
	: >"$tmp/screen.out"
	mkfifo "$tmp/keys"
	exec {keys}<>"$tmp/keys"
	TERM=xterm "$tool" screen "$1" "${in_host[@]}" "${@:2}" \
		<"$tmp/keys" >"$tmp/screen.out" 2>&1 &
	screen=$!
	poll 10 screen_shows ': attached.*veth0 +xdp' || fail "not on the screen: $(<"$tmp/screen.out")"
	pid=
	read -r pid _ <"/proc/$screen/task/$screen/children" || [ -n "$pid" ]
}

screen_is_over() {
	is_over "$screen"
}

# The size changes between two frames: the next one is a new one, whole.
test_resized() {
	start_on_screen 100x24 xdp-drop-tcp -i 0.1 veth0
	echo "size 60x24" >&"$keys"
	poll 5 screen_shows $'bits/s\n +[0-9.]+ veth0( +[0-9a-z-]+){4}\n--' || fail "not drawn for it"
	echo "size 90x24" >&"$keys"
	poll 5 screen_shows $'undecided\n +[0-9.]+ veth0( +[0-9a-z-]+){6}\n--' || fail "not drawn for it"
	kill -INT "$pid"
	poll 5 screen_is_over || fail "it goes on"
	wait "$screen"
	tac "$tmp/screen.out" | sed '/^--$/,$d' >"$tmp/screen"
	copy "$tmp/screen" "$tmp/out"
	on_it 3 '^  time interface '
	on_it 3 '^ +[0-9.]+ veth0 '
	on_it 1 '^ +[0-9.]+ veth0 .*\(end\)$'
	cli_clean
}

# Ctrl-S, and a terminal that reads no more: signals end it all the same.
test_stopped_terminal() {
	local how n

	for how in stop hang; do
		rm -f "$tmp/keys"
		start_on_screen 80x24 xdp-drop-tcp -i 0.01 veth0
		echo "$how" >&"$keys"
		for ((n = 0; n < 3000; n++)); do
			kill -USR1 "$pid" # far more counters than there is room for
		done
		sleep 0.5 # it has tried to show something meanwhile
		kill -TERM "$pid"
		poll 5 screen_is_over || fail "$how: it goes on"
		wait "$screen" || [ $? = 1 ]
		cli_clean
	done
}

test_interval() {
	expect 0 cli_on xdp-drop-tcp --json --interval 0 --timeout 300ms veth0
	cli_counters 2 # the last line and the sums alone
	expect 0 cli_on xdp-drop-tcp --json -i 0.1 --timeout 1050ms veth0
	cli_counters 7 13
	expect 0 cli_on xdp-drop-tcp --json -i .4 --timeout 600ms veth0
	cli_counters 1 3
}

test_verbose_log() {
	expect 0 cli_on xdp-drop-tcp -i 0 -t 20ms veth0
	cli_unsaid 'processed|libbpf:'
	expect 0 cli_on xdp-drop-tcp --verbose -i 0 -t 20ms veth0
	said 'processed [0-9]+ insns'
	cli_unsaid 'libbpf: loading'
	expect 0 cli_on xdp-drop-tcp -vv -i 0 -t 20ms veth0
	said 'processed [0-9]+ insns'
	said 'libbpf: loading'
	expect 0 cli_on tc-drop-tcp -v --verbose -v --json -i 0 -t 20ms veth0
	said 'libbpf: loading'
	cli_counters 2
}

# shellcheck disable=SC2016 # expanded by that shell
test_head_of_output() {
	expect 0 cli_on bash -c 'xdp-drop-tcp -i 0.05 veth0 | head -n 1; exit ${PIPESTATUS[0]}'
	lines "$tmp/out" 1
	said 'the reader of the counters has gone: detached after [0-9.]+ s\.$'
	cli_unsaid '[Bb]roken|cannot'
	expect 0 cli_on bash -c 'tc-drop-tcp --json -i 0.05 veth0 | head -n 1; exit ${PIPESTATUS[0]}'
	# Ten seconds were asked for, and it did not last so long.
	expect 1 cli_on bash -c 'xdp-drop-tcp -i 0.05 -t 10s veth0 | head -n 1; exit ${PIPESTATUS[0]}'
	said 'the reader of the counters has gone: detached after [0-9]+\.[0-9] of 10\.0 s\.$'
	expect 1 cli_on bash -c 'xdp-drop-tcp --write - --json -i 0 -t 10s veth0 | head -c 10; exit ${PIPESTATUS[0]}'
	said 'the reader of the capture has gone: detached after [0-9.]+ of 10\.0 s\.$'
	said '"why":"reader gone","attached_ms":[0-9]{1,4},"final":true'
	expect 0 cli_on bash -c 'exec 3> >(true); wait $!; xdp-drop-tcp --list >&3'
	expect 0 cli_on bash -c 'exec 3> >(true); wait $!; xdp-drop-tcp --list --json >&3'
	cli_clean
}

test_full_output() {
	cli_says 1 'cannot show the counters: No space left' bash -c 'xdp-drop-tcp -i 0.05 veth0 >/dev/full'
	cli_clean
	cli_says 1 'cannot show the counters' bash -c 'tc-drop-tcp --clsact -j -i 0 -t 100ms veth0 >/dev/full'
	cli_clean
	cli_on ip link set veth0 xdp obj "$xdp_world" sec xdp
	cli_says 1 'cannot write the list: No space left' bash -c 'xdp-drop-tcp --list >/dev/full'
	cli_says 1 'cannot write the list' bash -c 'xdp-drop-tcp --list --json >/dev/full'
}

# With a descriptor closed, another file must not take its number and the data.
test_closed_output() {
	expect 0 cli_on bash -c 'xdp-drop-tcp -i 0.05 -t 300ms veth0 2>&-'
	told 'veth0 +xdp-native.*\(end\)$'
	cli_clean
	cli_says 1 'cannot show the counters' bash -c 'xdp-drop-tcp -i 0.05 veth0 >&-'
	cli_clean
	cli_says 1 'cannot show the counters' bash -c 'xdp-drop-tcp -i 0.05 veth0 <&- >&-'
	cli_clean
}

# It reads nothing. Its pipe is full, or will be soon.
stuck_reader() {
	local both

	rm -f "$tmp/pipe"
	mkfifo "$tmp/pipe"
	exec {both}<>"$tmp/pipe"
	exec {reader}<"$tmp/pipe"
	"$@"
	exec {both}>&-
}

fill_pipe() {
	dd if=/dev/zero of="$tmp/pipe" oflag=nonblock bs=4096 count=10000 2>"$tmp/dd" || true
	reads "$tmp/dd" 'unavailable' || fail "the pipe is not full: $(<"$tmp/dd")"
}

# It has written much, and now nothing for thirty intervals. Of the pipe's 64 KiB, what is
# left of a page stays free.
writer_is_stuck() {
	local wchar before

	wrote "$pid"
	before=$wchar
	[ "$before" -gt 40000 ] || return 1
	sleep 0.3
	wrote "$pid"
	[ "$wchar" = "$before" ]
}

start_stuck() {
	"${in_host[@]}" "$@" >"$tmp/pipe" 2>"$tmp/err" &
	pid=$!
	logs[$pid]=$tmp/stuck
	: >"$tmp/stuck.out"
	poll 10 reads "$tmp/err" ': attached'
}

# The pipe is full: a signal ends it, and what nobody has read is told.
test_stuck_reader() {
	local signal line list

	for signal in INT TERM; do
		stuck_reader start_stuck xdp-drop-tcp --json -i 0.01 veth0 lo
		poll 30 writer_is_stuck || fail "the pipe is not full"
		kill "-$signal" "$pid"
		copy "$tmp/err" "$tmp/stuck.err"
		poll 5 cli_has_ended || fail "SIG$signal: it goes on"
		copy "$tmp/err" "$tmp/stuck.err"
		cli_ends 1
		said '[1-9][0-9]* lines of counters were lost: the reader did not take them'
		cli_clean
		mapfile -t list <&"$reader"
		for line in "${list[@]}"; do
			[[ $line =~ ^\{.*\}$ ]] || fail "not a whole line: $line"
		done
		exec {reader}<&-
	done
}

# It goes on reading in time: the last lines come.
test_late_reader() {
	local late

	mkfifo "$tmp/pipe"
	cat "$tmp/pipe" >"$tmp/got" &
	late=$!
	start_stuck xdp-drop-tcp --json -i 0.01 veth0 lo
	kill -STOP "$late"
	poll 30 writer_is_stuck || fail "the pipe is not full"
	kill -INT "$pid"
	kill -CONT "$late"
	copy "$tmp/err" "$tmp/stuck.err"
	cli_ends 0
	wait "$late"
	copy "$tmp/got" "$tmp/out"
	told '^\{.*"interface":"veth0".*"why":"signal","attached_ms":[0-9]+,"final":true\}$'
	told '^\{.*"interface":"lo".*"final":true\}$'
	cli_clean
}

# Nor do words wait for their reader: attaching, the verifier's log, detaching.
test_stuck_words() {
	stuck_reader fill_pipe
	# shellcheck disable=SC2016 # expanded by that shell
	expect 0 cli_on bash -c 'exec xdp-drop-tcp -vv -i 0.01 -t 500ms veth0 2>"$0"' "$tmp/pipe"
	told '\(end\)$'
	cli_clean
	for _ in 1 2; do
		expect 0 cli_on xdp-drop-tcp --pin veth0 lo
		# shellcheck disable=SC2016 # the same
		expect 0 cli_on bash -c 'exec xdp-drop-tcp --detach veth0 lo >"$0" 2>&1' "$tmp/pipe"
		cli_clean
	done
	exec {reader}<&-
}

ktap_case output test_json "--json: one object a line, events, the last is final"
ktap_case output test_table "the table of counters"
ktap_case output test_file "the table in a file: one heading, and sums"
ktap_case live test_list_fits "--list fits on terminals of 60, 80 and 100 columns"
ktap_case live test_live "the table on a terminal of 60, 80 and 120 columns, and a long name"
ktap_case live test_usual "the table fits into 80 columns"
ktap_case live test_low "no room for the table, or a terminal that can only scroll"
ktap_case live test_resized "a terminal that changes its size"
ktap_case stuck test_stopped_terminal "a stopped terminal: signals end it"
ktap_case output test_interval "--interval"
ktap_case output test_verbose_log "--verbose, once and twice"
ktap_case output test_head_of_output "a reader that goes away"
ktap_case output test_full_output "no space left for the output"
ktap_case output test_closed_output "closed descriptors"
ktap_case stuck test_stuck_reader "a reader that stops: signals end it, lost lines are told, none is cut"
ktap_case stuck test_late_reader "a reader that goes on reading in time gets the last lines"
ktap_case stuck test_stuck_words "standard error that nobody reads: attaching, logs, --detach"
ktap_run "$@"
