#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# --write: what is in the file is what was sent, packet by packet, and other
# programs understand it.

set -eu
. "$(dirname "$0")/lib/capture_lib.sh"

# Run a program, given with its options, writing to $tmp/$1.pcapng, while $2
# sends $3 packets: all of them are captured.
capture() {
	local file=$tmp/$1.pcapng

	lab_load "${@:4}" --write "$file"
	"$2"
	capture_arrived "$file" "$3" || true # what it lacks is told below
	lab_stop
	capture_adds_up "$file"
	[ "$captured" = "$3" ] || fail "captured $captured of $3, lost $lost"
	files+=("$file")
}

# Have tcpdump watch at $1 (where) and $2 (interface) until it has the $3 packets
# of all runs that follow.
watch_for() {
	total=$3
	files=()
	capture_oracle "$1" "$2" "$3" "ether src $from and not icmp6 and not ip6 proto 0"
}

# The files of those runs have what tcpdump saw, in that order, and no more; and
# tcpdump can read them.
agree() {
	local file lines first=0

	for file in "${files[@]}"; do
		capture_same "$file" -f "$first"
		[[ $(<"$tmp/same") =~ total=([0-9]+) ]]
		first=$((first + BASH_REMATCH[1]))
	done
	printf '%s\n' "${files[@]}" | tcpdump -Z root -nV - >"$tmp/tcpdump" 2>"$tmp/tcpdump.err" ||
		fail "$(cat "$tmp/tcpdump.err")"
	mapfile -t lines <"$tmp/tcpdump"
	[ "${#lines[@]} $first" = "$total $total" ] ||
		fail "$first packets; tcpdump shows ${#lines[@]}"
}

# IPv4 and IPv6 of several lengths, and with VLAN tags in the frame.
# shellcheck disable=SC2034 # by its name
plain="4:60 4:61 4:62 4:63 4:64 4:65 6:74 4:1000 6:1001 4:1514 6:1514"
long="4:60 6:74 4:1514 4:1515 6:2048 4:4095 6:4096 4:4097 4:8999 6:9000"

all() {
	local each

	for each in $lengths; do
		frame_tcp "$addresses" "" "${each%:*}" "${each#*:}"
	done
	for each in 81000005 88a8006481000005 88a80064810000058100000681000007; do
		frame_tcp "$addresses" "$each" 4 100
	done
}

send_from_ctr() {
	all | "${in_ctr[@]}" "$tool" probe send eth0 -
}

# The sender may be told of what is dropped on the way out, by 1.
send_from_host() {
	all | lab_on_host "$tool" probe send docker0 - || [ $? = 1 ]
}

large_mtu() {
	need ip
	[ ! -e "$LAB_DIR/large" ] || return 0
	"${in_ctr[@]}" ip link set eth0 mtu 9000
	lab_on_host ip link set veth0 mtu 9000
	lab_on_host ip link set docker0 mtu 9000
	: >"$LAB_DIR/large"
	lab_keep
}

