#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# drop-where: the right interface, hook, function, reason and count for what our
# programs drop; nothing for what nobody drops, nor for other namespaces; --write.
set -eu

. "$(dirname "$0")/lib/capture_lib.sh"
. "$(dirname "$0")/lib/where_lib.sh"
ktap_private "$@"

# What drop-where must tell while PROGRAM… drops three packets: hook, function and
# reason, as regular expressions. Its bytes are those that the program counted.
drops() {
	local dev=$port each count

	[ "$1" != xdp-generic-bridge ] || dev=$bridge
	each="$dev +${1%-bridge} +$2 +$3"
	lab_load "${@:4}" "$dev"
	where_start
	where_knock
	poll 5 where_tells 3 "^ +[0-9.]+ $each +IPv4 +54\$" || true # the sums are to tell why
	where_end INT
	lab_stop
	[ "$(lab_counted dropped_packets)" = 3 ] || fail "the program dropped $(lab_counted dropped_packets)"
	count "^ +[0-9.]+ $each +IPv4 +54\$"
	[ "$count" = 3 ] || fail "not a line for each"
	told "^ +3 $each +$(lab_counted dropped_bytes)\$"
	count "$dev +(xdp|tc)-"
	[ "$count" = 4 ] || fail "more is told"
}

# Compilers may have put the one function of native XDP into the other.
ktap_case hooks native "native XDP: told for the veth it hangs on" \
	drops xdp-native 'veth_(xdp_rcv_skb|poll)' '[-A-Z_]+' xdp-drop-tcp --native-mode
ktap_case hooks generic "generic XDP: interface, function, one line for each" \
	drops xdp-generic '[a-z_]*generic[a-z_]*' '[-A-Z_]+' xdp-drop-tcp --skb-mode
ktap_case hooks generic_bridge "generic XDP on the bridge, not on its port" \
	drops xdp-generic-bridge '[a-z_]*generic[a-z_]*' '[-A-Z_]+' xdp-drop-tcp --skb-mode

# drops_above ADDRESS TAGS KIND…: a device of that kind on a veth that is no bridge's port; whose
# MAC address is the frames', the veth's or its own?
drops_above() {
	local port=u-$3 peer=f-$3 lower=l-$3
	local frame_syn=${to_docker0}$2${frame_syn:24} own=$1

	"${in_host[@]}" ip link add "$lower" type veth peer name "$peer" netns "$ctr"
	or_skip "this kernel has no $3" "${in_host[@]}" ip link add link "$lower" "$port" type "${@:3}"
	"${in_host[@]}" ip -batch - <<-END
		link set ${!own} address 02:00:00:00:02:01
		link set $lower up
		link set $port up
		addr add 203.0.113.1/32 dev $port
	END
	"${in_ctr[@]}" ip link set "$peer" up
	poll 5 above_is_up || fail "$peer is not up"
	drops xdp-generic '[a-z_]*generic[a-z_]*' '[-A-Z_]+' xdp-drop-tcp --skb-mode
	"${in_host[@]}" ip link del "$lower"
}

above_is_up() {
	[[ $("$tool" netstate "$ctr") = *"$peer operstate 6"* ]]
}

ktap_case above generic_vlan "generic XDP on a VLAN, not on the device below it" \
	drops_above lower 81000005 vlan id 5
ktap_case above generic_macvlan "the same on a macvlan" drops_above port '' macvlan mode bridge
ktap_case above generic_ipvlan "the same on an ipvlan" drops_above lower '' ipvlan

need_tcx() {
	local status=0

	lab_program tc-drop-tcp --tcx --timeout 100ms "$port" >/dev/null 2>&1 || status=$?
	[ "$status" != 4 ] || skip "no TCX in this kernel"
}

# Before Linux 6.1 there are no such reasons: told by the function, and by what is attached.
into() {
	[ "$1" != --tcx ] || need_tcx
	drops tc-ingress '__netif_receive_skb_core' '(-|NOT_SPECIFIED|TC_INGRESS)' tc-drop-tcp "$@" --ingress
}

