#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# --follow: interfaces that come, or come again, while a loader runs. Here they are f0, f1, …,
# each a veth with its peer g0, g1, …
set -eu

. "$(dirname "$0")/lib/cli_lib.sh"
. "$(dirname "$0")/lib/frames.sh"
cli_private "$@"

frame=$(frame_tcp "$to_ctr" "" 4)
ways=("xdp-drop-tcp -N" "xdp-drop-tcp -S" "tc-drop-tcp --ingress" "tc-drop-tcp --ingress --clsact")

# One comes, and both ends are up; further words are for ip: "master br0".
come() {
	cli_on ip -batch - <<-END
		link add f$1 ${2-} type veth peer name g$1
		link set g$1 up
		link set f$1 up
	END
}

# has_said REGEX TIMES: the loader, by now
has_said() {
	count "$1" "${logs[$pid]}.err"
	[ "$count" = "$2" ]
}

says() {
	poll 5 has_said "$@" || fail "not $2 times '$1':"$'\n'"$(<"${logs[$pid]}.err")"
}

# So many packets arrive on f$1.
arrive() {
	poll 5 cli_is_up "g$1" || fail "g$1 is not up"
	"${in_host[@]}" "$tool" probe flood "g$1" "$frame" "$2" >"$tmp/flood"
}

# None, then one, then it is gone and there again: its counters go on.
test_come() {
	local way

	for way in "${ways[@]}"; do
		# shellcheck disable=SC2086 # program and options
		cli_start $way --follow --json -i 0 veth0 'f*' f1
		says '(f\*|f1): there is no such interface yet\.$' 2
		come 0
		says 'f0: attached ' 1
		arrive 0 5
		cli_on ip link del f0
		says 'f0: no longer attached, after [0-9.]+ s: the interface is deleted' 1
		come 0
		says 'f0: attached ' 2
		arrive 0 3
		come 1
		says 'f1: attached ' 1
		arrive 1 2
		cli_on ip link del f1
		cli_stop
		told '"interface":"f0",[^}]*"dropped_packets":8,.*"why":"signal"'
		told '"interface":"f1",[^}]*"dropped_packets":2,.*"why":"interface gone"'
		told '"interfaces":3,.*"dropped_packets":10,.*"total":true'
		count '"final":true'
		[ "$count" = 3 ] || fail "not three lines and the sums: $(<"$tmp/out")"
		count '"event":"attached",.*"interface":"f0"'
		[ "$count" = 2 ] || fail "not two events: $(<"$tmp/out")"
		cli_on ip link del f0
		cli_clean
	done
}

test_none() {
	expect 0 cli_on xdp-drop-tcp --follow --json -t 300ms 'f*'
	said 'f\*: there is no such interface yet\.$'
	told '"interfaces":0,.*"why":"timeout".*"total":true'
	count passed_packets
	[ "$count" = 1 ] || fail "more than the sums: $(<"$tmp/out")"
	expect 0 cli_on tc-drop-tcp --follow -t 300ms f0
	said 'dropped 0 packets \(0 B\) on 0 interfaces'
	cli_clean
}

test_follow_usage() {
	local option

	for option in --pin --detach --list; do
		cli_refused 2 '--follow needs a process' xdp-drop-tcp --follow "$option" veth0
	done
	expect 0 cli_on xdp-drop-tcp --pin veth0
	cli_refused 3 'attached to none of the 2 interfaces' xdp-drop-tcp --follow lo veth0 'f*'
	expect 0 cli_on xdp-drop-tcp --detach veth0
	cli_clean
}

test_renamed_to_match() {
	cli_on ip link add other type veth peer name g0
	cli_start tc-drop-tcp --follow --observe -i 0 veth0 'f[0-9]'
	cli_on ip link set other name f0
	says 'f0: attached .*, observing$' 1
	cli_on ip link set f0 name f1
	cli_on ip link set f1 up
	cli_has '^f1 '
	has_said attached 2 || fail "twice: $(<"${logs[$pid]}.err")"
	cli_stop
	cli_on ip link del f1
	cli_clean
}

# The next request after those of the start fails: that is tried again without another change.
test_unread() {
	local sends

	or_skip "no seccomp filters here" cli_on "$tool" deny PROG_LOAD EPERM true
	cli_on ip link add other type veth peer name g0
	cli_on "$tool" deny --count "$tmp/calls" tc-drop-tcp --follow -i 0 -t 100ms 'f*' 2>"$tmp/counted"
	sends=$(awk '$1 == "SEND" { print $2 }' "$tmp/calls")
	"${in_host[@]}" "$tool" deny "SEND@$((sends + 1))" EPERM tc-drop-tcp --follow -i 0 'f*' \
		>"$tmp/unread.out" 2>"$tmp/unread.err" &
	pid=$! logs[$!]=$tmp/unread
	says 'there is no such interface yet' 1
	cli_on ip link set other name f0
	says 'cannot ask the kernel about interfaces' 1
	says 'f0: attached' 1
	cli_stop
	cli_on ip link del f0
	cli_clean
}

