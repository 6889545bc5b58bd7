#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# --trace: a line for each packet that is not just passed, of nobody else's; no
# cost without it; nothing left behind; and nobody is waited for.
set -eu

# shellcheck source-path=SCRIPTDIR source=cli_lib.sh
. "$(dirname "$0")/cli_lib.sh"
cli_private "$@"
probe=$(built probe)
# Tracing, mounted nowhere but in our hands: whether programs find it is tested, too.
mount -t tracefs tracefs /run/netns
exec {tracing}</run/netns
umount -l /run/netns

# An IPv4 SYN of 54 bytes, and a frame that ends within its IP header.
syn=020000000201020000000210080045000028000040004006c2c3cb00710acb007101
syn+=9c40005000000001000000005002ffff9b440000
short=02000000020102000000021008004500

send() {
	"${in_ctr[@]}" "$probe" send eth0 "$@"
}

# Many more; what a full queue loses is lost.
flood() {
	"${in_ctr[@]}" "$probe" flood eth0 "$@" >"$tmp/flood"
}

# At least so many lines of the run $pid match.
tells() {
	local count

	count "$2" "${logs[$pid]}.err"
	[ "$count" -ge "$1" ]
}

# $1 lines that match $2, no more, since the last ends.
said_times() {
	local count

	count "$2" "$tmp/err"
	[ "$count" = "$1" ] || fail "not $1 lines '$2':"$'\n'"$(<"$tmp/err")"
}

each='^ +[0-9]+\.[0-9]{6}  cpu [0-9]+ +veth0: '

test_lines() {
	local way count

	for way in "xdp-drop-world -N" "xdp-drop-tcp -S" "tc-drop-tcp --ingress"; do
		wire_again
		# shellcheck disable=SC2086 # program and option
		start $way --trace --json -i 0 veth0
		send "$syn" 3
		poll 5 tells 3 "${each}dropped, 54 bytes\$" || fail "no lines: $(<"${logs[$pid]}.err")"
		kill -INT "$pid"
		ends 0
		said_times 3 "${each}dropped, 54 bytes\$"
		count "$each" "$tmp/err"
		[ "$count" = "$(numbers_of dropped_packets)" ]
		count '' "$tmp/out"
		[ "$count" = 1 ] || fail "more than data: $(<"$tmp/out")"
		unsaid 'lost'
		clean
	done
}

wire_again() {
	[ -z "${host-}" ] || [ "$host" != "host.$BASHPID" ] || after_each
	wire
}

