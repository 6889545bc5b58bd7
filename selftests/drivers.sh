#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The programs on each kind of device, at each hook, with three MTUs. TCP, UDP and ICMP
# cross the device in packets of up to the MTU, first without a program. What became of
# them with it is one of these words, and drivers.expected has the word that it must be:
#
#   ok        attached as asked; TCP was dropped, the rest passed; counters and capture
#             are right to the byte; drop-where shows these drops
#   lower     the same, but drop-where shows them on a device below
#   unshown   the same, but drop-where does not show them
#   unseen    attached, but packets pass by the program: it counts none, and the loader says so
#   unused    attached, but no packet comes there: the device counts none, either
#   refused   not attached, and why
#   none      the device cannot have this MTU, or loses such packets without a program, too
#   wrong     anything else
#
# A comment of the results has each of them, by tabs:
#
#   # cell  DEVICE  HOOK  MTU  WORD  EXPECTED  WHY
#
# lib/device_lib.sh makes the devices. NICs are tested in the guest of make drivers: there,
# the n-th of drivers.expected has number n.
set -eu

. "$(dirname "$0")/lib/device_lib.sh"
cli_private "$@"

exec 3>&1 # a test's own output is shown only if it fails
mtus=(1500 3000 9000)
hooks=(native generic ingress egress)

set_mtu() {
	local each

	for each in $alike; do
		"${in_host[@]}" ip link set "$each" mtu "$1" || return
	done
	[ -z "$peer" ] || "${in_peer[@]}" ip link set "$peer" mtu "$1"
}

# Some drivers take seconds until their link is up again after each change.
is_alive() {
	"${in_peer[@]}" "$tool" probe icmp "$ours" 300 >"$tmp/alive" 2>&1
}

wait_alive() {
	[ -n "$mute" ] || poll 2 is_alive
}

# Where the packets end that come in, or go out, as $way is: what has arrived there by now,
# by InSegs of TCP, NoPorts of UDP, and InMsgs of ICMP in /proc/net/snmp.
note_arrived() {
	local line there=$in_ctr_pid

	[ "$way" = out ] && [ "$kind" != lo ] || there=$where
	while read -ra line; do
		case ${line[0]} in
		Icmp:) icmp=${line[1]} ;;
		Tcp:) tcp=${line[10]} ;;
		Udp:) udp=${line[2]} ;;
		esac
	done <"/proc/$there/net/snmp"
}

# Has all of it arrived, or been dropped? Dropped packets are as the loader shows them
# upon SIGUSR1, which takes a moment.
is_settled() {
	local text=''

	dropped=0
	if [ -n "$pid" ]; then
		kill -USR1 "$pid"
		read_text "$tmp/run.out"
		[[ ! $text =~ .*\"dropped_packets\":([0-9]+) ]] || dropped=${BASH_REMATCH[1]}
	fi
	note_arrived
	[[ -z $mute || -n $pid ]] || return 0
	[ $((tcp - tcp_before + dropped)) = 3 ] || return
	[ -n "$mute" ] || [[ $udp != "$udp_before" && $icmp != "$icmp_before" ]]
}

# Send them, and wait.
exchange() {
	local icmp udp

	note_arrived
	tcp_before=$tcp udp_before=$udp icmp_before=$icmp dropped=0
	if [ "$way" = out ]; then
		"${in_host[@]}" "$tool" probe mix "$at" "$theirs" "$mtu"
	elif [ -n "$peer" ]; then
		"${in_peer[@]}" "$tool" probe mix "$peer" "$ours" "$mtu"
	else
		return 0
	fi
	poll 1 is_settled
}

# Without a program, of TCP's SYNs: what the device's own tap shows is what a capture must have. False if
# not all that is sent arrives.
baseline() {
	local pid='' way ways=2 tap status=0

	[ -n "$peer" ] && [ "$egress" = out ] || ways=1
	: >"$tmp/tap.err"
	"${in_host[@]}" tcpdump -Z root --nano --immediate-mode -U -i "$dev" -c $((3 * ways)) \
		-w "$tmp/tap.pcap" 'tcp[13] = 2' 2>"$tmp/tap.err" &
	tap=$!
	poll 5 reads "$tmp/tap.err" "listening on" || fail "tcpdump: $(<"$tmp/tap.err")"
	for way in in out; do
		[[ $way = out && $egress = in ]] || exchange || status=1
	done
	poll 1 is_over "$tap" || kill -INT "$tap"
	wait "$tap" || true
	return $status
}

run_settled() {
	reads "$tmp/run.err" ': attached (' || is_over "$pid"
}

# The hook's program; its words.
run_start() {
	local program=(xdp-drop-tcp "--$1-mode")

	case $1 in
	generic) program=(xdp-drop-tcp --skb-mode) ;;
	ingress | egress) program=(tc-drop-tcp "--$1") ;;
	esac
	rm -f "$tmp/capture"
	: >"$tmp/run.err"
	"${in_host[@]}" "${program[@]}" -i 0 --json -w "$tmp/capture" "$dev" \
		>"$tmp/run.out" 2>"$tmp/run.err" &
	pid=$!
	poll 10 run_settled || fail "the loader neither attaches nor gives up"
	reads "$tmp/run.err" ': attached ('
}

# It is told after two seconds in which packets have passed.
unseen_is_told() {
	is_alive || true
	reads "$tmp/run.err" 'the program has seen none'
}

