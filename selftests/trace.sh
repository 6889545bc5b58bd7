#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# --trace: a line in the kernel's trace for each packet that is dropped, observed or
# undecided, found as the loader says; no cost without it.
set -eu

. "$(dirname "$0")/lib/cli_lib.sh"
. "$(dirname "$0")/lib/frames.sh"
. "$(dirname "$0")/lib/tracing_lib.sh"
cli_private "$@"

# A frame that ends within its IP header.
short=02000000020102000000021008004500

setup_lines() {
	[ -d $tracing ] || skip "needs $tracing: a kernel with CONFIG_TRACING"
	[ -e $tracing/events ] || mount -t tracefs tracefs $tracing
	[ -d $tracing/events/bpf_trace ] || skip "needs bpf_trace_printk: a kernel with CONFIG_BPF_EVENTS"
	tracing_begin "$ktap_group_pid"
}

ktap_after_group=remove_tracing
remove_tracing() {
	[ -n "${instance-}" ] || return 0
	umount $tracing
	tracing_remove "$ktap_group_pid"
}

# What the last run says is to be typed, and its mark.
marked() {
	local text

	read_text "$1"
	[[ $text =~ :\ (grep\ \'by\ ([0-9a-f]+)\ on\'\ $tracing/trace_pipe)$'\n' ]] || fail "no mark: $text"
	command=${BASH_REMATCH[1]} mark=${BASH_REMATCH[2]}
}

# How many lines of this mark end so.
count_lines() {
	cat $tracing/trace >"$tmp/trace"
	count "bpf_trace_printk: by $mark on [0-9]+: $1\$" "$tmp/trace"
}

trace_has_lines() {
	count_lines "$2"
	[ "$count" = "$1" ]
}

traced() {
	poll 5 trace_has_lines "$@" || fail "not $1 lines '$2':"$'\n'"$(grep "by $mark" "$tmp/trace")"
}

# Dropped, observed and undecided ones, at each hook.
test_lines() {
	local way send option frame verdict

	for way in "xdp-drop-world -N" "xdp-drop-tcp -N" "xdp-drop-tcp -S" "tc-drop-tcp --ingress" tc-drop-tcp; do
		send=("${in_ctr[@]}" "$tool" probe send eth0)
		[ "$way" != tc-drop-tcp ] || send=("${in_host[@]}" "$tool" probe send veth0)
		for option in '' --observe; do
			# shellcheck disable=SC2086 # program and options
			cli_start $way $option --trace --json -i 0 veth0
			poll 5 reads "${logs[$pid]}.err" trace_pipe
			marked "${logs[$pid]}.err"
			for frame in "$frame_syn" "$frame_syn" "$frame_syn" "$short"; do
				# On the way out, the sender is told that it was dropped.
				"${send[@]}" "$frame" 1 || [ "$way" = tc-drop-tcp ]
			done
			verdict=dropped
			[ -z "$option" ] || verdict=observed
			traced 3 "$verdict, 54 bytes"
			if [[ $way = xdp-drop-world* ]]; then
				traced 1 "$verdict, 16 bytes"
			else
				traced 1 "undecided, 16 bytes"
			fi
			cli_stop INT
			count_lines "$verdict, [0-9]+ bytes"
			told "\"${verdict}_packets\":$count,"
			cli_counters 2
		done
	done
	cli_clean
}

# What it says is to be typed shows this run's lines alone, though both have one ifindex.
test_typed() {
	local first others

	cli_start xdp-drop-tcp --trace -i 0 veth0
	first=$pid
	poll 5 reads "${logs[$pid]}.err" trace_pipe
	marked "${logs[$pid]}.err"
	others=$mark
	in_host=("${in_ctr[@]}")
	cli_start tc-drop-tcp --observe --trace -i 0 eth0
	poll 5 reads "${logs[$pid]}.err" trace_pipe
	marked "${logs[$pid]}.err"
	[ "$mark" != "$others" ]
	# It waits for a full block, but not on a terminal.
	bash -c "exec ${command/grep/grep --line-buffered}" >"$tmp/lines" &
	"${in_ctr[@]}" "$tool" probe send eth0 "$frame_syn" 1
	poll 5 reads "$tmp/lines" ": observed, 54 bytes" || fail "nothing: $(<"$tmp/lines")"
	never reads "$tmp/lines" dropped
	cli_stop
	pid=$first mark=$others
	cli_stop
}

# It works without a reader.
test_pinned() {
	expect 0 cli_on xdp-drop-tcp --trace --pin veth0
	marked "$tmp/err"
	"${in_ctr[@]}" "$tool" probe send eth0 "$frame_syn" 2
	traced 2 'dropped, 54 bytes'
	expect 0 cli_on xdp-drop-tcp --detach veth0
	cli_clean
}

# On top of /sys/kernel, for a loader alone: $1 makes what stands there.
trace_elsewhere() {
	expect 0 cli_on "$tool" stage private sh -c "mount -t tmpfs tmpfs /sys/kernel && $1 && exec xdp-drop-tcp --trace -i 0 -t 50ms veth0"
}

test_places() {
	trace_elsewhere 'mkdir -p /sys/kernel/debug/tracing && : >/sys/kernel/debug/tracing/trace_pipe'
	said "grep 'by [0-9a-f]+ on' /sys/kernel/debug/tracing/trace_pipe\$"
	cli_unsaid 'not mounted'
	trace_elsewhere :
	said ': mount -t tracefs nodev /sys/kernel/tracing$'
	said "grep 'by [0-9a-f]+ on' /sys/kernel/tracing/trace_pipe\$"
}

# Its kernel side has nothing of it, unless it is asked for. What bpftool takes its
# time for is the name of what is called; in this kernel, its number is always the same.
test_free() {
	local program number=''

	need bpftool
	for program in "${programs[@]}"; do
		cli_start "$program" --trace -i 0 veth0
		if [ -z "$number" ]; then
			expect 0 bpftool prog dump xlated id "$(program_id)"
			told 'call bpf_trace_printk#'
			[[ $(<"$tmp/out") =~ call\ bpf_trace_printk#(-?[0-9]+) ]]
			printf -v number %08x $((BASH_REMATCH[1] & 0xffffffff))
		fi
		calls "$number" || fail "$program --trace prints nothing"
		cli_stop
		cli_start "$program" -i 0 veth0
		never calls "$number"
		cli_stop
	done
}

program_id() {
	[[ ! $(<"${logs[$pid]}.err") =~ program\ id\ ([0-9]+) ]] || echo "${BASH_REMATCH[1]}"
}

# Does the run $pid call what has this number in hexadecimal? The code of a call is 0x85, the
# first byte of a word: the last one that od prints of it, or the first on a big-endian machine.
calls() {
	local words

	bpftool prog dump xlated id "$(program_id)" file "$tmp/xlated"
	words=$(od -A n -v -w8 -t x4 "$tmp/xlated")
	[[ $words =~ $'\n'" "(00000095|95000000)" " ]] || fail "no exit: $words"
	[[ $words =~ $'\n'" "(00000085|85000000)" $1" ]]
}

test_usage() {
	local with

	for with in --list --detach; do
		cli_says 2 '--trace are for attaching|Try' xdp-drop-tcp --trace "$with" veth0
	done
	expect 0 cli_on tc-drop-tcp --help
	told '--trace +a line for each packet'
}

ktap_case lines test_lines "a line for each packet dropped, observed or undecided, at each hook"
ktap_case lines test_typed "what it says is to be typed shows this run's lines alone"
ktap_case lines test_pinned "pinned: the lines go on"
ktap_case places test_places "where the trace is, or how to mount it"
ktap_case places test_free "without it, the kernel side has nothing of it"
ktap_case places test_usage "wrong usage and help"
ktap_run "$@"
