# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the experiment does to find out: attach programs, send probes, keep taps
# on everything. Judging is judge.awk's. To be sourced.
#
# What the functions leave in globals: ${program[xdp-drop-tcp]} … is where a program is,
# $verdict what became of a probe, $obstacle why a state cannot be had (empty: it is
# had), $dropped how many packets its programs dropped, $loaders and $watchers what runs.

. "${BASH_SOURCE[0]%/*}/../lib/lab_net.sh"

ANSWER_MS=5000 # to wait for an answer that should come
LOST_MS=300    # and for one that should not; SYNs are repeated after 1000

# Programs in the directory $PROGRAMS go before the built ones.
declare -A program=()
experiment_find_programs() {
	local name

	for name in xdp-drop-tcp xdp-drop-world tc-drop-tcp drop-where; do
		program[$name]=${PROGRAMS-}/$name
		[ -n "${PROGRAMS-}" ] && [ -x "${program[$name]}" ] || program[$name]=$(built "$name")
	done
}

# The line above what show.awk shows
experiment_columns() {
	local probe='   probe                '

	[ "$1" = rows ] || probe='probe              ' # without an id
	echo "$probe      eth  veth docker wan  out  lo   dropped"
}

# The lab. A server forgets soon for whom it has sent a SYN-ACK in vain. IPv6 sends of its
# own accord.
experiment_set_up() {
	local where

	lab_own test
	tmp=$LAB_DIR/experiment
	mkdir "$tmp"
	for where in out host ctr; do
		experiment_inside "$where" sh -c 'cd /proc/sys/net && echo 0 >ipv4/tcp_synack_retries
			[ ! -e ipv6/conf/all ] || echo 1 >ipv6/conf/all/disable_ipv6'
	done
}

# What TCP sends again is dropped ahead of any device: taps and programs would count it for
# the probe that is sent meanwhile.
experiment_send_once() {
	experiment_inside "$1" nft -f - <<-END
		table ip once {
			set sent {
				typeof tcp sport . tcp sequence
				size 65535
				flags dynamic
			}
			chain output {
				type filter hook output priority raw
				tcp flags & syn == syn tcp sport . tcp sequence @sent drop
				tcp flags & syn == syn add @sent { tcp sport . tcp sequence }
			}
		}
	END
}

# One tap sees all of a namespace's devices. What sends its marks is one shell, too.
experiment_set_up_taps() {
	local where pipe

	for where in out host ctr; do
		experiment_send_once "$where"
		experiment_become "$where" tcpdump -i any -y LINUX_SLL2 -s 256 -nn -tt -l --immediate-mode \
			'arp or icmp or udp or tcp[tcpflags] & tcp-syn != 0' \
			>>"$tmp/tap.$where" 2>"$tmp/tap.$where.err" &
		disown
		# shellcheck disable=SC2016 # expanded by that shell
		exec {pipe}> >(experiment_become "$where" bash -c \
			'while read -r port; do echo >"/dev/udp/127.0.0.1/$port"; done' >/dev/null 2>&1)
		markers+=("$pipe")
	done
	poll 10 experiment_taps_have .err "listening on" || lab_die "tcpdump does not start: $(cat "$tmp"/tap.*.err)"
	marker=20000
}

# Run a command in a part of the lab.
experiment_inside() {
	local -n into=in_$1

	shift
	"${into[@]}" "$@"
}

# The same in place of this shell: with & behind it, $! is the command's own pid.
experiment_become() {
	local -n into=in_$1

	shift
	exec "${into[@]:0:2}" -i "${into[@]:2}" "$@"
}

# Does each tap's file, with $1 behind its name, have $2 in it?
experiment_taps_have() {
	local where

	for where in out host ctr; do
		reads "$tmp/tap.$where$1" "$2" || return 1
	done
}

# Taps tell in the order in which packets came: when they have told of a packet
# sent now, they have told of all before. A busy tap may lose that packet.
experiment_taps_catch_up() {
	local pipe try

	for try in 1 2 3 4 5 6; do
		marker=$((marker + 1))
		for pipe in "${markers[@]}"; do
			echo "$marker" >&"$pipe"
		done
		if poll "$try" experiment_taps_have "" "127.0.0.1.$marker:"; then
			return
		fi
	done
	lab_die "a tap lags behind: $(tail -n 2 "$tmp"/tap.*)"
}

experiment_attached() {
	reads "$tmp/loader.$1.err" attached || ! kill -0 "${loaders[$1]}" 2>/dev/null
}

experiment_listens() {
	reads "$tmp/where.$1.err" listening || ! kill -0 "${watchers[$1]}" 2>/dev/null
}

experiment_summed_up() {
	reads "$tmp/where.$1" '"lost_events"' || ! kill -0 "${watchers[$1]}" 2>/dev/null
}

# Which part of the lab an interface is in
declare -A place=([eth0]=ctr [out0]=out [veth0]=host [docker0]=host [wan0]=host)