# What cannot be attached to is told once, and the others drop on.
test_refused() {
	or_skip "this kernel has no bridge" cli_on ip link add bridge0 type bridge
	cli_start xdp-drop-tcp -N --follow --force -i 0 veth0 'f*'
	come 1
	says 'f1: attached' 1
	cli_on ip link set bridge0 name f0
	says 'f0: not attached\. It goes on without\.$' 1
	cli_on ip link set f0 up
	sleep 3.1 # a lease is over by then
	cli_drops_tcp || fail "it passes TCP"
	has_said 'f0: .*does not support XDP in native mode' 1
	cli_on ip link del f0
	# The same name, but it can be attached to.
	come 0
	says 'f0: attached' 1
	cli_stop
	cli_on ip link del f0
	cli_on ip link del f1
	cli_clean
}

test_two() {
	local first

	cli_start xdp-drop-tcp -S --follow -i 0 veth0 'f*'
	first=$pid
	cli_start xdp-drop-tcp -S --follow -i 0 lo 'f*'
	come 0
	poll 5 both_know || fail "$(<"${logs[$first]}.err")"$'\n'"$(<"${logs[$pid]}.err")"
	cli_stop
	pid=$first
	cli_stop
	cli_on ip link del f0
	cli_clean
}

# One has it, the other one was refused.
both_know() {
	local count all

	count 'f0: attached' "${logs[$first]}.err"
	all=$count
	count 'f0: attached' "${logs[$pid]}.err"
	[ $((all + count)) = 1 ] || return 1
	count 'f0: not attached' "${logs[$first]}.err"
	all=$count
	count 'f0: not attached' "${logs[$pid]}.err"
	[ $((all + count)) = 1 ]
}