# What the container sends is captured: frames of the lengths in $1, plain or long, and
# those with tags. Each packet is shown with this hook and verdict.
written() {
	local list

	from=02:00:00:00:02:10 addresses=$to_docker0 lengths=${!1}
	[ "$1" = plain ] || large_mtu
	read -ra list <<<"$lengths"
	watch_for ctr eth0 $((${#list[@]} + 3))
	capture "$2" send_from_ctr "$total" "${@:4}"
	capture_shown "^packet=veth0@$2 .* flags=1 .*verdict=$3$"
	agree
}

ktap_case packets written_native "xdp-drop-tcp, native: the packets that tcpdump saw sent" \
	written plain xdp 2:1 xdp-drop-tcp --native-mode veth0
ktap_case packets written_frags "xdp-drop-tcp, native, with frags: the same, with 9000 bytes"
written_frags() {
	is_linux 5.18 || skip "Linux 5.18 has frags, this is $(uname -r)"
	written long xdp 2:1 xdp-drop-tcp --native-mode veth0
}
ktap_case packets written_generic "xdp-drop-tcp, generic: the same, with 9000 bytes" \
	written long xdp 2:1 xdp-drop-tcp --skb-mode veth0
ktap_case packets written_ingress "tc-drop-tcp --ingress: the same" \
	written long tc-ingress 1:2 tc-drop-tcp --ingress veth0

ktap_case packets written_egress "tc-drop-tcp, by TCX and by clsact: the same on the way out"
written_egress() {
	local way

	large_mtu
	from=02:00:00:00:02:01 addresses=$to_ctr lengths=$long
	watch_for host docker0 26
	for way in "" --clsact; do
		capture "egress$way" send_from_host 13 tc-drop-tcp veth0 ${way:+"$way"}
		capture_shown "^packet=veth0@tc-egress .* flags=2 .*verdict=1:2$"
	done
	agree
}

send_world() {
	"${in_out[@]}" "$tool" probe send out0 "ffffffffffff020000000102 0806 00010800060400010200000001
		02c6336402000000000000c6336401" || [ $? = 1 ]
	expect 1 "${in_out[@]}" "$tool" probe icmp 198.51.100.1 100
	expect 1 "${in_out[@]}" "$tool" probe icmp 2001:db8:1::1 100
	"${in_out[@]}" "$tool" probe send out0 "$(frame_tcp "$to_wan0" 81000005 4 64)"
	"${in_out[@]}" "$tool" probe send out0 "02000000010102000000010288b5"
}

ktap_case packets world "xdp-drop-world: ARP, ping, TCP, and 14 bytes of nothing"
world() {
	local mode file

	for mode in --native-mode --skb-mode; do
		file=$tmp/world$mode.pcapng
		capture_oracle out out0 0 "ether src 02:00:00:00:01:02"
		lab_load xdp-drop-world "$mode" --write "$file" wan0
		send_world
		capture_arrived "$file" 5
		lab_stop
		capture_oracle_stop
		# What the kernel sends by itself before or after is not in the file.
		capture_same "$file" -p
		capture_adds_up "$file"
		[ "$lost" = 0 ] && [ "$captured" -ge 5 ]
	done
}

# --- VLAN tags beside the frame, in an skb's metadata ---

# Through another port of the bridge, the outer tag comes in metadata.
other_port() {
	lab_on_host ip link add port0 master docker0 type veth peer name port1
	lab_on_host ip link set port0 up
	lab_on_host ip link set port1 up
}

tagged_frames() {
	local tags

	for tags in 81000005 "" 88a8e064 81000000 88a8006481000005 88a80064810000058100000681000007; do
		frame_tcp "$to_ctr" "$tags" 4 80
	done
}

send_tagged() {
	tagged_frames | lab_on_host "$tool" probe send port1 - || [ $? = 1 ]
}

ktap_case tags tags_beside "TC egress: a tag in the metadata is in the file where it was on the wire"
tags_beside() {
	other_port
	from=02:00:00:00:02:01
	watch_for host port1 6
	capture tags send_tagged 6 tc-drop-tcp veth0
	agree
}

ktap_case tags tags_short "the same with a snaplen that ends before, in and after the tag"
tags_short() {
	local snaplen

	other_port
	from=02:00:00:00:02:01
	watch_for host port1 54
	for snaplen in 1 11 12 13 15 16 17 79 80; do
		capture "tags$snaplen" send_tagged 6 tc-drop-tcp --snaplen "$snaplen" veth0
	done
	agree
}

# --- snaplen ---

two_frames() {
	frame_tcp "$to_docker0" "" 4 1514
	frame_tcp "$to_docker0" "" 4 60
}

send_two() {
	two_frames | "${in_ctr[@]}" "$tool" probe send eth0 -
}

# At this hook, by this program.
snaplens() {
	local snaplen

	from=02:00:00:00:02:10
	watch_for ctr eth0 16
	for snaplen in 1 2 13 14 64 96 1500 65535; do
		capture "snaplen$snaplen" send_two 2 "${@:2}" --snaplen "$snaplen" veth0
		capture_shown "^interface=veth0@$1 link=1 snaplen=$snaplen$"
	done
	agree
}

ktap_case snaplen snaplens_xdp "--snaplen from 1 to 65535: so much of each, and the length it had" \
	snaplens xdp xdp-drop-tcp
ktap_case snaplen snaplens_tc "the same by tc-drop-tcp" snaplens tc-ingress tc-drop-tcp --ingress

# --- GSO ---

# A lab with nginx, senders and receivers on one CPU: packets on two may
# overtake each other between tcpdump's place and ours. tcpdump takes long ones.
lab_for_downloads() {
	need taskset curl tcpdump "${LAB_NGINX:-nginx}"
	taskset -pc "$(lab_first_cpu)" $BASHPID >/dev/null
	lab_nginx
	oracle_room=(-B 32768)
}

setup_gso() {
	ktap_before_each=lab_for_downloads
}

# The program $4 at veth0 sees a download from $2 (its address is $3) as tcpdump in $1
# does, GSO packets included; $5 is how each is marked.
downloaded() {
	local from=$2

	head -c 2000000 /dev/urandom >"$LAB_DIR/$from/www/large"
	capture_oracle "$1" "${oracle_filter[@]}"
	# shellcheck disable=SC2086 # words
	lab_load $4 --observe --write "$tmp/f.pcapng" veth0
	"${downloader[@]}" curl -sf -o "$tmp/got" "http://$3/large"
	lab_at_rest
	capture_oracle_stop
	lab_stop
	cmp "$tmp/got" "$LAB_DIR/$from/www/large"
	capture_same "$tmp/f.pcapng"
	capture_adds_up "$tmp/f.pcapng"
	[ "$lost" = 0 ]
	awk -F'[= ]' '/^packet=/ && $6 > 3000 { n++ } END { exit !n }' "$tmp/packets" ||
		fail "no packet of more than 3000 bytes, as only GSO makes them"
	reads "$tmp/packets" "verdict=$5 comment=\"passed: only observed\""
}

ktap_case gso gso_egress "TC egress, --observe: a whole download, GSO packets included"
gso_egress() {
	local oracle_filter=(docker0 0 tcp and dst 203.0.113.10) downloader=("${in_ctr[@]}")

	downloaded host out 198.51.100.2 tc-drop-tcp 1:-1
}

ktap_case gso gso_generic "generic XDP, --observe: the same on the way in"
gso_generic() {
	local oracle_filter=(eth0 0 tcp and src port 80) downloader=(lab_on_host)

	downloaded ctr ctr 203.0.113.10 "xdp-drop-tcp --skb-mode" 2:2
}

downloading() {
	wrote "$curl"
	[ "$wchar" -gt 1000000 ]
}

ktap_case gso gso_dropped "TC egress: a running download, what is dropped of it is in the file"
gso_dropped() {
	truncate -s 64G "$LAB_DIR/out/www/large"
	"${in_ctr[@]}" curl -s --limit-rate 2M -o /dev/null http://198.51.100.2/large &
	curl=$!
	poll 5 downloading
	capture_oracle host docker0 0 tcp and dst 203.0.113.10
	lab_load tc-drop-tcp --interval 1 --write "$tmp/f.pcapng" --snaplen 200 veth0
	poll 8 grep -qE '"dropped_packets":([3-9]|[1-9][0-9])' "$tmp/loader.out"
	lab_stop
	kill "$curl"
	capture_oracle_stop
	capture_same "$tmp/f.pcapng" -p
	capture_adds_up "$tmp/f.pcapng"
	[ "$captured" -ge 3 ]
}

# --- devices without Ethernet header ---

ktap_case devices written_raw_ip "tun: packets that begin with IP, link type 101"
written_raw_ip() {
	local program

	lab_tun
	lab_at_rest
	for program in tc-drop-tcp "tc-drop-tcp --ingress" xdp-drop-tcp; do
		rm -f "$tmp/f.pcapng"
		capture_oracle host tun0 0 tcp and src 198.51.100.130
		# shellcheck disable=SC2086 # words
		lab_load $program --write "$tmp/f.pcapng" tun0
		lab_tcp_lost 198.51.100.130
		lab_stop
		capture_oracle_stop
		capture_adds_up "$tmp/f.pcapng"
		capture_shown "^interface=tun0@.* link=101 "
		capture_shown "^packet=tun0@.* length=60 captured=60 bytes=4500003c.{8}..06"
		# Only ingress is behind tcpdump's place.
		[[ $program != *ingress ]] || capture_same "$tmp/f.pcapng"
		expect 0 tcpdump -nr "$tmp/f.pcapng"
		told "198.51.100.130.80: Flags \[S\]|IP 198.51.100.130.*Flags \[S\]"
	done
}

ktap_run "$@"
