#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The life of a capture: pipes, slow readers and none, full disks, floods. And
# always: captured + lost = dropped, and so much as captured is in the file.

set -eu
. "$(dirname "$0")/lib/capture_lib.sh"

send_syn() {
	frame_tcp "$to_docker0" "" 4 60 | "${in_ctr[@]}" "$tool" probe send eth0 -
}

# --- pipes ---

reader_has_lines() {
	local lines

	mapfile -t lines <"$tmp/reader.out"
	[ "${#lines[@]}" = "$1" ]
}

ktap_case pipe live "--write - | tcpdump -nr -: each packet within a second, while it runs"
live() {
	local count

	need tcpdump
	capture_pipe_to tcpdump -lnr - -- xdp-drop-tcp veth0
	for count in 1 2 3; do
		send_syn
		poll 3 reader_has_lines "$count" || fail "packet $count is not shown: $(cat "$tmp/reader.err")"
	done
	lab_stop
	wait "$reader"
	reads "$tmp/reader.out" "203.0.113.10.40000 > 203.0.113.1.80: Flags [S]"
	capture_totals
	[ "$captured" = 3 ]
}

ktap_case pipe live_tc "the same by tc-drop-tcp, where tcpdump on the interface shows nothing"
live_tc() {
	need tcpdump
	capture_pipe_to tcpdump -lnr - -- tc-drop-tcp veth0
	capture_oracle host veth0 0 tcp and dst 203.0.113.10
	lab_tcp_lost
	poll 3 reads "$tmp/reader.out" "203.0.113.10.80: Flags [S]"
	capture_oracle_stop
	poll 5 capture_oracle_ended
	reads "$tmp/oracle.err" $'\n0 packets captured' || fail "$(cat "$tmp/oracle.err")"
	lab_stop
	wait "$reader"
}

ktap_case pipe early_end "--write - | head -c 100, and | true: the end, which is told, exit status 0"
early_end() {
	for reader in "head -c 100" true; do
		# shellcheck disable=SC2086 # words
		capture_pipe_to command $reader -- xdp-drop-tcp veth0 || true
		lab_ended 0
		never grep -v '^{\|attached\|: a VLAN tag \|the reader of the capture has gone: detached after [0-9.]* s\.$' "$tmp/loader.err"
		reads "$tmp/loader.err" "has gone: detached after"
		reads "$tmp/loader.err" '"final":true'
	done
	lab_tcp_passes
}

ktap_case pipe killed_reader "the reader is killed in a flood: the end, and all is counted"
killed_reader() {
	capture_pipe_to cat -- xdp-drop-tcp veth0
	capture_flood_begin 100000
	capture_arrived "$tmp/reader.out" 500
	kill -KILL "$reader"
	lab_ended 0
	capture_flood_end
	capture_totals
	[ "$matched" -gt 0 ]
	[ $((captured + lost)) = "$matched" ]
}

reader_has() {
	local file

	for file in "/proc/$reader/fd/"*; do
		[ ! "$file" -ef "$1" ] || return 0
	done
	return 1
}

# Opening it for both does not wait, and then the reader does not wait either.
ktap_case pipe fifo "--write FIFO: read by another process"
fifo() {
	local both

	mkfifo "$tmp/fifo"
	exec {both}<>"$tmp/fifo"
	cat "$tmp/fifo" {both}>&- >"$tmp/got" &
	reader=$!
	poll 5 reader_has "$tmp/fifo"
	lab_load xdp-drop-tcp --write "$tmp/fifo" veth0
	exec {both}>&-
	send_syn
	capture_arrived "$tmp/got" 1
	lab_stop
	wait "$reader"
	capture_adds_up "$tmp/got"
	[ "$captured" = 1 ]
}

rest_arrived() {
	tail -c +7 "$tmp/f" >"$tmp/rest"
	"$tool" pcapng_wait 0 "$tmp/rest" 1
}