# 50 come and go at once: it ends as it should, and nothing is left.
test_follow_many() {
	local way i sum line

	for ((i = 0; i < 50; i++)); do
		echo "link add f$i type veth peer name g$i"
	done >"$tmp/add"
	sed 's/add/del/; s/ type.*//' "$tmp/add" >"$tmp/del"
	for way in "${ways[@]}"; do
		# shellcheck disable=SC2086 # program and options
		cli_start $way --follow --json -i 0 veth0 'f*'
		cli_on ip -batch - <"$tmp/add"
		cli_on ip -batch - <"$tmp/del"
		come 50
		says 'f50: attached ' 1
		arrive 50 3
		"${in_ctr[@]}" "$tool" probe flood eth0 "$frame" 4 >"$tmp/flood"
		cli_counted 4
		cli_stop
		sum=0
		while IFS= read -r line; do
			[[ $line = *'"total":true'* || ! $line =~ \"dropped_packets\":([0-9]+) ]] || sum=$((sum + BASH_REMATCH[1]))
		done <"$tmp/out"
		[ "$sum" = 7 ] || fail "$sum packets: $(grep -v '"passed_packets":0,.*"dropped_packets":0,' "$tmp/out")"
		told '"dropped_packets":7,.*"total":true'
		cli_on ip link del f50
		cli_clean
	done
	# A signal that comes while many wait ends it at once.
	cli_start xdp-drop-tcp --follow -i 0 veth0 'f*'
	cli_on ip -batch - <"$tmp/add"
	cli_stop
	cli_on ip -batch - <"$tmp/del"
	cli_clean
}

# Killed, it leaves nothing that drops, and nothing that --detach does not take.
test_follow_killed() {
	local way

	for way in "${ways[@]}"; do
		# shellcheck disable=SC2086 # program and options
		cli_start $way --follow -i 0 veth0 'f*'
		come 0
		says 'f0: attached' 1
		kill -9 "$pid"
		cli_ends 137
		expect 0 cli_on "${way%% *}" --detach
		poll 5 cli_has_not '^(f0|veth0) ' || fail "it is still attached"
		cli_on ip link del f0
		cli_clean
	done
}

# No XDP program can come below one: a bridge's, as docker0's, goes for that moment.
test_port() {
	or_skip "this kernel has no bridge" cli_on ip link add br0 type bridge
	cli_on ip link set br0 up
	cli_start xdp-drop-tcp --follow --json -i 0 'f*' br0
	come 0 "master br0"
	says 'f0: attached ' 1
	says 'br0: taken off for a moment, as f0 is below it\.$' 1
	cli_has '^f0 xdp-native '
	cli_has '^br0 xdp-generic '
	arrive 0 4
	cli_stop
	told '"interface":"f0",[^}]*"dropped_packets":4,'
	told '"interface":"br0",.*"why":"signal"'
	cli_on ip link del f0
	! is_linux 5.15 || port_of_others
	cli_on ip link del br0
	cli_clean
}

# Of the loader's four links the third, f0's, is refused; or the last one, br0's again.
test_port_fails() {
	local n status=0

	or_skip "this kernel has no bridge" cli_on ip link add br0 type bridge
	or_skip "no seccomp filters here" cli_on "$tool" deny PROG_LOAD EPERM true
	for n in 3 4; do
		cli_start "$tool" deny "LINK_CREATE@$n" ENOMEM xdp-drop-tcp --follow --json -i 0 'f*' br0
		come 0 "master br0"
		says 'f0: (not )?attached' 1
		if [ "$n" = 3 ]; then
			says 'f0: not attached' 1
			cli_has '^br0 xdp-generic '
			cli_has_not '^f0 '
		else
			says 'br0: no longer attached\.$' 1
			cli_has '^f0 xdp-native '
			cli_has_not '^br0 '
			status=1
		fi
		kill "$pid"
		cli_ends "$status"
		said 'out of memory'
		cli_on ip link del f0
	done
	told '"interface":"br0",.*"why":"failed"'
	cli_on ip link del br0
	cli_clean
}

# Another's program above stays; what is a port no longer is tried again.
port_of_others() {
	cli_on ip link set dev br0 xdp obj "$xdp_world" sec xdp
	cli_start xdp-drop-tcp --follow -i 0 veth0 'f*'
	come 0 "master br0"
	says 'f0: not attached' 1
	has_said 'f0: cannot attach to .*: br0, a device above it, has an XDP program' 1 || fail "$(<"${logs[$pid]}.err")"
	cli_on ip link set f0 nomaster
	says 'f0: attached ' 1
	cli_stop
	cli_on ip link del f0
}

# The container's end of a veth is made here: where it goes, nothing is dropped.
test_moved_away() {
	local way

	cli_wire_third
	for way in "${ways[@]}"; do
		# shellcheck disable=SC2086 # program and options
		cli_start $way --follow --json -i 0 veth0 'f*'
		come 0
		says 'f0: attached ' 1
		cli_on ip link set f0 netns "$third"
		says 'f0: no longer attached' 1
		expect 0 "${in_third[@]}" xdp-drop-tcp --list
		said 'no XDP'
		"${in_third[@]}" ip link set f0 netns "$host"
		says 'f0: attached ' 2
		cli_stop
		cli_on ip link del f0
		cli_clean
	done
}

test_captured() {
	cli_start xdp-drop-tcp --follow --json -i 0 -w "$tmp/file" veth0 'f*'
	come 0
	says 'f0: attached ' 1
	arrive 0 5
	come 1
	says 'f1: attached ' 1
	"${in_ctr[@]}" "$tool" probe flood eth0 "$frame" 2 >"$tmp/flood"
	cli_on ip link del f0
	says 'f0: no longer' 1
	come 0
	says 'f0: attached ' 2
	arrive 0 1
	cli_stop
	told '"interface":"f0",.*"dropped_packets":6,.*"captured_packets":6,"lost_packets":0'
	told '"captured_packets":8,"lost_packets":0,.*"total":true'
	expect 0 "$tool" pcapng_check "$tmp/file"
	told 'f0@xdp'
	cli_on ip link del f0
	cli_on ip link del f1
	cli_clean
}

# Each that comes is held against one's own SSH session.
test_guarded() {
	local -x SSH_CONNECTION='203.0.113.10 5000 203.0.113.1 22'

	cli_start unshare --pid --fork --kill-child --mount-proc xdp-drop-tcp --follow -i 0 lo 'f*'
	cli_on ip -batch - <<-END
		link set veth0 down
		link set veth0 name f0
		link set f0 up
	END
	says 'f0: not attached' 1
	has_said 'f0: your SSH session from 203\.0\.113\.10 arrives here' 1 || fail "$(<"${logs[$pid]}.err")"
	come 1
	says 'f1: attached' 1
	cli_has_not '^f0 '
	end_jobs KILL
	cli_ends 137
}

ktap_case follow test_come "one comes, goes, and comes again"
ktap_case follow test_none "none comes"
ktap_case follow test_follow_usage "what it excludes, and all or none at the start"
ktap_case follow test_renamed_to_match "one is renamed so that it matches"
ktap_case follow test_unread "one comes while the kernel does not tell of interfaces"
ktap_case follow test_moved_away "one moves to another network namespace"
ktap_case follow test_guarded "one's own SSH session would be cut off"
ktap_case many test_refused "one cannot be attached to"
ktap_case many test_two "two instances"
ktap_case many test_follow_many "50 come and go at once"
ktap_case many test_follow_killed "SIGKILL"
ktap_case many test_port "a bridge with the program gets a port"
ktap_case many test_port_fails "the same, and attaching fails"
ktap_case many test_captured "--write"
ktap_run "$@"
