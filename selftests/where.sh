#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# drop-where: the right interface, hook, function, reason and count for what our
# programs drop; nothing for what nobody drops; nothing left behind.
#
# Tracepoints tell of all network namespaces. So that other tests' deaths are
# told from ours, interfaces have names here that nobody else's have.
# shellcheck disable=SC2119 # the helpers' arguments have defaults
set -eu

# shellcheck source-path=SCRIPTDIR source=lab_lib.sh disable=SC1091
. "$(dirname "$0")/lab_lib.sh"

# As the lab, but small: a container on a bridge. $port is the host's end, $end
# the container's, $bridge the bridge.
wires() {
	port=h$BASHPID end=c$BASHPID bridge=b$BASHPID
	host=where-host.$BASHPID ctr=where-ctr.$BASHPID
	in_host=(nsenter "--net=/run/netns/$host")
	in_ctr=(nsenter "--net=/run/netns/$ctr")
	probe=$(built probe)
	ip netns add "$host"
	ip netns add "$ctr"
	ip -n "$host" -batch - <<-END
		link add $bridge type bridge mcast_snooping 0
		link add $port type veth peer name $end netns $ctr
		link set $port master $bridge up
		link set $bridge up
		addr add 203.0.113.1/24 dev $bridge
	END
	ip -n "$ctr" link set "$end" up
	ip -n "$ctr" addr add 203.0.113.10/24 dev "$end"
	poll 5 "${in_ctr[@]}" "$probe" icmp 203.0.113.1 300
}

after_each() {
	local pids

	pids=$(jobs -p)
	# shellcheck disable=SC2086 # one word, one process
	[ -z "$pids" ] || kill -9 $pids 2>/dev/null || true
	[ -z "${host-}" ] || ip netns del "$host"
	[ -z "${ctr-}" ] || ip netns del "$ctr"
}

listening() {
	grep -qs listening "$tmp/where.err" || [ -z "$(lab_birth "$where")" ]
}

# Start drop-where on the host.
where() {
	rm -f "$tmp/where.err"
	"${in_host[@]}" env --default-signal=INT "$(built drop-where)" "$@" \
		>"$tmp/where.out" 2>"$tmp/where.err" </dev/null &
	where=$!
	poll 10 listening || fail "it neither listens nor gives up"
	[ -n "$(lab_birth "$where")" ] || fail "it ended: $(cat "$tmp/where.err")"
}

gone() {
	[ -z "$(lab_birth "$where")" ]
}

# End it: its output is what told looks at, and how it ended is right.
end_where() {
	local status=0

	[ "$1" = none ] || kill "-$1" "$where"
	poll 10 gone || fail "it does not end"
	wait "$where" || status=$?
	cp "$tmp/where.out" "$tmp/out"
	cp "$tmp/where.err" "$tmp/err"
	[ "$status" = 0 ] || fail "exit status $status: $(cat "$tmp/err")"
	cat "$tmp/out" # for who reads a failure
}

# The instances of process $1: their names.
instances() {
	unshare --mount sh -c '
		[ -e /sys/kernel/tracing/instances ] || mount -t tracefs tracefs /sys/kernel/tracing
		ls /sys/kernel/tracing/instances' | grep "^bpf-drop-$1-"
}

# Three connections from the container, none of which comes about.
knock() {
	local _

	for _ in 1 2 3; do
		expect 1 "${in_ctr[@]}" "$probe" tcp 203.0.113.1 80 200
	done
}

# What drop-where must tell while PROGRAM… drops three SYNs: hook, function and
# reason, as regular expressions; $4 is "?" where the interface is a guess.
dies() {
	local dev=$port

	[ "$1" != xdp-generic-bridge ] || dev=$bridge
	load "${@:5}" "$dev"
	where
	knock
	end_where INT
	stop
	told "^ +3 $dev$4 +${1%-bridge} +$2 +$3 +[0-9]+\$"
	[ "$(grep -cE "^ +[0-9.]+ $dev$4 +${1%-bridge} +$2 +$3 +IPv4" "$tmp/out")" = 3 ] ||
		fail "not a line for each"
	never instances "$where"
}

ktap_case hooks native "native XDP: told for the veth it hangs on"
native() {
	wires
	dies xdp-native veth_xdp_rcv_skb '[-A-Z_]+' '\?' xdp-drop-tcp --native-mode
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

	on_host timeout 1 "$(built tc-drop-tcp)" --tcx --timeout 100ms "$port" >/dev/null 2>&1 || status=$?
	[ "$status" != 4 ] || skip "no TCX in this kernel"
}