ktap_case pipe appended "--write - >>FILE: what stood there stays"
appended() {
	local line

	echo "Kept." >"$tmp/f"
	"${in_host[@]:0:2}" -i "${in_host[@]:2}" "$(built xdp-drop-tcp)" --json --write - veth0 \
		>>"$tmp/f" 2>"$tmp/loader.err" &
	loader=$!
	poll 15 lab_settled
	send_syn
	poll 5 rest_arrived
	lab_stop
	cp "$tmp/loader.err" "$tmp/loader.out"
	read -r line <"$tmp/f"
	[ "$line" = "Kept." ]
	tail -c +7 "$tmp/f" >"$tmp/rest"
	capture_adds_up "$tmp/rest"
	[ "$captured" = 1 ]
}

# --- wrong usage, and files that cannot be written ---

refuses() {
	need ip
	expect "$@"
	[ -z "$(lab_xdp_id veth0)" ]
	[ ! -e "$tmp/new" ] || fail "a file was left"
}

ktap_case usage wrong_usage "wrong --snaplen and --write are refused with 2"
wrong_usage() {
	local value

	for value in 0 65536 x "" -1 1.5 " 1" 99999999999999999999; do
		refuses 2 lab_program xdp-drop-tcp --write "$tmp/new" "--snaplen=$value" veth0
		said "is not a length"
	done
	refuses 2 lab_program xdp-drop-tcp --snaplen 96 veth0
	said "write"
	for value in --pin --list --detach; do
		refuses 2 lab_program xdp-drop-tcp --write "$tmp/new" "$value" veth0
		said "write"
	done
}

ktap_case usage terminal "--write - on a terminal is refused with 2"
terminal() {
	need script
	refuses 2 lab_on_host timeout 60 script -qec "$(built xdp-drop-tcp) --write - veth0" /dev/null
	told "is a terminal"
}

ktap_case usage unwritable "files that cannot be written: told, nothing attached, nothing left"
unwritable() {
	mkdir "$tmp/dir"
	lab_on_host mount -t tmpfs -o ro tmpfs "$tmp/dir"
	mkfifo "$tmp/fifo"
	echo "Kept." >"$tmp/old"
	ln -s old "$tmp/link"
	ln -s new "$tmp/dangling"
	refuses 1 lab_program xdp-drop-tcp --write "$tmp/no/file" veth0
	said "No such file"
	refuses 1 lab_program xdp-drop-tcp --write "$tmp" veth0
	said "[Dd]irectory"
	refuses 1 lab_program xdp-drop-tcp --write "$tmp/dir/file" veth0
	said "Read-only"
	refuses 1 lab_program xdp-drop-tcp --write "$tmp/fifo" veth0
	said "without a reader"
	refuses 2 lab_program xdp-drop-tcp --write "$tmp/link" veth0
	said "symbolic link"
	refuses 2 lab_program xdp-drop-tcp --write "$tmp/dangling" veth0
	[ "$(<"$tmp/old")" = "Kept." ]
	refuses 1 lab_program xdp-drop-tcp --write /dev/full veth0
	said "No space"
	lab_tcp_passes
}

# Existing files are not written over; what is no regular file is written to.
ktap_case usage existing "a file that is there already is refused with 3, and replaced with --force"
existing() {
	echo "Kept." >"$tmp/old"
	refuses 3 lab_program xdp-drop-tcp --write "$tmp/old" veth0
	said "exists already.*--force"
	[ "$(<"$tmp/old")" = "Kept." ]
	lab_tcp_passes
	lab_load xdp-drop-tcp --force --write "$tmp/old" veth0
	send_syn
	lab_stop
	capture_adds_up "$tmp/old"
	[ "$captured" = 1 ]
	expect 3 lab_program xdp-drop-tcp --write "$tmp/old" veth0
	capture_adds_up "$tmp/old"
	expect 0 lab_program xdp-drop-tcp --timeout 20ms --write /dev/null veth0
}

