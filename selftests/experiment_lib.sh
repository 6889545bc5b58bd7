# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the experiment does to find out: attach programs, send probes, keep taps
# on everything. Judging is experiment.awk's. To be sourced.
#
# All of a lab's interfaces have a number of their own, $LAB_UNIT: the kernel's
# tracepoints tell names only, and there may be other labs.

# shellcheck source-path=SCRIPTDIR source=lab_net.sh disable=SC1091
. "$(dirname "${BASH_SOURCE[0]}")/lab_net.sh"

ANSWER_MS=5000 # to wait for an answer that should come
LOST_MS=300    # and for one that should not; SYNs are repeated after 1000

# Programs in this directory go before the built ones.
program() {
	if [ -n "${PROGRAMS-}" ] && [ -x "$PROGRAMS/$1" ]; then
		echo "$PROGRAMS/$1"
	else
		built "$1"
	fi
}

# The lab with its taps. A server that has sent a SYN-ACK in vain does not repeat
# it: it would turn up in a later probe. IPv6 sends of its own accord. One tap sees all of a namespace's devices.
set_up() {
	local where

	LAB_UNIT=$BASHPID
	lab_own test
	probe=$(built probe)
	tmp=$LAB_DIR/experiment
	mkdir "$tmp"
	for where in out host ctr; do
		inside "$where" sh -c 'cd /proc/sys/net && echo 0 >ipv4/tcp_synack_retries
			[ ! -e ipv6/conf/all ] || echo 1 >ipv6/conf/all/disable_ipv6'
		become "$where" tcpdump -i any -y LINUX_SLL2 -s 256 -nn -tt -l --immediate-mode \
			'arp or icmp or udp or tcp[tcpflags] & tcp-syn != 0' \
			>>"$tmp/tap.$where" 2>"$tmp/tap.$where.err" &
		disown
	done
	become host "$probe" listen 8080 "Hello from the host." >"$tmp/listen.log" 2>&1 &
	disown
	poll 10 taps_have .err "listening on" || lab_die "tcpdump does not start: $(cat "$tmp"/tap.*.err)"
	poll 10 inside host "$probe" tcp 127.0.0.1 8080 >/dev/null
	marker=20000
}

# Run a command in a part of the lab.
inside() {
	# shellcheck disable=SC2178 # a name for one of the arrays
	local -n into=in_$1

	shift
	"${into[@]}" "$@"
}

# The same in the background: $! is then the command's own pid.
become() {
	# shellcheck disable=SC2178 # a name for one of the arrays
	local -n into=in_$1

	shift
	exec "${into[@]}" env --default-signal=INT "$@" </dev/null
}

# Does each tap's file, with $1 behind its name, have a line with $2?
taps_have() {
	local where

	for where in out host ctr; do
		grep -qsF "$2" "$tmp/tap.$where$1" || return 1
	done
}

# Taps tell in the order in which packets came: when they have told of a packet
# sent now, they have told of all before. A busy tap may lose that packet.
taps_catch_up() {
	local where try

	for try in 1 2 3 4 5 6; do
		marker=$((marker + 1))
		for where in out host ctr; do
			inside "$where" bash -c "echo >/dev/udp/127.0.0.1/$marker" || true
		done
		if poll "$try" taps_have "" "127.0.0.1.$marker:"; then
			return
		fi
	done
	lab_die "a tap lags behind: $(tail -n 2 "$tmp"/tap.*)"
}

# In which part of the lab interface $1 is.
place_of() {
	case $1 in
	eth*) echo ctr ;;
	out*) echo out ;;
	*) echo host ;;
	esac
}

# "veth0" as the lab calls it.
real() {
	echo "${1%0}$LAB_UNIT"
}

attached() {
	grep -qs attached "$tmp/loader.$1.err" || ! kill -0 "${loaders[$1]}" 2>/dev/null
}

listens() {
	grep -qs listening "$tmp/where.$1.err" || ! kill -0 "${watchers[$1]}" 2>/dev/null
}

