#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# drop-where: the right interface, hook, function, reason and count for what our
# programs drop; nothing for what nobody drops; nothing left behind.
#
# Tracepoints tell of all network namespaces. So that other tests' deaths are
# told from ours, interfaces have names here that nobody else's have. And all
# that is sent while drop-where runs is frames of our own, so that their number
# is known: no retransmissions, no ARP, no IPv6.
# shellcheck disable=SC2119 # the helpers' arguments have defaults
set -eu

# shellcheck source-path=SCRIPTDIR source=lab_lib.sh disable=SC1091
. "$(dirname "$0")/lab_lib.sh"

enter=$(built enter) probe=$(built probe) drop_where=$(built drop-where)

without_ipv6() {
	# shellcheck disable=SC2016 # expanded by that shell
	"$@" sh -c '
		for which in all default; do
			file=/proc/sys/net/ipv6/conf/$which/disable_ipv6
			[ ! -e $file ] || echo 1 >$file
		done'
}

# As the lab, but small: a container on a bridge. $port is the host's end, $peer
# the container's, $bridge the bridge.
wires() {
	local at_host=02:00:00:00:02:01 at_ctr=02:00:00:00:02:10

	port=h$BASHPID peer=c$BASHPID bridge=b$BASHPID
	host=where-host.$BASHPID ctr=where-ctr.$BASHPID
	in_host=("$enter" "$host")
	in_ctr=("$enter" "$ctr")
	ip -batch - <<-END
		netns add $host
		netns add $ctr
	END
	without_ipv6 "${in_host[@]}"
	without_ipv6 "${in_ctr[@]}"
	ip -n "$host" -batch - <<-END
		link add $bridge address $at_host type bridge mcast_snooping 0
		link add $port type veth peer name $peer address $at_ctr netns $ctr
		link set $port master $bridge up
		link set $bridge up
		addr add 203.0.113.1/24 dev $bridge
		neigh add 203.0.113.10 lladdr $at_ctr dev $bridge
	END
	ip -n "$ctr" -batch - <<-END
		link set $peer up
		addr add 203.0.113.10/24 dev $peer
		neigh add 203.0.113.1 lladdr $at_host dev $peer
	END
	poll 5 "${in_ctr[@]}" "$probe" icmp 203.0.113.1 300
}

after_each() {
	local pids

	pids=$(jobs -p)
	# shellcheck disable=SC2086 # one word, one process
	[ -z "$pids" ] || kill -9 $pids 2>/dev/null || true
	[ -z "${host-}" ] || printf "netns del %s\n" "$host" "$ctr" | ip -force -batch -
}

listening() {
	reads "$tmp/where.err" listening || gone
}

# Start drop-where on the host. With --timeout, it may have ended then.
where() {
	: >"$tmp/where.err"
	"${in_host[@]:0:1}" -i "${in_host[@]:1}" "$drop_where" "$@" \
		>"$tmp/where.out" 2>"$tmp/where.err" </dev/null &
	where=$!
	# The kernel takes its time to switch tracing on when many do it at once.
	poll 30 listening || fail "it neither listens nor gives up"
	reads "$tmp/where.err" listening || fail "it ended: $(cat "$tmp/where.err")"
}

gone() {
	is_over "$where"
}

# End it: its output is what told looks at, and how it ended is right.
end_where() {
	local status=0 text

	[ "$1" = none ] || kill "-$1" "$where" || true # it ended: by what, is told below
	poll 30 gone || fail "it does not end"
	wait "$where" || status=$?
	copy "$tmp/where.err" "$tmp/err"
	copy "$tmp/where.out" "$tmp/out"
	[ "$status" = 0 ] || fail "exit status $status: $(<"$tmp/err")"
	read_text "$tmp/out"
	printf %s "$text" # for who reads a failure
}