# By a switch of the whole machine, which one test at a time may touch: as it was before.
ktap_case usage planted_fifo "a pipe that another user made in a directory like /tmp is refused"
planted_fifo() {
	local switch=/proc/sys/fs/protected_fifos before status=0

	[ -w $switch ] || skip "no $switch to write to"
	mkdir -m 1777 "$tmp/dir"
	mkfifo "$tmp/dir/fifo"
	chown 65534 "$tmp/dir/fifo"
	exec 9<$switch
	flock 9
	before=$(<$switch)
	echo 1 >$switch
	(refuses 1 lab_program xdp-drop-tcp --write "$tmp/dir/fifo" veth0) || status=$?
	echo "$before" >$switch
	[ "$status" = 0 ] && said "Permission denied"
}

ktap_case usage left_untouched "if attaching is refused, an old file is untouched and no new one left"
left_untouched() {
	lab_load xdp-drop-tcp veth0
	echo "Kept." >"$tmp/old"
	expect 4 lab_program xdp-drop-tcp --force --native-mode --write "$tmp/old" lo
	[ "$(<"$tmp/old")" = "Kept." ]
	expect 3 lab_program xdp-drop-tcp --write "$tmp/new" veth0
	[ ! -e "$tmp/new" ]
	lab_stop
}

# --- files ---

ktap_case file full_disk "a full disk: dropping goes on, the file ends with its last whole packet"
full_disk() {
	local lines count

	mkdir "$tmp/full"
	lab_on_host mount -t tmpfs -o size=64k tmpfs "$tmp/full"
	lab_load xdp-drop-tcp --write "$tmp/full/f" veth0
	capture_flood 2000 150
	poll 5 reads "$tmp/loader.err" "cannot be written any more"
	lab_tcp_lost
	kill -INT "$loader"
	lab_ended 1
	count "No space" "$tmp/loader.err"
	[ "$count" = 1 ]
	lab_on_host cat "$tmp/full/f" >"$tmp/f"
	capture_adds_up "$tmp/f" -q
	# How many of a flood reach the interface depends on the machine.
	[[ $captured -gt 100 && $lost -gt 500 ]] || fail "captured $captured, lost $lost"
	[ "$(wc -c <"$tmp/f")" -gt 65000 ]
	! command -v capinfos >/dev/null || capinfos -Mc "$tmp/f" >"$tmp/capinfos"
	expect 0 tcpdump -nr "$tmp/f"
	mapfile -t lines <"$tmp/out"
	[ "${#lines[@]}" = "$captured" ]
}

ktap_case file sigkill "kill -9 in a flood: the file is whole up to its last packet"
sigkill() {
	lab_load xdp-drop-tcp --write "$tmp/f" veth0
	capture_flood_begin 100000
	capture_arrived "$tmp/f" 600
	kill -KILL "$loader"
	capture_flood_end
	"$tool" pcapng_check -cq "$tmp/f" >"$tmp/packets"
	[[ $(tail -n 1 "$tmp/packets") =~ total=([0-9]+) && ${BASH_REMATCH[1]} -gt 500 ]]
	lab_tcp_passes
}

ktap_case file timeout_ends_file "--timeout: the capture ends properly"
timeout_ends_file() {
	capture_flood_begin 100000000
	lab_load xdp-drop-tcp --timeout 300ms --write "$tmp/f" --snaplen 64 veth0
	lab_ended 0
	kill "$flood"
	capture_adds_up "$tmp/f" -q
	[ "$captured" -gt 0 ]
	capture_shown "^statistics=veth0@xdp "
}

# --- floods ---

ktap_case flood flood_file "a flood to a file: none is lost, and all are in order"
flood_file() {
	lab_load xdp-drop-tcp --write "$tmp/f" --snaplen 96 veth0
	# The ring alone has room for as many.
	capture_flood $((100000 / slack))
	lab_stop
	capture_adds_up "$tmp/f" -n -q
	# Most of a flood the veth drops ahead of XDP if it does not get to poll.
	[[ $matched -gt $((10000 / slack)) && $lost = 0 ]] || fail "lost $lost of $matched"
}