# Attach "PROGRAM[,OPTION…]:IFACE+…" and let drop-where listen. If this kernel
# lacks something, $obstacle says what.
experiment_start_state() {
	local each words dev where i=0 status

	loaders=() watched=() obstacle=
	# No FIN of an earlier probe is dropped for a later one.
	lab_quiet || lab_die "connections of earlier probes do not end"
	: >"$tmp/cells"
	for where in out host ctr; do
		: >"$tmp/tap.$where"
	done
	for each in ${1//+/ }; do
		[ "$each" != - ] || continue
		IFS=, read -ra words <<<"${each%:*}"
		dev=${each#*:}
		: >"$tmp/loader.$i.err"
		experiment_become "${place[$dev]}" "${program[${words[0]}]}" \
			--interval 0 --json "${words[@]:1}" "$dev" \
			>"$tmp/loader.$i.out" 2>"$tmp/loader.$i.err" &
		loaders+=($!)
		i=$((i + 1))
	done
	for i in "${!loaders[@]}"; do
		poll 20 experiment_attached "$i" && reads "$tmp/loader.$i.err" attached && continue
		status=0
		kill -INT "${loaders[i]}" 2>/dev/null || true
		wait "${loaders[i]}" || status=$?
		unset "loaders[i]"
		experiment_stop_state
		obstacle=$(grep -v attached "$tmp/loader.$i.err" | head -n 1)
		[ "$status" = 4 ] || lab_die "$1 does not attach (exit status $status): $obstacle"
		return
	done
	experiment_watch host veth0 docker0 wan0
	[[ $1 != *:eth0* ]] || experiment_watch ctr eth0
	experiment_ask_for_sums
	experiment_await_sums
	for where in "${watched[@]}"; do
		: >"$tmp/where.$where"
	done
}

# Let drop-where listen in part $1 of the lab. One does for all states: to begin
# takes it longer than a state.
experiment_watch() {
	watched+=("$1")
	: >"$tmp/where.$1"
	[ -z "${watchers[$1]-}" ] || return 0
	: >"$tmp/where.$1.err"
	experiment_become "$1" "${program[drop-where]}" --json "${@:2}" \
		>>"$tmp/where.$1" 2>"$tmp/where.$1.err" &
	watchers[$1]=$!
	poll 20 experiment_listens "$1" || true
	reads "$tmp/where.$1.err" listening ||
		lab_die "drop-where does not listen: $(<"$tmp/where.$1.err")"
}

# Each drop-where tells what was dropped until now, and counts anew.
experiment_ask_for_sums() {
	local where

	for where in "${watched[@]}"; do
		kill -USR1 "${watchers[$where]}" || true # the next one tells if it has ended
	done
}

experiment_await_sums() {
	local where

	for where in "${watched[@]}"; do
		poll 20 experiment_summed_up "$where" || true
		reads "$tmp/where.$where" '"lost_events"' ||
			lab_die "drop-where does not tell: $(<"$tmp/where.$where.err")"
	done
}

experiment_end_watchers() {
	local each

	[ -z "${watchers[*]-}" ] || kill -INT "${watchers[@]}"
	for each in "${watchers[@]}"; do
		wait "$each" || lab_die "drop-where did not end well: $(cat "$tmp"/where.*.err)"
	done
}

# End what start_state started; how many packets the programs dropped.
experiment_stop_state() {
	local each

	experiment_ask_for_sums
	[ -z "${loaders[*]-}" ] || kill -INT "${loaders[@]}"
	for each in "${loaders[@]}"; do
		wait "$each" || lab_die "a loader did not end with exit status 0:" \
			"$(cat "$tmp"/loader.*.err)"
	done
	experiment_await_sums
	# shellcheck disable=SC2034 # callers use them
	dropped=0
	for each in "${!loaders[@]}"; do
		experiment_add_up dropped dropped_packets "$tmp/loader.$each.out"
	done
}

# Add to variable $1 the numbers $2 of the last words in file $3.
experiment_add_up() {
	local line

	while read -r line; do
		[[ $line != *'"final":true'* || ! $line =~ \"$2\":([0-9]+) ]] ||
			printf -v "$1" %d $((${!1} + BASH_REMATCH[1]))
	done <"$3"
}

# --- probes ---

declare -A address=(
	[out-host]=198.51.100.1 [out-ctr]=198.51.100.1 [host-local]=localhost
	[host-ctr]=203.0.113.10 [ctr-bridge]=203.0.113.1 [ctr-out]=198.51.100.2
	[ctr-relay]=203.0.113.1 [host-bridge]=203.0.113.1 [host-uplink]=203.0.113.1
	[host-self]=198.51.100.1 [host-server]=203.0.113.1
)
# Not the relay's port: its own connection to the container would be seen, too.
declare -A port=([ctr-bridge]=8080 [host-server]=8080)

# Send probe $1, FROM-TO-HOW, and wait $2 ms; true if it was answered.
experiment_send() {
	local from=${1%%-*} how=${1##*-} to=${address[${1%-*}]} at=${port[${1%-*}]-80} seconds

	lab_seconds "$2"
	case $how in
	tcp) experiment_inside "$from" "$tool" probe tcp "$to" "$at" "$2" ;;
	curl) experiment_inside "$from" curl -sf -m "$seconds" "http://$to:$at/" ;;
	ping) experiment_inside "$from" "$tool" probe icmp "$to" "$2" ;;
	pingcold)
		experiment_inside out ip neigh del 198.51.100.1 dev out0
		experiment_inside "$from" "$tool" probe icmp "$to" "$2"
		;;
	pingwarm)
		experiment_neighbour reachable
		experiment_inside "$from" "$tool" probe icmp "$to" "$2"
		;;
	nping | npingicmp)
		[[ $1 != ctr-bridge-* ]] || at=80 # it opens no connection that is relayed
		if [ "$how" = nping ]; then set -- "$1" --tcp -p "$at"; else set -- "$1" --icmp; fi
		[ "${1%-*}" != host-uplink ] || set -- "$@" -e wan0
		experiment_inside "$from" nping --delay 0 -c 1 "${@:2}" "$to" </dev/null
		;;
	esac
}