# Run a command in the directory of tracing; if that is not mounted, it is for it alone.
tracing() {
	if [ -e /sys/kernel/tracing/events ]; then
		(cd /sys/kernel/tracing && exec "$@")
	else
		# shellcheck disable=SC2016 # expanded by that shell
		unshare --mount sh -c 'mount -t tracefs tracefs "$1" && cd "$1" && shift && exec "$@"' \
			sh /sys/kernel/tracing "$@"
	fi
}

# Has process $1 an instance?
instances() {
	[[ $'\n'$(tracing ls instances) = *$'\n'"bpf-drop-$1-"* ]]
}

# So many SYNs from the container: 203.0.113.10:40000 to 203.0.113.1:80. Where
# they arrive, each is answered by an RST.
syn=020000000201020000000210080045000028000040004006c2c3cb00710acb007101
syn+=9c40005000000001000000005002ffff9b440000
knock() {
	"${in_ctr[@]}" "$probe" send "$peer" "$syn" "${1:-3}"
}

# At least so many of them match.
tells() {
	local count

	count "$2" "${3:-$tmp/where.out}"
	[ "$count" -ge "$1" ]
}

# What drop-where must tell while PROGRAM… drops three packets: hook, function and
# reason, as regular expressions; $4 is "?" where the interface is a guess.
#
# What dies at TC egress elsewhere on this machine, before anything was told of
# it, is guessed to be ours; but then its length is not known, and ours is. For
# native XDP, no more can be guessed than three, as no more were sent.
dies() {
	local dev=$port each sum=3 count

	[ "$1" != xdp-generic-bridge ] || dev=$bridge
	each="$dev$4 +${1%-bridge} +$2 +$3"
	load "${@:5}" "$dev"
	where
	knock
	poll 5 tells 3 "^ +[0-9.]+ $each +$packet\$" || true # the sums are to tell why
	end_where INT
	stop
	[ "$(counted dropped_packets)" = 3 ] || fail "the program dropped $(counted dropped_packets)"
	count "^ +[0-9.]+ $each +$packet\$"
	[ "$count" = 3 ] || fail "not a line for each"
	count "^ +[0-9]+\.[0-9]+ $each "
	[[ $1 != tc-egress* ]] || sum=$count
	told "^ +$sum $each +[0-9]+\$"
	never instances "$where"
}

# The end of a line for one of the three packets.
packet='IPv4 *[0-9]*'

ktap_case hooks native "native XDP: told for the veth it hangs on"
native() {
	wires
	# Compilers may have put the one function into the other.
	dies xdp-native 'veth_(xdp_rcv_skb|poll)' '[-A-Z_]+' '\?' xdp-drop-tcp --native-mode
}

ktap_case hooks generic "generic XDP: interface, function, one line for each"
generic() {
	wires
	dies xdp-generic '[a-z_]*generic[a-z_]*' '[-A-Z_]+' '' xdp-drop-tcp --skb-mode
}

ktap_case hooks generic_bridge "generic XDP on the bridge, not on its port"
generic_bridge() {
	wires
	dies xdp-generic-bridge '[a-z_]*generic[a-z_]*' '[-A-Z_]+' '' xdp-drop-tcp --skb-mode
}

need_tcx() {
	local status=0

	run tc-drop-tcp --tcx --timeout 100ms "$port" >/dev/null 2>&1 || status=$?
	[ "$status" != 4 ] || skip "no TCX in this kernel"
}

# Before Linux 6.1 there are no such reasons, so that hooks are guessed.
has_reason() {
	tracing grep -q TC_INGRESS events/skb/kfree_skb/format
}

into() {
	local hook='tc-ingress\?' reason='[-A-Z_]+'

	if has_reason; then hook=tc-ingress reason=TC_INGRESS; fi
	dies "$hook" '__netif_receive_skb_core' "$reason" '' tc-drop-tcp "$@" --ingress
}

ktap_case hooks ingress_tcx "TC ingress by TCX"
ingress_tcx() {
	wires
	need_tcx
	into --tcx
}

ktap_case hooks2 ingress_clsact "TC ingress by clsact"
ingress_clsact() {
	wires
	into --clsact
}