ktap_case flood flood_ended "the loader ends in the midst of a flood: nothing is uncounted"
flood_ended() {
	local program

	for program in "xdp-drop-tcp --native-mode" "xdp-drop-tcp --skb-mode" "tc-drop-tcp --ingress" \
		"tc-drop-tcp --ingress --clsact"; do
		rm -f "$tmp/f"
		# shellcheck disable=SC2086 # words
		lab_load $program --write "$tmp/f" --snaplen 96 veth0
		capture_flood_begin 100000000
		capture_arrived "$tmp/f" 100
		lab_stop
		capture_flood_end
		capture_adds_up "$tmp/f" -n -q
	done
}

ktap_case flood slow_reader "a slow reader gets all that there was room for, after the end too"
slow_reader() {
	capture_pipe_to sh -c "sleep 1; exec cat" -- xdp-drop-tcp --snaplen 96 veth0
	capture_flood $((100000 / slack))
	lab_stop
	wait "$reader"
	capture_adds_up "$tmp/reader.out" -n -q
	[[ $captured -gt $((10000 / slack)) && $lost = 0 ]] || fail "captured $captured, lost $lost"
}

# Twice what the ring, 16 MiB, has room for. Few and long: it is packets that take time.
flood_over() {
	capture_flood 24000 1400
}

ktap_case stopped stopped_reader "a stopped reader: dropping goes on, losses are counted, it ends in time"
stopped_reader() {
	local began

	capture_pipe_to cat -- xdp-drop-tcp veth0
	kill -STOP "$reader"
	flood_over
	lab_tcp_lost
	began=$(lab_now_ms)
	kill -INT "$loader"
	lab_ended 1
	[ $(($(lab_now_ms) - began)) -lt 30000 ] || fail "after $(($(lab_now_ms) - began)) ms"
	reads "$tmp/loader.err" "reads no more"
	kill -CONT "$reader"
	wait "$reader"
	capture_adds_up "$tmp/reader.out" -c -q
	[[ $matched -gt 16000 && $lost -gt 0 && $captured -gt 20 ]]
}

longer() {
	[ "$(wc -c <"$1")" -gt "$2" ]
}

# All that the ring and the pipe held is with the reader.
dropped_told() {
	local size

	size=$(wc -c <"$tmp/reader.out")
	sleep 1
	[ "$size" -gt 1000000 ] && [ "$(wc -c <"$tmp/reader.out")" = "$size" ]
}

ktap_case stopped late_reader "a reader that stops and goes on: losses between are in the file"
late_reader() {
	local size

	capture_pipe_to cat -- xdp-drop-tcp veth0
	kill -STOP "$reader"
	flood_over
	kill -CONT "$reader"
	poll 5 dropped_told
	size=$(wc -c <"$tmp/reader.out")
	send_syn
	poll 5 longer "$tmp/reader.out" "$size"
	lab_stop
	wait "$reader"
	capture_adds_up "$tmp/reader.out" -q
	[[ $matched -gt 16000 && $lost -gt 0 ]]
	grep -q " told=$lost$" "$tmp/packets" || fail "lost $lost: $(tail -n 1 "$tmp/packets")"
}

ktap_case lease lease "tc-drop-tcp --clsact: the lease is renewed while the reader is stopped"
lease() {
	capture_pipe_to cat -- tc-drop-tcp --clsact veth0
	kill -STOP "$reader"
	lab_on_host "$tool" probe flood docker0 "$(frame_tcp "$to_ctr" "" 4 1400)" 24000 >"$tmp/flood"
	sleep 4.2
	lab_tcp_lost
	kill -INT "$loader"
	lab_ended 1
	lab_tcp_passes
	kill -CONT "$reader"
	wait "$reader"
	capture_adds_up "$tmp/reader.out" -c -q
	[ "$lost" -gt 0 ]
}

ktap_run "$@"