# The answers to the container leave by the port.
out_of() {
	[ "$1" != --tcx ] || need_tcx
	drops tc-egress '__dev_queue_xmit' '(-|NOT_SPECIFIED|TC_EGRESS)' tc-drop-tcp "$@"
}

ktap_case hooks ingress_tcx "TC ingress by TCX" into --tcx
ktap_case hooks2 ingress_clsact "TC ingress by clsact" into --clsact
ktap_case hooks2 egress_tcx "TC egress by TCX" out_of --tcx
ktap_case hooks2 egress_clsact "TC egress by clsact" out_of --clsact

ktap_case hooks2 no_drop "nothing is told while nothing is dropped"
no_drop() {
	# On one CPU: on two, packets may overtake each other, and then some are dropped.
	! command -v taskset >/dev/null || taskset -pc "$(lab_first_cpu)" $BASHPID >"$tmp/taskset"
	"${in_host[@]}" "$tool" probe listen 80 hello >"$tmp/serve.log" 2>&1 &
	poll 5 "${in_ctr[@]}" "$tool" probe tcp 203.0.113.1 80
	poll 10 lab_rests "$host" "$ctr"
	where_start "$port"
	"${in_ctr[@]}" "$tool" probe icmp 203.0.113.1 10000
	"${in_ctr[@]}" "$tool" probe tcp 203.0.113.1 80 10000
	poll 10 lab_rests "$host" "$ctr"
	where_end INT
	never grep -E "xdp|tc-" "$tmp/out"
	never grep "$port.*IPv4" "$tmp/out"
}

ktap_case hooks2 only_named "only of the interfaces it was asked about; globs too"
only_named() {
	local all

	lab_load xdp-drop-tcp --skb-mode "$port"
	where_start
	all=$where
	mv "$tmp/where.out" "$tmp/all.out"
	where_start "$bridge"
	where_knock
	poll 5 where_tells 3 " $port +xdp-generic" "$tmp/all.out"
	where_end INT
	never grep "$port" "$tmp/out"
	kill "$all"
	wait "$all"
	where_start 'h*'
	where_knock
	poll 5 where_tells 3 " $port +xdp-generic"
	where_end INT
	told "^ +3 $port +xdp-generic"
	lab_stop
}

ktap_case netns own_netns "drops in another namespace are not told; --all-netns: with its name"
own_netns() {
	local all

	"${in_ctr[@]:0:2}" -i "${in_ctr[@]:2}" "$(built xdp-drop-tcp)" -N "$peer" >"$tmp/ctr.out" 2>&1 &
	poll 20 reads "$tmp/ctr.out" attached || fail "not attached to $peer: $(<"$tmp/ctr.out")"
	lab_load xdp-drop-tcp --native-mode "$port"
	where_start --all-netns "$port" "$peer"
	all=$where
	mv "$tmp/where.out" "$tmp/all.out"
	mv "$tmp/where.err" "$tmp/all.err"
	where_start
	where_knock_back
	where_knock 2
	poll 5 where_tells 3 "xdp-native" "$tmp/all.out"
	poll 5 where_tells 2 " $port +xdp-native"
	where_end INT
	never grep "$peer" "$tmp/out"
	told "^ +2 $port +xdp-native"
	where=$all
	mv "$tmp/all.out" "$tmp/where.out"
	mv "$tmp/all.err" "$tmp/where.err"
	where_end INT
	lab_stop
	told "^ +2 $host +$port +xdp-native"
	told "^ +1 $ctr +$peer +xdp-native"
	count '^ +[0-9]+ .* stack|xdp-|tc-'
	[ "$count" = 5 ] || fail "more is told"
}

# It ends with kfree_skb, and its packet is on an interface of this namespace.
ktap_case netns test_run "test runs of BPF programs drop nothing"
test_run() {
	local verdict

	verdict=$(built verdict)
	where_start
	(cd "${verdict%/*}" && "${in_host[@]}" "$verdict" >"$tmp/verdict" 2>&1) || true
	reads "$tmp/verdict" "ok 1 " || fail "nothing ran: $(<"$tmp/verdict")"
	where_end INT
	told ' 0 dropped in '
}