# The answers to the container leave by the port.
out_of() {
	local hook='tc-egress\?' reason='[-A-Z_]+' packet='IPv4 +54'

	if has_reason; then hook=tc-egress reason=TC_EGRESS; fi
	dies "$hook" '__dev_queue_xmit' "$reason" '\?' tc-drop-tcp "$@"
}

ktap_case hooks2 egress_tcx "TC egress by TCX"
egress_tcx() {
	wires
	need_tcx
	out_of --tcx
}

ktap_case hooks2 egress_clsact "TC egress by clsact"
egress_clsact() {
	wires
	out_of --clsact
}

ktap_case hooks2 no_death "nothing is told while nothing dies"
no_death() {
	wires
	# On one CPU: on two, packets may overtake each other, and then some die.
	! command -v taskset >/dev/null || taskset -pc "$(first_cpu)" $BASHPID >"$tmp/taskset"
	"${in_host[@]}" "$probe" listen 80 hello >"$tmp/serve.log" 2>&1 &
	poll 5 "${in_ctr[@]}" "$probe" tcp 203.0.113.1 80
	poll 10 at_rest "$host" "$ctr"
	where "$port"
	"${in_ctr[@]}" "$probe" icmp 203.0.113.1 10000
	"${in_ctr[@]}" "$probe" tcp 203.0.113.1 80 10000
	poll 10 at_rest "$host" "$ctr"
	end_where INT
	never grep -E "xdp|tc-" "$tmp/out"
	never grep "$port.*IPv4" "$tmp/out"
}

ktap_case hooks2 only_named "only of the interfaces it was asked about; globs too"
only_named() {
	local all

	wires
	load xdp-drop-tcp --skb-mode "$port"
	where
	all=$where
	mv "$tmp/where.out" "$tmp/all.out"
	where "$bridge"
	knock
	poll 5 tells 3 " $port +xdp-generic" "$tmp/all.out"
	end_where INT
	never grep "$port" "$tmp/out"
	kill "$all"
	wait "$all"
	where 'h*'
	knock
	poll 5 tells 3 " $port +xdp-generic"
	end_where INT
	told "^ +3 $port +xdp-generic"
	stop
}

# --- its life ---

ktap_case life signals "SIGINT, SIGTERM, SIGHUP: sums, exit status 0, no instance left"
signals() {
	local signal

	wires
	for signal in INT TERM HUP; do
		where "$port"
		instances "$where" || fail "where is its instance?"
		end_where "$signal"
		told ' 0 died in [0-9.]+ s$'
		never instances "$where"
	done
}

ktap_case life anew "SIGUSR1: the sums so far, and counting anew"
anew() {
	wires
	load xdp-drop-tcp --skb-mode "$port"
	where --summary "$port"
	knock 2
	kill -USR1 "$where"
	poll 5 tells 1 "^ +2 $port +xdp-generic"
	tells 1 ' 2 died in [0-9.]+ s$' || fail "without their sum"
	knock 1
	end_where INT
	stop
	told "^ +1 $port +xdp-generic"
	told ' 1 died in [0-9.]+ s$'
}

# Who clears a namespace away would end it: it looks into all of them as it starts.
ktap_case life stays "it is never seen in another network namespace"
stays() {
	local comm ns

	wires
	for _ in 1 2 3 4 5 6 7 8; do
		"${in_host[@]}" "$drop_where" --timeout 20ms "$port" >"$tmp/where.out" 2>&1 &
		until is_over $!; do
			read -r comm 2>/dev/null <"/proc/$!/comm" || continue
			ns=/proc/$!/ns/net # there is none any more as it ends
			[ "$comm" != drop-where ] || [ "$ns" -ef "/run/netns/$host" ] ||
				[ ! -e "$ns" ] || fail "it is elsewhere"
		done
		wait $!
	done
}

# The next run of anybody's, other tests' too.
ktap_case life killed "kill -9: the next run removes what is left"
killed() {
	wires
	where
	instances "$where" || fail "where is its instance?"
	kill -KILL "$where"
	wait "$where" 2>/dev/null || true
	killed=$where
	where --timeout 100ms
	end_where none
	never instances "$killed"
	never instances "$where"
}

