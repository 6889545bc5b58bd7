#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The programs on an interface of this machine, with traffic from another one. Both are given by
# NETIF, LOCAL_V4, REMOTE_V4 and so on, as for the kernel's own tests of drivers: see README.rst.
# Without NETIF it is a veth between two network namespaces.
#
# NETIF may be the user's own way in, or the one on which the remote gets its commands. So each
# program is attached for a limited time, and the remote gets the script for that time before:
# it waits for a frame, as no program here drops what leaves but TCP.
set -eu

# shellcheck source-path=SCRIPTDIR source=lib/cli_lib.sh
. "$(dirname "$0")/lib/cli_lib.sh"
# shellcheck source=lib/capture_lib.sh
. "$(dirname "$0")/lib/capture_lib.sh"

# shellcheck source=/dev/null
[ ! -e "$(dirname "$0")/net.config" ] || . "$(dirname "$0")/net.config"
if [ -z "${NETIF-}" ]; then
	cli_private "$@"
elif [[ -z ${LOCAL_V4-}${LOCAL_V6-} || ${LOCAL_V4:+4} != "${REMOTE_V4:+4}" ||
	${LOCAL_V6:+6} != "${REMOTE_V6:+6}" || ! ${REMOTE_TYPE-} =~ ^(ssh|netns)$ || -z ${REMOTE_ARGS-} ]]; then
	echo "${0##*/}: NETIF needs LOCAL_V4 and REMOTE_V4, or LOCAL_V6 and REMOTE_V6, or both;" \
		"REMOTE_TYPE, which is ssh or netns; and REMOTE_ARGS, the host's or namespace's name. See README.rst." >&2
	exit 2
fi
group=${NETIF:+driver} # tests on one interface run one after the other

port=$((20000 + RANDOM % 10000)) # of servers here
seconds=$((60 * slack)) # so long a program is attached, at most
flood=$((10000 / slack)) # frames
marker=9c40005000000001000000005002ffff00000000 # only frame_tcp's TCP headers have it

make_wire() {
	cli_wire
	NETIF=veth0 LOCAL_V4=203.0.113.1 REMOTE_V4=203.0.113.10 REMOTE_TYPE=netns REMOTE_ARGS=$ctr
	[ -e /proc/sys/net/ipv6 ] || return 0
	LOCAL_V6=2001:db8:2::1 REMOTE_V6=2001:db8:2::10
	"${in_host[@]}" ip addr add "$LOCAL_V6/64" dev veth0 nodad
	"${in_ctr[@]}" ip addr add "$REMOTE_V6/64" dev eth0 nodad
}

# "${remote[@]}" COMMAND: a shell there runs it. In $remote_dir it has a copy of tool.
reach_remote() {
	local said=$ktap_between.remote

	ssh=(ssh -o BatchMode=yes -o LogLevel=ERROR -o ControlMaster=auto -o ControlPersist=60 -o "ControlPath=$ktap_between.ssh")
	case $REMOTE_TYPE in
	netns) remote=("$tool" enter "$REMOTE_ARGS" sh -c) ;;
	ssh) need ssh && remote=("${ssh[@]}" "$REMOTE_ARGS") ;;
	esac
	remote_dir=$("${remote[@]}" "mktemp -d -t bpf-drop.XXXXXX" 2>"$said") ||
		fail "the remote, $REMOTE_ARGS, cannot be reached: $(<"$said")"
	"${remote[@]}" "cd $remote_dir && cat >tool && chmod +x tool" <"$tool"
	or_skip "the remote cannot run this machine's programs" "${remote[@]}" "$remote_dir/tool probe; [ \$? = 2 ]"
}