# Attach "PROGRAM[,OPTION…]:IFACE+…" and let drop-where listen. If this kernel
# lacks something, $obstacle says what.
start_state() {
	local each words dev where i=0 status

	loaders=() watchers=() obstacle=
	rm -f "$tmp"/loader.* "$tmp"/where.*
	: >"$tmp/cells"
	for each in ${1//+/ }; do
		[ "$each" != - ] || continue
		IFS=, read -ra words <<<"${each%:*}"
		dev=$(real "${each#*:}")
		become "$(place_of "$dev")" "$(program "${words[0]}")" \
			--interval 0 --json "${words[@]:1}" "$dev" \
			>"$tmp/loader.$i.out" 2>"$tmp/loader.$i.err" &
		loaders+=($!)
		i=$((i + 1))
	done
	for i in "${!loaders[@]}"; do
		poll 20 attached "$i" && grep -qs attached "$tmp/loader.$i.err" && continue
		status=0
		kill -INT "${loaders[i]}" 2>/dev/null || true
		wait "${loaders[i]}" || status=$?
		unset "loaders[i]"
		stop_state
		obstacle=$(grep -v attached "$tmp/loader.$i.err" | head -n 1)
		[ "$status" = 4 ] || lab_die "$1 does not attach (exit status $status): $obstacle"
		return
	done
	watch host "$(real veth0)" "$(real docker0)" "$(real wan0)"
	[[ $1 != *:eth0* ]] || watch ctr "$(real eth0)"
	for where in "${!watchers[@]}"; do
		poll 20 listens "$where" || true
		grep -q listening "$tmp/where.$where.err" ||
			lab_die "drop-where does not listen: $(<"$tmp/where.$where.err")"
	done
}

watch() {
	become "$1" "$(program drop-where)" --json "${@:2}" \
		>"$tmp/where.$1" 2>"$tmp/where.$1.err" &
	watchers[$1]=$!
}

# End what start_state started; how many packets the programs dropped.
stop_state() {
	local each

	for each in "${watchers[@]}" "${loaders[@]}"; do
		kill -INT "$each"
	done
	for each in "${watchers[@]}" "${loaders[@]}"; do
		wait "$each" || lab_die "a program did not end with exit status 0:" \
			"$(cat "$tmp"/loader.*.err "$tmp"/where.*.err)"
	done
	# shellcheck disable=SC2034 # who called uses it
	dropped=$(cat /dev/null "$tmp"/loader.*.out 2>/dev/null | awk -F '"dropped_packets":' \
		'/"final":true/ { sum += $2 } END { print sum + 0 }')
}

# How many of the kernel's events drop-where has missed: of other people's floods,
# for there is hardly a packet in this lab.
missed() {
	sed -n 's/.*"lost_events":\([0-9]*\).*/\1/p' "$tmp"/where.* | awk '{ n += $1 } END { print n + 0 }'
}

# --- probes ---

declare -A address=(
	[out-host]=198.51.100.1 [out-ctr]=198.51.100.1 [host-local]=localhost
	[host-ctr]=203.0.113.10 [ctr-bridge]=203.0.113.1 [ctr-out]=198.51.100.2
	[host-self]=198.51.100.1 [host-uplink]=198.51.100.1
)
# Not the relay's port: its own connection to the container would be seen, too.
declare -A port=([ctr-bridge]=8080 [host-self]=8080)

# Send probe $1, FROM-TO-HOW, and wait $2 ms; true if it was answered.
send() {
	local from=${1%%-*} how=${1##*-} to=${address[${1%-*}]} at=${port[${1%-*}]-80}

	case $how in
	tcp) inside "$from" "$probe" tcp "$to" "$at" "$2" ;;
	curl) inside "$from" curl -sf -m "$2"e-3 "http://$to:$at/" ;;
	ping) inside "$from" "$probe" icmp "$to" "$2" ;;
	pingcold)
		inside out ip neigh del 198.51.100.1 dev "$(real out0)"
		inside "$from" "$probe" icmp "$to" "$2"
		;;
	pingwarm)
		neighbour reachable
		inside "$from" "$probe" icmp "$to" "$2"
		;;
	nping | npingicmp)
		if [ "$how" = nping ]; then set -- "$1" --tcp -p 80; else set -- "$1" --icmp; fi
		[ "${1%-*}" != host-uplink ] || set -- "$@" -e "$(real wan0)"
		inside "$from" nping --delay 0 -c 1 "${@:2}" "$to" </dev/null
		;;
	esac
}

