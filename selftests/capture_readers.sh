#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# --write: files of several interfaces, and what other programs make of them.

set -eu
. "$(dirname "$0")/lib/capture_lib.sh"

ktap_case mixed mixed_types "tun and veth in one file: a note that tcpdump cannot read it, and tshark can"
mixed_types() {
	local note="both Ethernet and IP interfaces: tcpdump cannot read it"

	lab_tun
	lab_load xdp-drop-tcp --write "$tmp/one.pcapng" veth0 docker0
	lab_stop
	never reads "$tmp/loader.err" "$note"
	lab_load xdp-drop-tcp --write "$tmp/f.pcapng" veth0 tun0
	reads "$tmp/loader.err" "$note"
	lab_tcp_lost 198.51.100.130
	lab_stop
	capture_adds_up "$tmp/f.pcapng"
	expect 1 tcpdump -nr "$tmp/f.pcapng"
	need tshark
	[ "$(tshark -nr "$tmp/f.pcapng" -T fields -e frame.interface_name | uniq)" = tun0@xdp ]
}

write_several() {
	lab_load xdp-drop-tcp --write "$tmp/f.pcapng" --snaplen 100 veth0 wan0
	for length in 60 100 101; do
		"${in_ctr[@]}" "$tool" probe send eth0 "$(frame_tcp "$to_docker0" "" 4 "$length")"
		"${in_out[@]}" "$tool" probe send out0 "$(frame_tcp "$to_wan0" "" 6 $((length + 100)))"
	done
	capture_arrived "$tmp/f.pcapng" 6
	lab_stop
	capture_adds_up "$tmp/f.pcapng"
	[ "$captured" = 6 ] || fail "captured $captured instead of 6: $(cat "$tmp/packets")"
}

ktap_case others several "several interfaces: each with its own block, packets and statistics"
several() {
	local name lines

	capture_oracle ctr eth0 3 "ether src 02:00:00:00:02:10 and not ip6 proto 0"
	mv "$tmp/oracle.pcap" "$tmp/ctr.pcap"
	ctr=$oracle
	capture_oracle out out0 3 "ether src 02:00:00:00:01:02 and not ip6 proto 0"
	write_several
	capture_same "$tmp/f.pcapng" -i wan0@xdp
	oracle=$ctr
	mv "$tmp/ctr.pcap" "$tmp/oracle.pcap"
	capture_same "$tmp/f.pcapng" -i veth0@xdp
	for name in veth0 wan0; do
		capture_shown "^statistics=$name@xdp .* accepted=3 lost=0 delivered=3$"
	done
	expect 0 tcpdump -nr "$tmp/f.pcapng"
	mapfile -t lines <"$tmp/out"
	[ "${#lines[@]}" = 6 ]
}

# What a file has from its third interface on; see the pcapng draft for blocks.
third() {
	local at=0 length

	for _ in section first second; do
		length=$(od -An -t u4 -j $((at + 4)) -N 4 "$1")
		at=$((at + length))
	done
	tail -c +$((at + 1)) "$1"
}

# tshark takes two seconds to start in an emulated guest, and takes a second file's
# interfaces for the first one's. So the second one's third interface becomes the
# third of both: its packets have that number, and no others are in there.
ktap_case others by_tshark "tshark shows interface, verdict, direction, number, queue; capinfos agrees"
by_tshark() {
	local field args=()

	need tshark capinfos
	write_several
	expect 0 capinfos -Mc "$tmp/f.pcapng"
	told "Number of packets: *6$"

	lab_load tc-drop-tcp --observe --write "$tmp/g.pcapng" lo wan0 veth0
	lab_tcp_passes
	lab_at_rest
	lab_stop
	capture_adds_up "$tmp/g.pcapng"

	third "$tmp/g.pcapng" >>"$tmp/f.pcapng"
	for field in interface_name verdict.ebpf_xdp verdict.ebpf_tc packet_flags_direction packet_id \
		interface_queue len cap_len comment; do
		args+=(-e "frame.$field")
	done
	tshark -n -r "$tmp/f.pcapng" -T fields "${args[@]}" >"$tmp/fields" 2>"$tmp/tshark.err" ||
		fail "$(cat "$tmp/tshark.err")"
	awk -F '\t' -v captured="$captured" '{ print }
		NR <= 6 && ($1 != (NR % 2 ? "veth0@xdp" : "wan0@xdp") || $2 != 1 || $4 !~ /1$/ ||
			$5 != NR || $6 != 0 || $8 != ($7 < 100 ? $7 : 100)) { wrong = 1 }
		NR > 6 && ($1 != "veth0@tc-egress" || $3 != -1 || $9 != "passed: only observed") { wrong = 1 }
		END { exit wrong || captured < 1 || NR != 6 + captured }' "$tmp/fields"
}

ktap_run "$@"
