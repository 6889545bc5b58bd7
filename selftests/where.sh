#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# drop-where: the right interface, hook, function, reason and count for what our
# programs drop; nothing for what nobody drops.
# shellcheck disable=SC2119 # the helpers' arguments have defaults
set -eu

# shellcheck source-path=SCRIPTDIR source=lib/where_lib.sh disable=SC1091
. "$(dirname "$0")/lib/where_lib.sh"

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
	lab_load "${@:5}" "$dev"
	where
	knock
	poll 5 tells 3 "^ +[0-9.]+ $each +$packet\$" || true # the sums are to tell why
	end_where INT
	lab_stop
	[ "$(lab_counted dropped_packets)" = 3 ] || fail "the program dropped $(lab_counted dropped_packets)"
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

	lab_program tc-drop-tcp --tcx --timeout 100ms "$port" >/dev/null 2>&1 || status=$?
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
	! command -v taskset >/dev/null || taskset -pc "$(lab_first_cpu)" $BASHPID >"$tmp/taskset"
	"${in_host[@]}" "$tool" probe listen 80 hello >"$tmp/serve.log" 2>&1 &
	poll 5 "${in_ctr[@]}" "$tool" probe tcp 203.0.113.1 80
	poll 10 lab_rests "$host" "$ctr"
	where "$port"
	"${in_ctr[@]}" "$tool" probe icmp 203.0.113.1 10000
	"${in_ctr[@]}" "$tool" probe tcp 203.0.113.1 80 10000
	poll 10 lab_rests "$host" "$ctr"
	end_where INT
	never grep -E "xdp|tc-" "$tmp/out"
	never grep "$port.*IPv4" "$tmp/out"
}

ktap_case hooks2 only_named "only of the interfaces it was asked about; globs too"
only_named() {
	local all

	wires
	lab_load xdp-drop-tcp --skb-mode "$port"
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
	lab_stop
}

ktap_run "$@"