# ethernet IFACE CMD…: in $address, its Ethernet address where CMD… runs a shell; in $mtu, its MTU
ethernet() {
	[[ $("${@:2}" "ip -o link show dev $1") =~ \ mtu\ ([0-9]+)\ .*link/ether\ ([0-9a-f:]+) ]] ||
		skip "$1 is no Ethernet device"
	mtu=${BASH_REMATCH[1]} address=${BASH_REMATCH[2]//:/}
}

setup_driver() {
	local address mtu there data each frame

	need ip
	if [ -z "${NETIF-}" ]; then
		make_wire
	else
		host=/proc/self/ns/net
		in_host=("$tool" enter "$host")
	fi
	reach_remote
	[[ $("${remote[@]}" "ip -o addr show to ${REMOTE_V4:-$REMOTE_V6}") =~ ^[0-9]+:\ ([^ ]+) ]] ||
		fail "no interface of the remote has the address ${REMOTE_V4:-$REMOTE_V6}"
	peer=${BASH_REMATCH[1]}
	ethernet "$peer" "${remote[@]}"
	there=$address
	ethernet "$NETIF" "${in_host[@]}" sh -c
	data=$(od -An -vtx1 -N9300 /dev/urandom | tr -d ' \n')
	for each in 4:60 4:61 6:74 4:333 6:1001 4:$((mtu + 14)) 6:$((mtu + 14)); do
		frame=$(frame_tcp "" "" "${each%:*}")
		frame+=${data:${#frame}:2 * ${each#*:} - 24 - ${#frame}}
		arriving+=("$address$there$frame") leaving+=("$there$address$frame")
	done
	begin=$there${address}88b5/60
	before=$(netif_state)
}
setup_world() { setup_driver; }
setup_tcp() { setup_driver; }
setup_tc() { setup_driver; }

# What is attached there, and all else that a loader could change.
netif_state() {
	"$tool" netstate "$host" | grep -wF -- "$NETIF" || true
}

netif_is_as_before() {
	[ "$(netif_state)" = "$before" ]
}

# Programs have to detach before the remote can be told to end.
ktap_before_each='' ktap_after_each=after_each ktap_after_group=after_group
after_each() {
	end_jobs TERM
	poll 10 no_jobs || end_jobs KILL
	[ "$1" = 0 ] || "${remote[@]}" "kill \$(cat $remote_dir/pid)" 2>/dev/null || true
}

no_jobs() {
	[ -z "$(jobs -rp)" ]
}

after_group() {
	[ -n "${remote_dir-}" ] || return 0
	"${remote[@]}" "rm -rf $remote_dir" || true
	[ "$REMOTE_TYPE" != ssh ] || "${ssh[@]}" -O exit "$REMOTE_ARGS" 2>/dev/null || true
}

# For the remote. A probe may have to be repeated: some drivers reset the link.
# shellcheck disable=SC2016 # expanded there
try='try() {
	want=$1 got= tries=3
	shift
	while [ "$got" != "$want" ] && [ $tries != 0 ]; do
		./tool probe "$@" >said 2>&1
		got=$? tries=$((want ? 0 : tries - 1))
	done
	[ "$got" = "$want" ] || { echo "probe $*: $got instead of $want: $(cat said)"; exit; }
}'

# probes TCP UDP ICMP: each of these probes has to end so: 0 answered, 1 lost
probes() {
	local address ms=($((3000 * slack)) 500)

	for address in ${LOCAL_V4-} ${LOCAL_V6-}; do
		echo "try $1 tcp $address $port ${ms[$1]}"
		echo "try $2 udp $address $port ${ms[$2]}"
		echo "try $3 icmp $address ${ms[$3]}"
	done
}

# Standard input is a script for the remote. What it tells goes to $tmp/remote: the first thing
# that is not as it has to be, or "end".
remote_begin() {
	{
		# That is timeout's, which ends all that it has started.
		# shellcheck disable=SC2016 # expanded there
		echo 'echo $PPID >pid'
		echo "$try"
		cat
		echo "echo end"
	} >"$tmp/script"
	"${remote[@]}" "cd $remote_dir && cat >script && timeout $((2 * seconds)) sh script; rm -f pid" \
		<"$tmp/script" >"$tmp/remote" 2>&1 &
	script=$!
}

remote_ended() {
	is_over "$script"
}

# While what leaves is dropped, SSH may never learn that a command there has ended: without
# acknowledgements, the remote's TCP sends the first of its messages again, and no other.
remote_told() {
	[[ $(<"$tmp/remote") = ready$'\n'* ]] || remote_ended
}

remote_end() {
	poll 60 remote_ended || fail "the remote does not end: $(<"$tmp/remote")"
	[[ $(<"$tmp/remote") =~ ^(ready$'\n')?(([0-9]+)\ frames\ [^$'\n']*$'\n')?end$ ]] ||
		fail "from the remote: $(<"$tmp/remote")"
	flooded=${BASH_REMATCH[3]:-0}
}

all_answered() {
	remote_begin <<<"$(probes 0 0 0)"
	remote_end
}

# Where the driver or the kernel refuses it, or another program is there, the test is skipped:
# to find out, it is attached without dropping anything.
attach() {
	local status=0

	lab_program "$@" --observe --timeout 1ms "$NETIF" >"$tmp/tried" 2>&1 || status=$?
	case $status:$(<"$tmp/tried") in
	0:*) ;;
	[34]:* | *"cannot attach to "*) skip "$(tail -n 1 "$tmp/tried")" ;;
	*) fail "$(<"$tmp/tried")" ;;
	esac
	lab_load "$@" --timeout "${seconds}s" --write "$tmp/packets.pcapng" "$NETIF"
}