numbers_of() {
	local line

	while read -r line; do
		[[ ! $line =~ \"$1\":([0-9]+) ]] || echo "${BASH_REMATCH[1]}"
	done <"$tmp/out"
}

test_words() {
	wire
	start xdp-drop-tcp --trace --observe -i 0 veth0
	send "$syn" 2
	send "$short" 1
	poll 5 tells 1 undecided || fail "no lines: $(<"${logs[$pid]}.err")"
	kill "$pid"
	ends 0
	said_times 2 "${each}observed, 54 bytes\$"
	said_times 1 "${each}undecided, 16 bytes\$"
	unsaid dropped
}

# Both have the same ifindex, and print into every trace on this machine.
test_others() {
	local first at_host

	wire
	start xdp-drop-tcp --trace --json -i 0 veth0
	first=$pid
	at_host=("${in_host[@]}")
	in_host=("${in_ctr[@]}")
	start tc-drop-tcp --observe --trace --json -i 0 eth0
	in_host=("${at_host[@]}")
	"${in_ctr[@]}" bash -c 'exec 3</dev/tcp/203.0.113.1/9' 2>/dev/null &
	poll 5 tells 1 ' eth0: observed, [0-9]+ bytes'
	kill "$pid"
	ends 0
	unsaid 'veth0|dropped'
	pid=$first
	poll 5 tells 1 "${each}dropped" || fail "no lines: $(<"${logs[$pid]}.err")"
	kill "$first"
	ends 0
	unsaid ' eth0|observed'
}

# Its kernel side has nothing of it, unless it is asked for. What bpftool takes its
# time for is the name of what is called; in this kernel, its number is always the same.
test_free() {
	local program number=''

	need bpftool
	wire
	for program in xdp-drop-world xdp-drop-tcp tc-drop-tcp; do
		start "$program" --trace -i 0 veth0
		if [ -z "$number" ]; then
			expect 0 bpftool prog dump xlated id "$(program_id)"
			told 'call bpf_trace_printk#'
			[[ $(<"$tmp/out") =~ call\ bpf_trace_printk#(-?[0-9]+) ]]
			printf -v number %08x $((BASH_REMATCH[1] & 0xffffffff))
		fi
		calls "$number" || fail "$program --trace prints nothing"
		kill "$pid"
		ends 0
		start "$program" -i 0 veth0
		never calls "$number"
		kill "$pid"
		ends 0
	done
}

program_id() {
	[[ ! $(<"${logs[$pid]}.err") =~ program\ id\ ([0-9]+) ]] || echo "${BASH_REMATCH[1]}"
}

# Does the run $pid call what has this number in hexadecimal? The code of a call is 0x85.
calls() {
	local words

	bpftool prog dump xlated id "$(program_id)" file "$tmp/xlated"
	words=$(od -A n -v -w8 -t x4 "$tmp/xlated")
	[[ $words = *$'\n'" 00000095 "* ]] || fail "no exit: $words"
	[[ $words = *$'\n'" 00000085 $1"* ]]
}

# Has process $1 an instance?
instances() {
	local each

	for each in "/proc/self/fd/$tracing/instances/bpf-drop-$1-"*; do
		[ ! -e "$each" ] || return 0
	done
	return 1
}

# Any run of ours removes what a killed one left, other tests' runs too.
test_left() {
	local signal other

	wire
	for signal in INT TERM HUP; do
		start xdp-drop-tcp --trace -i 0 veth0
		instances "$pid" || fail "where is its instance?"
		kill "-$signal" "$pid"
		ends 0
		never instances "$pid"
	done
	on ip link add veth1 type veth peer name veth2
	start tc-drop-tcp --trace -i 0 veth1
	other=$pid
	start xdp-drop-tcp --trace -i 0 veth0
	instances "$pid" || fail "where is its instance?"
	kill -KILL "$pid"
	ends 137
	expect 0 on xdp-drop-world --trace -i 0 -t 50ms veth0
	never instances "$pid"
	instances "$other" || fail "a living one's instance is gone"
	kill "$other"
}

test_failed() {
	local got=0

	wire
	on ip link set veth0 xdp obj "$(built xdp_drop_world_kern.o)" sec xdp
	"${in_host[@]}" xdp-drop-tcp --trace veth0 >"$tmp/out" 2>"$tmp/err" &
	pid=$!
	wait "$pid" || got=$?
	[ "$got" = 3 ] || fail "exit status $got"
	said 'runs there already'
	never instances "$pid"
}

test_lacking() {
	wire
	# shellcheck disable=SC2016 # expanded by that shell
	refused 4 'no tracing.*CONFIG_TRACING' \
		unshare --mount sh -c 'mount -t tmpfs tmpfs /sys/kernel && exec xdp-drop-tcp --trace veth0'
}

# Who reads stops reading. Dropping goes on, the end comes, lines are counted.
test_slow() {
	local reader lost='' count

	wire
	mkfifo "$tmp/pipe"
	cat "$tmp/pipe" >"$tmp/lines" &
	reader=$!
	"${in_host[@]}" xdp-drop-tcp --trace --json -i 0 veth0 >"$tmp/slow.out" 2>"$tmp/pipe" &
	pid=$!
	poll 10 grep -qs ': attached' "$tmp/lines"
	kill -STOP "$reader"
	flood "$syn" 5000
	sleep "$slack" # so that it has looked
	kill -CONT "$reader"
	kill -INT "$pid"
	poll 10 has_ended || fail "it goes on"
	wait "$pid"
	wait "$reader"
	copy "$tmp/slow.out" "$tmp/out"
	mv "$tmp/lines" "$tmp/err"
	clean
	count "$each" "$tmp/err"
	[[ ! $(tail -n 1 "$tmp/err") =~ ([0-9]+)\ of\ [0-9]+\ trace\ lines\ were\ lost ]] || lost=${BASH_REMATCH[1]}
	[ "${lost:-0}" -gt 0 ] || fail "none was lost: $(tail -n 3 "$tmp/err")"
	[ $((count + lost)) = "$(numbers_of dropped_packets)" ] ||
		fail "$count lines, lost $lost, dropped $(numbers_of dropped_packets)"
}

# It never reads again.
test_stuck() {
	local reader

	wire
	mkfifo "$tmp/pipe"
	tail -f /dev/null <"$tmp/pipe" &
	reader=$!
	"${in_host[@]}" xdp-drop-tcp --trace --json -i 0 -t 1s veth0 >"$tmp/out" 2>"$tmp/pipe" &
	pid=$!
	poll 10 has veth0
	flood "$syn" 5000
	poll 15 has_ended || fail "it goes on"
	wait "$pid"
	kill "$reader"
	clean
}

# Nowhere to write to: it drops on, and says by its exit status that lines are missing.
test_full() {
	local got=0

	wire
	"${in_host[@]}" xdp-drop-tcp --trace --json -i 0 veth0 >"$tmp/out" 2>/dev/full &
	pid=$!
	poll 10 has veth0
	send "$syn" 3
	sleep 0.2
	has veth0 || fail "it ended"
	kill -INT "$pid"
	wait "$pid" || got=$?
	[ "$got" = 1 ] || fail "exit status $got"
	[ "$(numbers_of dropped_packets)" = 3 ] || fail "$(<"$tmp/out")"
	clean
}

# What else is opened must not take the place of a closed standard error.
test_closed() {
	local got=0

	wire
	"${in_host[@]}" xdp-drop-tcp --trace --json -i 0 --write "$tmp/file" veth0 >"$tmp/out" 2>&- &
	pid=$!
	poll 10 has veth0
	send "$syn" 3
	kill "$pid"
	wait "$pid" || got=$?
	[ "$got" = 1 ] || fail "exit status $got"
	[ "$(numbers_of captured_packets)" = 3 ] || fail "$(<"$tmp/out")"
	never grep -aE 'attached|dropped, ' "$tmp/file"
	clean
}

# As with the counters: who reads no more wants no more.
test_head() {
	wire
	"${in_host[@]}" xdp-drop-tcp --trace --json -i 0 veth0 >"$tmp/out" 2> >(head -n 2 >"$tmp/lines") &
	pid=$!
	poll 10 has veth0
	poll 10 ends_by_syn || fail "it goes on"
	wait "$pid"
	clean
}

ends_by_syn() {
	send "$syn" 1
	sleep 0.1
	has_ended
}

test_capabilities() {
	wire
	start xdp-drop-tcp --trace -i 0 veth0
	poll 2 grep -q '^CapEff:.*0000008000000000$' "/proc/$pid/status" || fail "$(grep Cap "/proc/$pid/status")"
	kill "$pid"
	ends 0
	never instances "$pid"
}

test_usage() {
	local with

	wire
	for with in --pin --list --detach; do
		says 2 '--trace needs a process|Try' xdp-drop-tcp --trace "$with" veth0
		said '--trace needs a process that reads'
	done
	expect 0 on tc-drop-tcp --help
	told '--trace +tell of each packet'
}

ktap_case lines test_lines "a line for each packet that is dropped, on standard error"
ktap_case lines test_words "observed and undecided ones are told, too"
ktap_case lines test_others "not those of other programs"
ktap_case lines test_free "without it, the kernel side has nothing of it"
ktap_case ends test_left "the tracing instance goes; a killed run's by the next run"
ktap_case ends test_failed "refused: no instance is left"
ktap_case ends test_lacking "no tracing in this kernel"
ktap_case ends test_capabilities "capabilities are given up"
ktap_case slow test_slow "a slow reader: dropping goes on, lost lines are counted"
ktap_case slow test_stuck "a reader that stops: the end comes all the same"
ktap_case slow test_full "no space left: it drops on, and exits with 1"
ktap_case slow test_closed "closed: the same, and other files stay clean"
ktap_case slow test_head "a reader that goes away ends it"
ktap_case slow test_usage "wrong usage and help"
ktap_run "$@"