ktap_case netns no_interface "what was on no interface yet: -, in its socket's namespace"
no_interface() {
	need nft
	"${in_host[@]}" nft -f - <<-END || skip "nft: no rules here"
		table ip where {
			chain out { type filter hook output priority 0; udp dport 9 drop; }
		}
	END
	where_start
	"${in_host[@]}" bash -c 'echo >/dev/udp/203.0.113.10/9' 2>"$tmp/refused" || true
	poll 5 where_tells 1 ' - +stack'
	"${in_host[@]}" nft delete table ip where
	where_end INT
	told '^ +1 - +stack +[a-z_]+ +[^ ]+ +29$'
}

# --- the packets themselves ---

# What the container sends, as tcpdump sees it there, is in the file, byte by byte.
writes() {
	local file=$tmp/drops.pcapng each

	need tcpdump
	capture_oracle ctr "$peer" 8 "ether src ${frame_syn:12:2}:${frame_syn:14:2}:${frame_syn:16:2}:${frame_syn:18:2}:${frame_syn:20:2}:${frame_syn:22:2}"
	lab_load "${@:2}" "$1"
	where_start --write "$file" "$1"
	for each in "${frames[@]}"; do
		echo "$each"
	done | "${in_ctr[@]}" "$tool" probe send "$peer" -
	poll 5 where_tells 8 "^ +[0-9.]+ $1 " || fail "not all are told: $(<"$tmp/where.out")"
	where_end INT
	lab_stop
	told ' 8 dropped in [0-9.]+ s; captured 8, lost 0$'
	capture_same "$file"
	"$tool" pcapng_check "$file" >"$tmp/packets"
	has_line "$tmp/packets" "comment=\"$hook: $function"
	tcpdump -Z root -nr "$file" >"$tmp/read" 2>&1 || fail "$(<"$tmp/read")"
}

# Eight TCP packets of several lengths, two with VLAN tags, at this hook and function.
writes_port() {
	local length frames=() hook=$1 function=$2

	for length in 60 61 64 74 1000 1514; do
		frames+=("$(frame_tcp "$to_docker0" "" 4 "$length")")
	done
	frames+=("$(frame_tcp "$to_docker0" 81000005 4 100)" "$(frame_tcp "$to_docker0" 88a8006481000005 6 100)")
	writes "$port" "${@:3}"
}

ktap_case write write_native "--write: what native XDP dropped, byte by byte" \
	writes_port xdp-native veth_ xdp-drop-tcp --native-mode
ktap_case write write_generic "--write: what generic XDP dropped" \
	writes_port xdp-generic '' xdp-drop-tcp --skb-mode
ktap_case write write_ingress "--write: what TC ingress dropped, with tags that are not in the frame" \
	writes_port tc-ingress __netif_receive_skb_core tc-drop-tcp --clsact --ingress

# SYNs for nobody, and with wrong checksums; what the bridge is given, is its own.
ktap_case write write_stack "--write: what the stack itself dropped, with its MAC header"
write_stack() {
	local frames=() hook=stack function='tcp_v4' i

	for i in 1 2 3 4 5 6 7 8; do
		frames+=("${frame_syn:0:68}9c4$i${frame_syn:72}")
	done
	writes "$bridge" xdp-drop-tcp --observe --skb-mode
}

ktap_case write write_short "--write --snaplen: so much of each; an existing file stays"
write_short() {
	local file=$tmp/drops.pcapng

	echo mine >"$file"
	expect 3 "${in_host[@]}" "$drop_where" --write "$file" "$port"
	said 'is kept'
	lab_load xdp-drop-tcp --skb-mode "$port"
	where_start --force --write "$file" --snaplen 20 "$port"
	where_knock
	poll 5 where_tells 3 " $port +xdp-generic"
	where_end INT
	lab_stop
	"$tool" pcapng_check "$file" >"$tmp/packets" || fail "$(tail -n 3 "$tmp/packets")"
	count 'length=54 captured=20 ' "$tmp/packets"
	[ "$count" = 3 ] || fail "$(<"$tmp/packets")"
}