# Before Linux 6.1 there are no such reasons, so that hooks are guessed.
has_reason() {
	unshare --mount sh -c '
		[ -e /sys/kernel/tracing/events ] || mount -t tracefs tracefs /sys/kernel/tracing
		grep -q TC_INGRESS /sys/kernel/tracing/events/skb/kfree_skb/format'
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

# The answers (SYN-ACK, or RST as here) to the container leave by the port.
out_of() {
	local hook='tc-egress\?' reason='[-A-Z_]+'

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
	"${in_host[@]}" "$probe" listen 80 hello >"$tmp/serve.log" 2>&1 &
	poll 5 "${in_ctr[@]}" "$probe" tcp 203.0.113.1 80
	where "$port"
	"${in_ctr[@]}" "$probe" icmp 203.0.113.1
	"${in_ctr[@]}" "$probe" tcp 203.0.113.1 80
	end_where INT
	never grep -E "xdp|tc-" "$tmp/out"
	never grep "$port.*IPv4" "$tmp/out"
}

ktap_case hooks2 only_named "only of the interfaces it was asked about; globs too"
only_named() {
	wires
	load xdp-drop-tcp --skb-mode "$port"
	where "$bridge"
	knock
	end_where INT
	never grep "$port" "$tmp/out"
	where 'h*'
	knock
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
		[ -n "$(instances "$where")" ] || fail "where is its instance?"
		end_where "$signal"
		told ' 0 died in [0-9.]+ s$'
		never instances "$where"
	done
}

ktap_case life killed "kill -9: the next run removes what is left"
killed() {
	wires
	where
	kill -KILL "$where"
	wait "$where" 2>/dev/null || true
	[ -n "$(instances "$where")" ] || fail "nothing is left: by whose doing?"
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
	[[ $began -ge 1000 && $began -lt 3000 ]] || fail "after $began ms"
	told 'died in 1\.[0-9] s'
}

ktap_case life two "two at once tell the same"
two() {
	wires
	load xdp-drop-tcp --skb-mode "$port"
	"${in_host[@]}" "$(built drop-where)" --timeout 4s --summary "$port" >"$tmp/first" 2>&1 &
	where --summary "$port"
	poll 5 grep -qs listening "$tmp/first"
	knock
	end_where INT
	wait -n
	stop
	told "^ +3 $port +xdp-generic"
	ktap_match "$tmp/first" "^ +3 $port +xdp-generic"
	[ "$(grep -c "$port" "$tmp/out")" = 1 ] || fail "--summary told more than sums"
}

ktap_case life closed "a reader that goes away ends it, quietly"
closed() {
	wires
	load xdp-drop-tcp --skb-mode "$port"
	"${in_host[@]}" "$(built drop-where)" --timeout 20s "$port" 2>"$tmp/where.err" \
		> >(head -n 1 >"$tmp/where.out") &
	where=$!
	poll 5 grep -qs listening "$tmp/where.err"
	knock
	end_where none
	stop
	told '^ +seconds'
	never grep -v listening "$tmp/err"
}

# --- words ---

ktap_case words json "--json: each line is JSON, with the sums"
json() {
	command -v python3 >/dev/null || skip "needs python3"
	wires
	load xdp-drop-tcp --skb-mode "$port"
	where --json "$port"
	knock
	end_where INT
	stop
	python3 - "$port" "$tmp/out" <<-'END'
		import json, sys
		lines = [json.loads(line) for line in open(sys.argv[2])]
		each = [l for l in lines if not l["final"] and l["hook"] == "xdp-generic"]
		sums = [l for l in lines if l["final"] and l.get("hook") == "xdp-generic"]
		assert len(each) == 3 and len(sums) == 1, lines
		assert sums[0]["packets"] == 3 and sums[0]["interface"] == sys.argv[1]
		assert all(l["protocol"] == 0x800 and not l["interface_guessed"] for l in each)
		assert lines[-1]["lost_events"] == 0 and lines[-1]["packets"] >= 3
	END
}

ktap_case words usage "wrong usage is 2, help and version go to standard output"
usage() {
	local drop_where

	drop_where=$(built drop-where)
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
	cp "$(built drop-where)" "$tmp/drop-where"
	chmod 755 "$tmp" "$ktap_dir"
	expect 1 setpriv --reuid 65534 --regid 65534 --clear-groups "$tmp/drop-where"
	said 'needs more privilege.*root'
	[ ! -s "$tmp/out" ] || fail "on standard output: $(<"$tmp/out")"
}

ktap_run "$@"