run_end() {
	kill "$pid"
	wait "$pid" || why="the loader's exit status is $?"
	read_text "$tmp/run.out"
	for name in dropped_packets dropped_bytes captured_packets passed_packets; do
		[[ $text =~ .*\"$name\":([0-9]+) ]]
		counted[$name]=${BASH_REMATCH[1]}
	done
}

# The drops that drop-where has at this hook since it was asked last: $shown on $dev,
# $below on another device.
ask_where() {
	local line hook=$1

	case $hook in
	native | generic) hook=xdp-$hook ;;
	*) hook=tc-$hook ;;
	esac
	: >"$tmp/where.out"
	kill -USR1 "$where"
	poll 5 reads "$tmp/where.out" '"missed":' || fail "drop-where does not answer"
	shown=0 below=0
	while read -r line; do
		[[ $line = *"\"hook\":\"$hook\""* && $line =~ \"packets\":([0-9]+) ]] || continue
		if [[ $line = *"\"interface\":\"$dev\""* ]]; then
			shown=$((shown + BASH_REMATCH[1]))
		else
			below=$((below + BASH_REMATCH[1]))
		fi
	done <"$tmp/where.out"
}

# Is the capture what the tap saw, and are these the bytes that were counted?
is_captured() {
	local line bytes=0

	if ! "$tool" pcapng_check -pt "$tmp/capture" "$tmp/tap.pcap" >"$tmp/packets" 2>&1; then
		tcpdump -nr "$tmp/tap.pcap" 2>&1
		return 1
	fi
	while read -r line; do
		[[ ! $line =~ ^packet=.*\ length=([0-9]+) ]] || bytes=$((bytes + BASH_REMATCH[1]))
	done <"$tmp/packets"
	[ "$bytes" = "${counted[dropped_bytes]}" ]
}

# Into $word and, if it is not as it should be, $why.
judge_cell() {
	local dropped=${counted[dropped_packets]} passed=${counted[passed_packets]}

	word=wrong
	if [ -n "$why" ]; then
		return
	elif [ "$dropped" = 0 ] && [ "$passed" = 0 ]; then
		word=${told:-unused}
	elif [ -z "$settled" ] || [ "$dropped" != 3 ] || [ "$tcp" != "$tcp_before" ]; then
		why="dropped $dropped of 3, passed $passed; $((tcp - tcp_before)) arrived"
	elif [ "${counted[captured_packets]}" != 3 ] || ! is_captured; then
		why="captured ${counted[captured_packets]}: $(tail -n1 "$tmp/packets")"
	elif [ "$shown" = 3 ]; then
		word=ok
	elif [ "$shown:$below" = 0:3 ]; then
		word=lower
	elif [ "$shown:$below" = 0:0 ]; then
		word=unshown
	else
		why="drop-where shows $shown and, on other devices, $below"
	fi
}

# Hook $1 with this MTU.
test_cell() {
	local way=in settled='' told='' tcp tcp_before udp_before icmp_before text name shown below
	local -A counted=()

	[ "$1" != egress ] || way=$egress
	word='' why=''
	if ! run_start "$1"; then
		wait "$pid" || true
		word=refused
		read -r why <"$tmp/run.err"
		why=${why#*: "$dev": } why=${why%%. *}
		return
	fi
	wait_alive || true
	! exchange || settled=yes
	[ "$dropped" != 0 ] || [ -z "$peer" ] || ! poll 2 unseen_is_told || told=unseen
	run_end
	ask_where "$1"
	judge_cell
}

# Every hook with this MTU: the cells from number $1 on.
test_cells() {
	local cell=$1 hook word='' why=''

	if ! set_mtu "$mtu" 2>"$tmp/mtu"; then
		word=none
	elif ! wait_alive || ! baseline; then
		word=none why="packets are lost without a program, too"
	fi
	for hook in "${hooks[@]}"; do
		[ "$word" = none ] || test_cell "$hook"
		printf '# cell\t%s\t%s\t%s\t%s\t%s\t%s\n' \
			"$kind" "$hook" "$mtu" "$word" "${expected[cell]}" "$why" >&3
		[ "$word" = "${expected[cell]}" ] ||
			differs+=("$hook, MTU $mtu: $word, expected ${expected[cell]}; $why")
		cell=$((cell + ${#mtus[@]}))
	done
}

# test_device KIND NUMBER WORD…: NUMBER is a NIC's; a word for each hook and MTU
test_device() {
	local kind=$1 number=$2 expected=("${@:3}") differs=() i mtu
	local dev peer at alike egress mute in_peer ours theirs where in_ctr_pid pid

	need tcpdump
	device_make "$kind" "$number"
	: >"$tmp/where.err"
	"${in_host[@]}" drop-where --json --summary >>"$tmp/where.out" 2>"$tmp/where.err" &
	where=$!
	"${in_ctr[@]}" sleep 3600 &
	in_ctr_pid=$!
	poll 20 reads "$tmp/where.err" listening || fail "drop-where: $(<"$tmp/where.err")"
	for i in "${!mtus[@]}"; do
		mtu=${mtus[i]}
		test_cells "$i"
	done
	[ "${#differs[@]}" = 0 ] || { printf '%s\n' "${differs[@]}" && exit 1; }
}

number=0 group=1
while read -ra row; do
	[[ ${row[0]-#} != \#* ]] || continue
	if [ "${#row[@]}" = 13 ]; then
		group=$((3 - group))
		ktap_case "made$group" "${row[0]}" "${row[0]}" test_device "${row[0]}" 0 "${row[@]:1}"
		continue
	fi
	number=$((number + 1))
	ktap_case nics "${row[0]}" "NIC: ${row[0]}" test_device "${row[0]}" "$number" "${row[@]:1:12}"
done <"$(dirname "$0")/drivers.expected"
ktap_run "$@"