# What waits for an unknown neighbour goes with its entry.
neighbour() {
	inside out ip neigh del 198.51.100.1 dev "$(real out0)" || true
	inside out ip neigh replace 198.51.100.1 lladdr 02:00:00:00:01:01 nud "$1" \
		dev "$(real out0)"
}

# What became of probe $1, of which $2 is expected; any output is in $tmp/said.
judge() {
	local status=0 ms=$LOST_MS

	[ "$2" != pass ] || ms=$ANSWER_MS
	case $1 in
	id-in-ip-link) id_in_ip_link ;;
	clsact-after-*) clsact_after "${1##*-}" ;;
	*-nping*)
		if ! command -v nping >/dev/null; then
			echo "skip:no nping"
			return
		fi
		send "$1" "$ms" >"$tmp/said" 2>&1 || status=$?
		case $status,$(sed -n 's/.*Rcvd: \([0-9]*\) .*/\1/p' "$tmp/said") in
		0,0) echo lost ;;
		0,[1-9]*) echo pass ;;
		*) echo "fail:$(head -n 1 "$tmp/said")" ;;
		esac
		;;
	*)
		send "$1" "$ms" >"$tmp/said" 2>&1 || status=$?
		case $status in
		0) echo pass ;;
		1 | 28) echo lost ;;
		*) echo "fail:$(head -n 1 "$tmp/said")" ;;
		esac
		;;
	esac
	case $1 in
	*-pingcold | *-pingwarm) neighbour permanent ;;
	esac
}

# Is the number in "ip link" the program's id, as --list and bpftool tell it?
id_in_ip_link() {
	local dev shown listed name

	dev=$(real veth0)
	shown=$(inside host ip link show dev "$dev" | sed -n 's/.*prog\/xdp id \([0-9]*\).*/\1/p')
	listed=$(inside host "$(program xdp-drop-tcp)" --list --json "$dev" |
		sed -n 's/.*"program_id":\([0-9]*\).*/\1/p')
	name=$(bpftool prog show id "$shown" 2>/dev/null | sed -n 's/.* name \([a-z_]*\).*/\1/p')
	if [ -n "$shown" ] && [ "$shown,$name" = "$listed,xdp_drop_tcp" ]; then
		echo same
	else
		echo "ip:$shown,list:$listed,bpftool:$name"
	fi
}

# The state of veth0's clsact after a filter came and went, by tc's hand or ours.
clsact_after() {
	local dev status=0

	dev=$(real veth0)
	{
		if [ "$1" = tc ]; then
			inside host tc qdisc add dev "$dev" clsact
			inside host tc filter add dev "$dev" egress bpf da \
				obj "$(built tc_drop_tcp_kern.o)" sec tc
			inside host tc filter show dev "$dev" egress
			inside host tc filter del dev "$dev" egress
		else
			inside host timeout --preserve-status -s INT 0.5 \
				"$(program tc-drop-tcp)" --clsact "$dev"
		fi
		inside host tc filter show dev "$dev" egress
		inside host tc qdisc show dev "$dev"
	} >"$tmp/said" 2>&1 || status=$?
	if [ "$status" != 0 ]; then
		echo "fail:$(tail -n 1 "$tmp/said")"
	elif inside host tc qdisc show dev "$dev" | grep -q clsact; then
		echo stays
	else
		echo gone
	fi
	[ "$1" != tc ] || inside host tc qdisc del dev "$dev" clsact 2>/dev/null || true
}