# Are all the frames in the file? Nothing is sent after them.
frames_captured() {
	"$tool" pcapng_check -bc "$tmp/packets.pcapng" >"$tmp/packets"
	sed -n "s/.* bytes=\([0-9a-f]*${marker}[0-9a-f]*\) .*/\1/p" "$tmp/packets" | sort >"$tmp/captured"
	[ -z "$(comm -23 "$tmp/frames" "$tmp/captured")" ]
}

# To begin. Not once: some drivers reset the link upon attaching.
tell_remote() {
	while :; do
		"${in_host[@]}" "$tool" probe send "$NETIF" "$begin" 2>/dev/null || true
		check_pause
	done
}

traffic_is_over() {
	frames_captured || remote_ended
}

# How many packets the interface itself has lost: $missed. A flood may be more than it can take.
netif_missed() {
	local text

	missed=0
	text=$("${in_host[@]}" ip -j -s -s link show dev "$NETIF")
	text=${text#*\"rx\":} text=${text%%\}*}
	while [[ $text =~ \"(dropped|(over|fifo|missed)_errors)\":([0-9]+)(.*) ]]; do
		missed=$((missed + BASH_REMATCH[3]))
		text=${BASH_REMATCH[4]}
	done
}

# The counters say what is in the file: each frame once, as it was sent.
counts() {
	local bytes list arrived sent=$((flooded + ${#arriving[@]}))

	capture_adds_up "$tmp/packets.pcapng" -b
	frames_captured || fail "not captured: $(comm -23 "$tmp/frames" "$tmp/captured" | cut -c 1-120)"
	if [ "$flooded" != 0 ]; then
		mapfile -t list <"$tmp/captured"
		netif_missed
		missed=$((missed - missed_before)) arrived=$((${#list[@]} + lost))
		((arrived <= sent && arrived >= sent - missed)) ||
			fail "of $sent frames, ${#list[@]} were captured and $lost lost; $NETIF itself lost $missed"
		return
	fi
	cmp -s "$tmp/frames" "$tmp/captured" || # none twice
		fail "captured, too: $(comm -13 "$tmp/frames" "$tmp/captured")"
	bytes=$(awk 'match($0, / length=[0-9]+/) { n += substr($0, RSTART + 8, RLENGTH - 8) } END { print n }' "$tmp/packets")
	[ "$lost $bytes" = "0 $(($(lab_counted dropped_bytes) + $(lab_counted observed_bytes)))" ] ||
		fail "lost $lost packets; $bytes bytes in the file: $(<"$tmp/loader.out")"
}

# off_on_off TCP UDP ICMP HOOK PROGRAM OPTION…: all probes are answered. The program is attached, at
# this hook, and they end so; frames are sent. Then all are answered again, and nothing is left.
off_on_off() {
	local hook=$4 frames=("${arriving[@]}") each

	[[ $hook != *egress ]] || frames=("${leaving[@]}")
	printf '%s\n' "${frames[@]}" | sort >"$tmp/frames"
	"${in_host[@]}" "$tool" probe listen "$port" answer 2>"$tmp/listen" &
	"${in_host[@]}" "$tool" probe echo "$port" >"$tmp/echo" 2>&1 &
	for each in tcp udp; do
		poll 10 "${in_host[@]}" "$tool" probe "$each" 127.0.0.1 "$port" 500 >"$tmp/local" 2>&1 ||
			fail "no $each server here: $(tail -n 1 "$tmp/local")"
	done
	all_answered
	remote_begin <<-END
		./tool probe await $peer
		$(probes "$1" "$2" "$3")
		${sends-}
		$([[ $hook = *egress ]] || printf "./tool probe send $peer %s\n" "${frames[@]}")
	END
	poll 20 reads "$tmp/remote" ready || fail "the remote does not begin: $(<"$tmp/remote")"
	attach "${@:5}"
	tell_remote &
	if [[ $hook = *egress ]]; then
		poll 60 remote_told || fail "the remote does not end: $(<"$tmp/remote")"
		printf '%s\n' "${frames[@]}" | "${in_host[@]}" "$tool" probe send "$NETIF" - 2>"$tmp/send" || [ $? = 1 ]
	fi
	poll 30 traffic_is_over || fail "neither are all captured, nor does the remote end: $(<"$tmp/loader.err")"
	poll 3 frames_captured || true # what is missing is told below
	lab_stop
	remote_end
	counts
	[[ $(<"$tmp/loader.out") =~ \"hook\":\"[a-z-]*$hook ]] || fail "not at $hook: $(<"$tmp/loader.out")"
	all_answered
	poll 10 netif_is_as_before || fail "it leaves $(diff <(echo "$before") <(netif_state))"
}

# The same, with many more frames before those.
in_flood() {
	local sends="./tool probe flood $peer ${arriving[0]} $flood; sleep 1" missed missed_before

	netif_missed
	missed_before=$missed
	off_on_off "$@"
}

# W0 to W2 of the experiment: off, on, off again.
ktap_case "${group:-world}" world_native "xdp-drop-world, native XDP: nothing arrives (W0, W1, W2)" \
	off_on_off 1 1 1 xdp-native xdp-drop-world --native-mode
ktap_case "${group:-world}" world_generic "xdp-drop-world, generic XDP: the same" \
	off_on_off 1 1 1 xdp-generic xdp-drop-world --skb-mode
ktap_case "${group:-tcp}" tcp_native "xdp-drop-tcp, native XDP: UDP and ICMP arrive, TCP does not" \
	off_on_off 1 0 0 xdp-native xdp-drop-tcp --native-mode
ktap_case "${group:-tcp}" tcp_generic "xdp-drop-tcp, generic XDP: the same" \
	off_on_off 1 0 0 xdp-generic xdp-drop-tcp --skb-mode
ktap_case "${group:-tcp}" tcp_observe "xdp-drop-tcp --observe: all arrives, and TCP is counted" \
	off_on_off 0 0 0 xdp- xdp-drop-tcp --observe
ktap_case "${group:-tcp}" tcp_flood "xdp-drop-tcp in a flood" in_flood 1 0 0 xdp- xdp-drop-tcp
ktap_case "${group:-tc}" ingress_tcx "tc-drop-tcp --ingress --tcx: UDP and ICMP arrive, TCP does not" \
	off_on_off 1 0 0 tcx-ingress tc-drop-tcp --ingress --tcx
ktap_case "${group:-tc}" egress_tcx "tc-drop-tcp --tcx: UDP and ICMP leave, TCP does not" \
	off_on_off 1 0 0 tcx-egress tc-drop-tcp --tcx
ktap_case "${group:-tc}" ingress_clsact "tc-drop-tcp --ingress --clsact: UDP and ICMP arrive, TCP does not" \
	off_on_off 1 0 0 clsact-ingress tc-drop-tcp --ingress --clsact
ktap_case "${group:-tc}" egress_clsact "tc-drop-tcp --clsact: UDP and ICMP leave, TCP does not" \
	off_on_off 1 0 0 clsact-egress tc-drop-tcp --clsact
ktap_case "${group:-tc}" ingress_flood "tc-drop-tcp --ingress in a flood" \
	in_flood 1 0 0 -ingress tc-drop-tcp --ingress
ktap_run "$@"