ktap_case write write_pipe "--write -: packets to a pipe, the sums on standard error"
write_pipe() {
	need tcpdump
	lab_load xdp-drop-tcp --skb-mode "$port"
	mkfifo "$tmp/pipe"
	tcpdump -Z root -lnr - <"$tmp/pipe" >"$tmp/read" 2>"$tmp/read.err" &
	: >"$tmp/where.err"
	"${in_host[@]:0:2}" -i "${in_host[@]:2}" "$drop_where" -w - "$port" >"$tmp/pipe" 2>"$tmp/where.err" &
	where=$!
	poll 30 reads "$tmp/where.err" listening
	where_knock
	poll 5 where_tells 3 'Flags .S.' "$tmp/read" || fail "$(<"$tmp/read.err")"
	: >"$tmp/where.out"
	where_end INT
	lab_stop
	said "^ +3 $port +xdp-generic"
	said ' 3 dropped in [0-9.]+ s; captured 3, lost 0$'
}

# --- on terminals ---

shows() {
	local text

	echo show >&"$keys"
	read_text "$tmp/where.out"
	[[ ${text%$'\n--\n'} =~ $1 ]]
}

# drops_on_screen SIZE ARGS…: listening there, with what $keys is told; until drops_off_screen,
# which leaves the screen in $tmp/out
drops_on_screen() {
	rm -f "$tmp/keys"
	mkfifo "$tmp/keys"
	exec {keys}<>"$tmp/keys"
	: >"$tmp/where.out"
	: >"$tmp/where.err"
	TERM=xterm "$tool" screen "$1" "${in_host[@]}" "$drop_where" "${@:2}" "$port" \
		<"$tmp/keys" >"$tmp/where.out" 2>&1 &
	where=$!
	poll 30 shows 'listening'
	where_knock
}

drops_off_screen() {
	local child=

	read -r child _ <"/proc/$where/task/$where/children" || [ -n "$child" ]
	kill -INT "$child"
	where_end none
	tac "$tmp/where.out" | sed '/^--$/,$d' | tac >"$tmp/out"
}

# Its rows are drawn over, and cut where the screen ends.
ktap_case screen summary_fits "--summary on terminals of 60, 80 and 120 columns, and of few rows"
summary_fits() {
	local size keys count shown row

	lab_load xdp-drop-tcp --skb-mode "$port"
	for size in 60x24 80x24 120x24 60x4; do
		drops_on_screen "$size" --summary
		row="[^0-9]3 $port +xdp-generic"$'[^\n]*\n +3 dropped in '
		poll 10 shows "${row}[0-9.]+ s\$" || fail "$size: it is not shown: $(tail "$tmp/where.out")"
		poll 10 shows "${row}([2-9]|[0-9]{2,})\\.[0-9] s\$" ||
			fail "$size: it does not go on: $(tail "$tmp/where.out")"
		drops_off_screen
		for shown in "^ +packets interface" "^ +3 $port +xdp-generic" ' 3 dropped in [0-9.]+ s$'; do
			count "$shown"
			# The whole table is too much for the last of these screens.
			[ "$count" = 1 ] || [[ $size$shown = *x4*packets* ]] ||
				fail "$size: $count times '$shown': $(<"$tmp/out")"
		done
	done
	lab_stop
}

# What there is no room for is left out or cut, so that each drop takes one line.
ktap_case screen lines_fit "each drop is one line on terminals of 60 and 80 columns"
lines_fit() {
	local size keys count row protocol

	lab_load xdp-drop-tcp --skb-mode "$port"
	for size in 60x24 80x24; do
		drops_on_screen "$size"
		protocol=
		[ "$size" = 60x24 ] || protocol=' +IPv4 +54'
		row="^ +[0-9]+\.[0-9]+ $port +xdp-generic +[a-z_.]+ +[A-Z_.-]+$protocol"
		poll 10 shows $'([^\n]*xdp-generic[^\n]*\n){2}[^\n]*xdp-generic' || fail "$size: not shown: $(tail "$tmp/where.out")"
		drops_off_screen
		count "$row\$"
		[ "$count" = 3 ] || fail "$size: $count lines: $(<"$tmp/out")"
		lines "$tmp/out" 8 || fail "$size: wrapped: $(<"$tmp/out")"
	done
	lab_stop
}

ktap_run "$@"
