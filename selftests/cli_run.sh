#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A run in the foreground: counters and their output, signals, time-outs,
# interfaces that change meanwhile; and clsact, which has no link.
set -eu

# shellcheck source-path=SCRIPTDIR source=lib/cli_lib.sh
. "$(dirname "$0")/lib/cli_lib.sh"
cli_private "$@"

# An IPv4 SYN of 54 bytes.
syn=020000000201020000000210080045000028000040004006c2c3cb00710acb007101
syn+=9c40005000000001000000005002ffff9b440000

# A way to attach for each kind: its program and options.
ways=("xdp-drop-world -N" "xdp-drop-tcp -S" "tc-drop-tcp" "tc-drop-tcp --clsact")

# Output

numbers='"passed_packets":[0-9]+,"passed_bytes":[0-9]+,"dropped_packets":[0-9]+,"dropped_bytes":[0-9]+'
numbers+=',"observed_packets":[0-9]+,"observed_bytes":[0-9]+,"undecided_packets":[0-9]+,"undecided_bytes":[0-9]+'

test_json() {
	local regex line list final=

	cli_wire
	expect 0 cli_on tc-drop-tcp --json --interval 0.05 --timeout 400ms veth0
	regex='^\{"time":"20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z"'
	regex+=',"elapsed_ms":[0-9]+,"interface":"veth0","ifindex":[0-9]+,"hook":"[a-z]+-egress"'
	mapfile -t list <"$tmp/out"
	[ "${#list[@]}" -ge 2 ] || fail "not several lines: ${list[*]}"
	for line in "${list[@]}"; do
		[[ $line =~ $regex,$numbers(,\"why\":\"timeout\",\"attached_ms\":[0-9]+)?,\"final\":(true|false)\}$ ]] ||
			fail "not as it should be: $line"
		final+="${BASH_REMATCH[1]:+why }${BASH_REMATCH[2]} "
	done
	[[ $final =~ ^(false )+why\ true\ $ ]] || fail "not the last line is final, and says why: $final"
	! command -v jq >/dev/null || jq -e .elapsed_ms "$tmp/out" >"$tmp/jq"
	cli_unsaid '[{}]'
	cli_clean
}

test_table() {
	cli_wire
	expect 0 cli_on xdp-drop-tcp --interval 0.05 --timeout 400ms veth0
	told '^ +time interface +hook +dropped +packets/s +bits/s +passed +undecided$'
	told '^ +[0-9]+\.[0-9] veth0 +xdp-native( +[0-9]+){5}$'
	told '^ +[0-9]+\.[0-9] veth0 +xdp-native( +[0-9]+){5} \(end\)$'
	cli_unsaid 'veth0 +xdp'
	expect 0 cli_on xdp-drop-tcp --observe --interval 0 --timeout 50ms veth0
	told 'hook +observed'
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

	cli_wire
	cli_on ip link add veth1 type veth peer name "$name"
	for size in 60x24 80x24 120x24; do
		on_screen "$size" xdp-drop-tcp -S veth0 "$name"
		# Without what went on in the next line, in the end.
		grep -vE '^ +((passed )?undecided|[0-9 ]*( *\(end\))?|\(end\))$' "$tmp/out" >"$tmp/screen"
		on_it 2 '^  time interface +hook '
		on_it 2 '^ +[0-9]+\.[0-9] veth0 +xdp-generic +0 '
		on_it 2 "^ +[0-9]+\\.[0-9] $name xdp-generic +0 "
		on_it 1 'time-out: everything passes'
		on_it 6 'xdp-generic +0|interface +hook'
	done
	on_it 2 "$name( +[0-9a-z-]+){6}( \\(end\\))?\$"
	on_it 1 "$name( +[0-9a-z-]+){6} \\(end\\)\$"
}

# What is usual fits into the usual size, with all of its columns.
test_usual() {
	cli_wire
	cli_on ip link add eth1 type veth peer name docker0
	on_screen 80x24 xdp-drop-tcp -S eth1 docker0
	copy "$tmp/out" "$tmp/screen"
	on_it 1 '^ +[0-9]+\.[0-9] eth1 +[a-z-]+( +[0-9]+){5}$'
	on_it 1 '^ +[0-9]+\.[0-9] eth1 +[a-z-]+( +[0-9]+){5} \(end\)$'
	on_it 1 '^ +[0-9]+\.[0-9] docker0 +[a-z-]+( +[0-9]+){5}$'
	on_it 2 '^  time interface hook .* undecided$'
}

# What the screen has no room for cannot be drawn over: it scrolls.
test_low() {
	local count

	need script
	cli_wire
	cli_on ip link add veth1 type veth peer name veth2
	TERM=xterm expect 0 script -qec "stty rows 4 cols 80; exec ${in_host[*]} xdp-drop-tcp -i 0.1 -t 450ms veth0 veth1" /dev/null
	told $'\e\\[3A\r'
	TERM=xterm expect 0 script -qec "stty rows 3 cols 80; exec ${in_host[*]} xdp-drop-tcp -i 0.1 -t 450ms veth0 veth1" /dev/null
	never reads "$tmp/out" $'\e'
	TERM=dumb expect 0 script -qec "stty rows 24 cols 80; exec ${in_host[*]} xdp-drop-tcp -i 0.1 -t 450ms veth0" /dev/null
	never reads "$tmp/out" $'\e'
	count '^  time'
	[ "$count" = 1 ] || fail "the heading comes too often"
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
	cli_wire
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

	cli_wire
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
	cli_wire
	expect 0 cli_on xdp-drop-tcp --json --interval 0 --timeout 300ms veth0
	lines "$tmp/out" 1 || fail "not the last line alone: $(<"$tmp/out")"
	expect 0 cli_on xdp-drop-tcp --json -i 0.1 --timeout 1050ms veth0
	lines "$tmp/out" 6 12 || fail "too few lines, or too many: $(<"$tmp/out")"
	expect 0 cli_on xdp-drop-tcp --json -i .4 --timeout 600ms veth0
	lines "$tmp/out" 0 2 || fail "too many lines: $(<"$tmp/out")"
}

test_verbose_log() {
	cli_wire
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
	lines "$tmp/out" 1 || fail "more than data: $(<"$tmp/out")"
}

# shellcheck disable=SC2016 # expanded by that shell
test_head_of_output() {
	cli_wire
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
	cli_wire
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
	cli_wire
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

wrote() {
	local name

	while read -r name bytes; do
		[ "$name" != wchar: ] || return 0
	done <"/proc/$pid/io"
}

# It has written much, and now nothing for thirty intervals. Of the pipe's 64 KiB, what is
# left of a page stays free.
writer_is_stuck() {
	local bytes before

	wrote
	before=$bytes
	[ "$before" -gt 40000 ] || return 1
	sleep 0.3
	wrote
	[ "$bytes" = "$before" ]
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

	cli_wire
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

	cli_wire
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
	cli_wire
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

# Counters at once, whatever the interval; and it goes on.
test_usr1() {
	local way

	cli_wire
	for way in "${ways[@]}"; do
		# shellcheck disable=SC2086 # program and option
		cli_start $way --json -i 0 veth0
		kill -USR1 "$pid"
		poll 5 lines "${logs[$pid]}.out" 1 || fail "no counters"
		kill -USR1 "$pid"
		poll 5 lines "${logs[$pid]}.out" 2 || fail "no counters again"
		copy "${logs[$pid]}.out" "$tmp/out"
		never grep -E 'final":true|why' "$tmp/out"
		cli_has 'veth0 '
		kill -USR1 "$pid"
		kill -TERM "$pid"
		cli_ends 0
		told '"why":"signal".*"final":true'
		cli_clean
	done
}

# The end

test_signals() {
	local way signal

	cli_wire
	for way in "${ways[@]}"; do
		for signal in INT TERM HUP; do
			# shellcheck disable=SC2086 # program and option
			cli_start $way -i 0 veth0
			kill "-$signal" "$pid"
			cli_ends 0
			told '\(end\)$'
			cli_clean
		done
	done
}

# As nohup has it: SIGHUP is ignored from the start.
test_nohup() {
	cli_wire
	cli_start env --ignore-signal=HUP xdp-drop-tcp -i 0.05 veth0
	kill -HUP "$pid"
	poll 5 lines "${logs[$pid]}.out" 4 9999 || fail "it ended"
	kill -TERM "$pid"
	cli_ends 0
	cli_clean
}

test_killed() {
	local way

	cli_wire
	for way in "${ways[@]:0:3}"; do
		# A clsact filter has no link: see the group lease.
		[[ $way != tc-* ]] || has_tcx || continue
		# shellcheck disable=SC2086 # program and option
		cli_start $way -i 0 veth0
		kill -9 "$pid"
		poll 5 cli_has_not 'veth0' || fail "it is still attached"
		cli_ends 137
		cli_clean
	done
}

test_timeout_ends() {
	local way ms text

	cli_wire
	for way in "${ways[@]}"; do
		# shellcheck disable=SC2086 # program and option
		expect 0 cli_on $way -i 0 --json -t 500ms veth0
		said 'time-out: everything passes'
		read_text "$tmp/out"
		[[ $text =~ \"elapsed_ms\":([0-9]+)[^}]*\"final\":true ]] || fail "no final line: $text"
		ms=${BASH_REMATCH[1]}
		[[ $ms -ge 500 && $ms -lt $((3000 * slack)) ]] || fail "after $ms ms"
		told '"why":"timeout","attached_ms":[0-9]+'
		cli_unsaid 'detached after'
		cli_clean
	done
	cli_start xdp-drop-tcp -i 0 --json -t 100s veth0
	kill "$pid"
	cli_ends 0
	said 'a signal came: detached after [0-9.]+ of 100\.0 s\.$'
	told '"why":"signal","attached_ms":[0-9]+'
}

test_observe() {
	cli_wire
	cli_start tc-drop-tcp --json -i 0 veth0
	cli_drops_tcp || fail "TCP passes"
	kill "$pid"
	cli_ends 0
	told '"dropped_packets":[1-9].*"observed_packets":0,'
	cli_start tc-drop-tcp --observe --json -i 0 veth0
	poll 3 cli_passes_tcp || fail "TCP does not pass"
	kill "$pid"
	cli_ends 0
	said 'attached .*observing'
	told '"dropped_packets":0,.*"observed_packets":[1-9]'
}

# What is no longer needed is given up. CAP_BPF is 39, CAP_NET_ADMIN 12.
test_capabilities_given_up() {
	local way want

	cli_wire
	for way in "${ways[@]}"; do
		want=0000008000000000
		# A clsact filter is removed by the process that attached it.
		if [[ $way = *clsact* ]] || { [[ $way = tc-* ]] && ! has_tcx; }; then
			want=0000008000001000
		fi
		# shellcheck disable=SC2086 # program and option
		cli_start $way -i 0 veth0
		poll 2 reads "/proc/$pid/status" $'\nCapEff:\t'"$want"$'\n' || fail "$(grep Cap "/proc/$pid/status")"
		reads "/proc/$pid/status" $'\nCapPrm:\t'"$want"$'\n'
		reads "/proc/$pid/status" $'\nNoNewPrivs:\t1\n'
		kill "$pid"
		cli_ends 0
	done
	cli_clean
}

# Meanwhile

test_deleted() {
	local way

	for way in "${ways[@]}"; do
		cli_wire_again
		# shellcheck disable=SC2086 # program and option
		cli_start $way --json -i 0 veth0
		cli_on ip link del veth0
		cli_ends 1
		said 'veth0: no longer attached, after [0-9.]+ s: the interface is deleted'
		said 'nothing is attached any more'
		told '"why":"interface gone","attached_ms":[0-9]+,"final":true'
	done
}

test_one_deleted() {
	local way gone stayed

	cli_wire
	for way in "${ways[@]}"; do
		cli_on ip link add veth1 type veth peer name veth2
		# shellcheck disable=SC2086 # program and option
		cli_start $way --json -i 0 veth0 veth1
		cli_on ip link del veth1
		poll 5 reads "${logs[$pid]}.err" 'veth1: no longer attached' || fail "it does not notice"
		cli_has 'veth0 '
		sleep 0.6
		kill "$pid"
		cli_ends 1
		cli_unsaid 'veth0: no longer'
		gone=$(attached_ms veth1 "interface gone")
		stayed=$(attached_ms veth0 signal)
		[ $((stayed - gone)) -ge 600 ] || fail "attached for $gone and $stayed ms"
		cli_clean
	done
	# Just before the end, too: 10 ms is less than the time between two looks.
	cli_on ip link add veth1 type veth peer name veth2
	cli_start xdp-drop-tcp --json -i 0 veth0 veth1
	cli_on ip link del veth1
	kill "$pid"
	cli_ends 1
	told 'veth1.*"why":"interface gone"'
}

# The time of one final line.
attached_ms() {
	local text

	read_text "$tmp/out"
	[[ $text =~ \"interface\":\"$1\"[^}]*\"why\":\"$2\",\"attached_ms\":([0-9]+) ]] ||
		fail "no such line: $text"
	echo "${BASH_REMATCH[1]}"
}

test_renamed() {
	local way

	for way in "${ways[@]}"; do
		cli_wire_again
		# shellcheck disable=SC2086 # program and option
		cli_start $way -i 0 veth0
		cli_on ip -batch - <<-END
			link set veth0 down
			link set veth0 name other0
		END
		cli_has '^other0 '
		kill "$pid"
		cli_ends 0
		told '\(end\)$'
		cli_has_not other0
		cli_state now
		[[ $now != *"kind clsact"* ]] || fail "a qdisc is left: $now"
	done
}

# clsact: a filter outlives its loader

has_filter() {
	local now

	cli_state now
	[[ $now = *"veth0 $1 filter 1/0xbdf bpf program"* ]]
}

test_left_over() {
	cli_wire
	cli_start tc-drop-tcp --clsact -i 0 veth0
	kill -9 "$pid"
	cli_ends 137
	cli_drops_tcp || fail "it does not outlive its loader?"
	cli_has '^veth0 clsact-egress .* left by a tc-drop-tcp that was killed, priority 1 handle 0xbdf$'
	poll 6 cli_passes_tcp || fail "it still drops after its lease"
	has_filter egress
	cli_start tc-drop-tcp --clsact -i 0 veth0
	kill "$pid"
	cli_ends 0
	said 'veth0: removing program id [0-9]+.*left by a run that was killed'
	cli_clean
}

test_left_over_detach() {
	cli_wire
	cli_start tc-drop-tcp --clsact --ingress -i 0 veth0
	kill -9 "$pid"
	cli_ends 137
	has_filter ingress
	expect 0 cli_on tc-drop-tcp --detach veth0
	said "veth0: detached program id [0-9]+ 'tc_drop_tcp'.* from clsact ingress"
	cli_clean
}

# At whatever answer of the kernel's it is killed: while it attaches, before it is
# pinned, after that.
test_killed_pinning() {
	local n=0 status=137

	need tc
	cli_wire
	while [ "$status" = 137 ]; do
		status=0
		cli_on "$tool" deny "RECEIVE@$((++n))" KILL tc-drop-tcp --clsact --pin veth0 \
			2>"$tmp/pin" || status=$?
		! has_filter egress || [ "$status" = 0 ] || poll 4 cli_passes_tcp || fail "$n: it goes on dropping"
		expect 0 cli_on tc-drop-tcp --detach veth0
		! has_filter egress || fail "$n: it is not removed"
		cli_on tc qdisc del dev veth0 clsact 2>"$tmp/none" || true # that nobody knows any more
	done
	[ "$status" = 0 ] || fail "exit status $status: $(<"$tmp/pin")"
	[ "$n" -gt 5 ] || fail "killed only $n times"
	cli_clean
}

# All that the kernel has done is undone, also what it could not say for want of memory.
test_lost_answers() {
	local n status

	cli_wire
	for n in {1..20}; do
		status=0
		cli_on "$tool" deny "RECEIVE@$n" ENOBUFS tc-drop-tcp --clsact -i 0 -t 1ms veth0 \
			>"$tmp/out" 2>"$tmp/err" || status=$?
		case $status in
		0) ;;
		1) said 'no memory for its answer' ;;
		*) fail "$n: exit status $status: $(<"$tmp/err")" ;;
		esac
		same_as_before || fail "$n, exit status $status: not as it was"
	done
}

# To ask for a filter holds the qdisc for that moment, and then nobody can remove it.
test_looked_at() {
	local n looking

	need tc
	cli_wire
	yes 'filter get dev veth0 egress protocol all prio 1 handle 0xbdf bpf' |
		"${in_host[@]}" timeout 30 tc -force -batch - >"$tmp/looking" 2>&1 &
	looking=$!
	for n in {1..20}; do
		expect 0 cli_on tc-drop-tcp --clsact -i 0 -t 1ms veth0
	done
	kill "$looking"
	wait "$looking" || true
	cli_clean
}

same_as_before() {
	wanted=$before
	cli_same
}

# A filter of ours whose deadline never comes, and which nobody pinned.
wire_endless() {
	local id bytes

	need bpftool jq tc
	cli_wire
	cli_on tc qdisc add dev veth0 clsact
	cli_on tc filter add dev veth0 egress prio 1 handle 0xbdf bpf da obj "$tc_tcp" sec tc
	id=$(cli_on tc -j filter show dev veth0 egress | jq '.[].options.prog.id | numbers')
	id=$(cli_on bpftool -j prog show id "$id" | jq '.map_ids[]')
	for id in $id; do
		bytes=$(cli_on bpftool -j map show id "$id" | jq -r 'select(.name == "tc_drop_.bss").bytes_value')
		[ "$bytes" = 16 ] || continue
		cli_on bpftool map update id "$id" key 0 0 0 0 \
			value 255 255 255 255 255 255 255 255 0 0 0 0 0 0 0 0
		return 0
	done
	fail "there is no map .bss"
}

test_endless() {
	wire_endless
	expect 0 cli_on tc-drop-tcp --detach veth0
	said 'veth0: detached'
	! has_filter egress || fail "it is not removed"
}

has_blocked_signals() {
	[[ $(<"/proc/$pid/status") =~ SigBlk:[[:space:]]*0*[1-9a-f] ]]
}

test_endless_signal() {
	local began

	wire_endless
	"${in_host[@]:0:2}" -i "${in_host[@]:2}" tc-drop-tcp --clsact veth0 >"$tmp/o" 2>"$tmp/e" &
	pid=$!
	logs[$pid]=$tmp/none
	touch "$tmp/none.out" "$tmp/none.err"
	poll 2 has_blocked_signals
	began=${EPOCHREALTIME/./}
	kill -INT "$pid"
	cli_ends 1
	[ $((${EPOCHREALTIME/./} - began)) -lt $((1500000 * slack)) ] || fail "it waits all the same"
	reads "$tmp/e" 'a signal came'
	has_filter egress
}

test_stopped() {
	cli_wire
	cli_start tc-drop-tcp --clsact -i 0 veth0
	cli_drops_tcp || fail "TCP passes"
	kill -STOP "$pid"
	poll 6 cli_passes_tcp || fail "it still drops after its lease"
	kill -CONT "$pid"
	poll 4 cli_drops_tcp || fail "TCP still passes"
	kill "$pid"
	cli_ends 0
	cli_clean
}

test_foreign_qdisc() {
	cli_wire
	cli_on tc qdisc add dev veth0 clsact
	cli_on tc filter add dev veth0 egress prio 1 handle 1 bpf da obj "$tc_tcp" sec tc
	cli_state before
	expect 0 cli_on tc-drop-tcp --clsact -i 0 -t 50ms veth0
	cli_clean
	cli_refused 3 'left alone.*by netlink \(tc\).*tc filter del' tc-drop-tcp --detach veth0
	cli_on tc filter del dev veth0 egress
	cli_state before
	expect 0 cli_on tc-drop-tcp --clsact -i 0 -t 50ms veth0
	cli_clean
}

test_foreign_on_clsact() {
	cli_wire
	cli_start tc-drop-tcp --clsact -i 0 veth0
	cli_on tc filter add dev veth0 ingress prio 5 handle 7 bpf da obj "$tc_tcp" sec tc
	kill "$pid"
	cli_ends 0
	cli_has '^veth0 clsact-ingress .* by netlink \(tc\), priority 5 handle 0x7$'
	! has_filter egress || fail "ours is left"
}

test_two_directions() {
	local first

	cli_wire
	for way in "--ingress --egress" "--egress --ingress"; do
		cli_start tc-drop-tcp --clsact "${way% *}" -i 0 veth0
		first=$pid
		cli_start tc-drop-tcp --clsact "${way#* }" -i 0 veth0
		kill "$first"
		poll 4 cli_has_not "held by process $first"
		cli_has "held by process $pid "
		kill "$pid"
		cli_ends 0
		cli_clean
	done
}

test_taken_off() {
	cli_wire
	cli_start tc-drop-tcp --clsact -i 0 veth0
	cli_on tc qdisc del dev veth0 clsact
	cli_ends 1
	said 'veth0: no longer attached'
	cli_clean
	cli_start tc-drop-tcp --clsact -i 0 veth0
	cli_on tc filter del dev veth0 egress
	cli_ends 1
	said 'veth0: no longer attached'
	told 'veth0.*\(end\)$'
	cli_clean
	cli_start tc-drop-tcp --clsact --json -i 0 veth0
	cli_on tc filter del dev veth0 egress
	cli_ends 1
	told '"why":"taken off"'
	cli_clean
}

ktap_case output test_json "--json: one object a line, the last is final"
ktap_case output test_table "the table of counters"
ktap_case live test_live "the table on a terminal of 60, 80 and 120 columns, and a long name"
ktap_case live test_usual "the table fits into 80 columns"
ktap_case live test_low "no room for the table, or a terminal that can only scroll"
ktap_case live test_resized "a terminal that changes its size"
ktap_case stuck test_stopped_terminal "a stopped terminal: signals end it"
ktap_case stuck test_stuck_reader "a reader that stops: signals end it, lost lines are told, none is cut"
ktap_case stuck test_late_reader "a reader that goes on reading in time gets the last lines"
ktap_case stuck test_stuck_words "standard error that nobody reads: attaching, logs, --detach"
ktap_case output test_interval "--interval"
ktap_case output test_verbose_log "--verbose, once and twice"
ktap_case output test_head_of_output "a reader that goes away"
ktap_case output test_full_output "no space left for the output"
ktap_case output test_closed_output "closed descriptors"
ktap_case end test_signals "SIGINT, SIGTERM and SIGHUP: detached, exit 0"
ktap_case end test_usr1 "SIGUSR1: counters at once"
ktap_case end test_nohup "SIGHUP under nohup: it goes on"
ktap_case end test_killed "SIGKILL: the link goes with the process"
ktap_case end test_timeout_ends "--timeout"
ktap_case end test_observe "--observe counts and passes"
ktap_case end test_capabilities_given_up "capabilities are given up"
ktap_case meanwhile test_deleted "the interface is deleted"
ktap_case meanwhile test_one_deleted "one of two interfaces is deleted"
ktap_case meanwhile test_renamed "the interface is renamed"
ktap_case lease test_left_over "clsact: a killed run leaves an inert filter, removed by the next"
ktap_case lease test_killed_pinning "clsact: --pin, killed at any moment: nothing drops for ever"
ktap_case lease test_lost_answers "clsact: answers of the kernel are lost: nothing is left"
ktap_case lease test_looked_at "others look at the filter all the time"
ktap_case lease test_endless "clsact: a leftover without end is removed, in seconds"
ktap_case lease test_endless_signal "clsact: a signal ends the waiting"
ktap_case lease test_stopped "clsact: a stopped run drops no more"
ktap_case clsact test_left_over_detach "clsact: --detach removes what a killed run left"
ktap_case clsact test_foreign_qdisc "clsact: another's qdisc and filter stay"
ktap_case clsact test_foreign_on_clsact "clsact: another's filter on our qdisc stays"
ktap_case clsact test_two_directions "clsact: the last of two runs removes the qdisc"
ktap_case clsact test_taken_off "clsact: the qdisc or the filter is removed by somebody"
ktap_run "$@"