ktap_case life time_out "--timeout: ends by itself, in time"
time_out() {
	local began

	wires
	began=$(now_ms)
	where --timeout 1s "$port"
	end_where none
	began=$(($(now_ms) - began))
	[ "$began" -ge 1000 ] || fail "after $began ms"
	# By its own count, as its set-up may take longer. A busy machine delays its end.
	told 'died in [1-9]\.[0-9] s'
}

ktap_case life two "two at once tell the same"
two() {
	local first

	wires
	load xdp-drop-tcp --skb-mode "$port"
	where "$port"
	first=$where
	mv "$tmp/where.out" "$tmp/first.out"
	mv "$tmp/where.err" "$tmp/first.err"
	where --summary "$port"
	knock
	poll 5 tells 3 " $port +xdp-generic" "$tmp/first.out"
	end_where INT
	told "^ +3 $port +xdp-generic"
	never grep -E "^ +[0-9]+\.[0-9]+ |seconds" "$tmp/out"
	where=$first
	mv "$tmp/first.out" "$tmp/where.out"
	mv "$tmp/first.err" "$tmp/where.err"
	end_where INT
	stop
	told "^ +3 $port +xdp-generic"
}

# The first packet is read of; telling of a later one fails.
gone_by_knock() {
	knock 1
	sleep 0.1
	gone
}

ktap_case life closed "a reader that goes away ends it, quietly"
closed() {
	wires
	load xdp-drop-tcp --skb-mode "$port"
	"${in_host[@]}" "$drop_where" "$port" 2>"$tmp/where.err" \
		> >(head -n 1 >"$tmp/where.out") &
	where=$!
	poll 30 reads "$tmp/where.err" listening
	poll 5 gone_by_knock || fail "it goes on"
	end_where none
	stop
	told '^ +seconds'
	never grep -v listening "$tmp/err"
}

# --- words ---

ktap_case words json "--json: each line is JSON, with the sums"
json() {
	command -v jq >/dev/null || skip "needs jq"
	wires
	load xdp-drop-tcp --skb-mode "$port"
	where --json "$port"
	knock
	poll 5 tells 3 '"final":false.*xdp-generic|xdp-generic.*"final":false'
	end_where INT
	stop
	# shellcheck disable=SC2016 # jq's own
	jq -es --arg port "$port" '
		map(select(.hook == "xdp-generic")) as $ours |
		($ours | map(select(.final))) as $sums |
		($ours | map(select(.final | not))) as $each |
		($each | length) == 3 and ($sums | length) == 1 and
		$sums[0].packets == 3 and $sums[0].interface == $port and
		all($each[]; .protocol == 2048 and .interface_guessed == false) and
		.[-1].lost_events == 0 and .[-1].packets >= 3' "$tmp/out"
}

ktap_case words usage "wrong usage is 2, help and version go to standard output"
usage() {
	expect 0 "$drop_where" --help
	told '^Usage: drop-where .*IFACE'
	told '--timeout=DURATION'
	expect 0 "$drop_where" --version
	told '^drop-where [0-9]'
	expect 2 "$drop_where" --timeout 10
	said "'10' is no duration"
	expect 2 "$drop_where" --no-such-option
	said 'Try .*--help'
	expect 2 "$drop_where" no-such-if
	said "no interface 'no-such-if'"
	expect 2 "$drop_where" 'nosuch*'
	said "no interface matches"
}

ktap_case words unprivileged "without privilege it says so, and ends with 1"
unprivileged() {
	cp "$drop_where" "$tmp/drop-where"
	chmod 755 "$tmp" "$ktap_dir"
	expect 1 setpriv --reuid 65534 --regid 65534 --clear-groups "$tmp/drop-where"
	said 'needs more privilege.*root'
	[ ! -s "$tmp/out" ] || fail "on standard output: $(<"$tmp/out")"
}

ktap_run "$@"