# What waits for an unknown neighbour goes with its entry.
experiment_neighbour() {
	experiment_inside out ip neigh del 198.51.100.1 dev out0 || true
	experiment_inside out ip neigh replace 198.51.100.1 lladdr 02:00:00:00:01:01 nud "$1" \
		dev out0
}

# Without this command, a probe cannot be sent.
experiment_lacks() {
	! command -v "$1" >/dev/null && verdict="skip:needs $1"
}

# What becomes of probe $1, of which $2 is expected: $verdict.
experiment_judge() {
	local status=0 ms=$LOST_MS said=

	[ "$2" != pass ] || ms=$ANSWER_MS
	case $1 in
	id-in-ip-link) { experiment_lacks bpftool || experiment_id_in_ip_link; } && return ;;
	clsact-after-*) { experiment_lacks tc || experiment_clsact_after "${1##*-}"; } && return ;;
	*-nping*) ! experiment_lacks nping || return 0 ;;
	esac
	experiment_send "$1" "$ms" >"$tmp/said" 2>&1 || status=$?
	IFS= read -rd '' said <"$tmp/said" || true
	verdict="fail:${said%%$'\n'*}"
	case $1:$status in
	*-nping*:0) [[ ! $said =~ Rcvd:\ ([0-9]) ]] || verdict=pass
		[[ $said != *"Rcvd: 0 "* ]] || verdict=lost ;;
	*-nping*) ;;
	*:0) verdict=pass ;;
	*:1 | *:28) verdict=lost ;;
	esac
	case $1 in
	*-pingcold | *-pingwarm) experiment_neighbour permanent ;;
	esac
}

# The id of veth0's program, as "ip link" has it.
experiment_linked_id() {
	[[ ! $(experiment_inside host ip link show dev veth0) =~ prog/xdp\ id\ ([0-9]+) ]] ||
		echo "${BASH_REMATCH[1]}"
}

# Is the number in "ip link" the program's id, as --list and bpftool tell it?
experiment_id_in_ip_link() {
	local shown listed='' name=''

	shown=$(experiment_linked_id)
	[[ ! $(experiment_inside host "${program[xdp-drop-tcp]}" --list --json veth0) =~ \"program_id\":([0-9]+) ]] ||
		listed=${BASH_REMATCH[1]}
	[[ ! $(bpftool prog show id "$shown" 2>/dev/null) =~ \ name\ ([a-z_]+) ]] ||
		name=${BASH_REMATCH[1]}
	verdict="ip:$shown,list:$listed,bpftool:$name"
	if [ -n "$shown" ] && [ "$shown,$name" = "$listed,xdp_drop_tcp" ]; then
		verdict=same
	fi
}

# The state of veth0's clsact after a filter came and went, by tc's hand or ours.
# shellcheck disable=SC2034 # callers of judge use the verdict
experiment_clsact_after() {
	local status=0 last

	{
		if [ "$1" = tc ]; then
			experiment_inside host tc qdisc add dev veth0 clsact
			experiment_inside host tc filter add dev veth0 egress bpf da \
				obj "$(built tc_drop_tcp_kern.o)" sec tc
			experiment_inside host tc filter show dev veth0 egress
			experiment_inside host tc filter del dev veth0 egress
		else
			experiment_inside host timeout --preserve-status -s INT 0.5 \
				"${program[tc-drop-tcp]}" --clsact veth0
		fi
		experiment_inside host tc filter show dev veth0 egress
		last=$(experiment_inside host tc qdisc show dev veth0)
	} >"$tmp/said" 2>&1 || status=$?
	if [ "$status" != 0 ]; then
		verdict="fail:$(tail -n 1 "$tmp/said")"
	elif [[ $last = *clsact* ]]; then
		verdict=stays
	else
		verdict=gone
	fi
	[ "$1" != tc ] || experiment_inside host tc qdisc del dev veth0 clsact 2>/dev/null || true
}
