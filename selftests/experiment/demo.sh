#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The experiment, told by real packets: put the programs in place, one state
# after the other, probe all paths, compare with demo.expected (or with the file
# named). Exits with 0 if every cell is as expected, else with 1.

set -eu
. "$(dirname "$0")/../lib/lab_net.sh"

expected=${1:-$(dirname "$0")/demo.expected}
lost_ms=1500 # to wait for an answer that is not expected,
answer_ms=$((lost_ms * (slack > 2 ? slack : 2))) # and for one that is: none is lost early
probes=(out-ping out-tcp curl host-tcp host-ping docker0-tcp docker0-ping outside-tcp outside-ping)
declare -A words=(
	[out-ping]="ping from outside to the host" [out-tcp]="outside to the published port"
	[curl]="curl localhost on the host"
	[host-tcp]="TCP from host to container" [host-ping]="ping from host to container"
	[docker0-tcp]="TCP from container to docker0" [docker0-ping]="ping from container to docker0"
	[outside-tcp]="TCP from container to outside" [outside-ping]="ping from container to outside"
)

lab_colours

demo_send() {
	local seconds

	lab_seconds "$2"
	case $1 in
	out-ping) "${in_out[@]}" "$tool" probe icmp 198.51.100.1 "$2" ;;
	out-tcp) "${in_out[@]}" "$tool" probe tcp 198.51.100.1 80 "$2" ;;
	curl) "${in_host[@]}" curl -s -m "$seconds" -o /dev/null http://localhost/ ;;
	host-tcp) "${in_host[@]}" "$tool" probe tcp 203.0.113.10 80 "$2" ;;
	host-ping) "${in_host[@]}" "$tool" probe icmp 203.0.113.10 "$2" ;;
	docker0-tcp) "${in_ctr[@]}" "$tool" probe tcp 203.0.113.1 80 "$2" ;;
	docker0-ping) "${in_ctr[@]}" "$tool" probe icmp 203.0.113.1 "$2" ;;
	outside-tcp) "${in_ctr[@]}" "$tool" probe tcp 198.51.100.2 80 "$2" ;;
	outside-ping) "${in_ctr[@]}" "$tool" probe icmp 198.51.100.2 "$2" ;;
	esac >"$tmp/$1.log" 2>&1
}

# Leave in a file what became of probe $1: pass, lost (1, curl's 28) or fail. It
# is expected to end as $2.
demo_judge() {
	local status=0 outcome=fail ms=$answer_ms

	[[ $2 != lost* ]] || ms=$lost_ms
	demo_send "$1" "$ms" || status=$?
	case $status in
	0) outcome=pass ;;
	1 | 28) outcome=lost ;;
	esac
	echo "$outcome" >"$tmp/$1"
}

demo_attached() {
	reads "$tmp/$1.err" attached || ! kill -0 "${loaders[$1]}" 2>/dev/null
}

# Start what runs in this state, "PROGRAM:IFACE+…", and wait until it does.
demo_start() {
	local each path

	loaders=() order=()
	[ "$1" != - ] || return 0
	for each in ${1//+/ }; do
		locate "${each%:*}"
		: >"$tmp/$each.err"
		rm -f "$tmp/$each.pcapng" # of another state
		"${in_host[@]:0:2}" -i "${in_host[@]:2}" "$path" --interval 0 --json \
			--write "$tmp/$each.pcapng" "${each#*:}" \
			>"$tmp/$each.out" 2>"$tmp/$each.err" </dev/null &
		loaders[$each]=$! order+=("$each")
	done
	for each in "${order[@]}"; do
		if ! poll 5 demo_attached "$each" || ! reads "$tmp/$each.err" attached; then
			cat "$tmp/$each.err" >&2
			lab_die "${each%:*} does not attach to ${each#*:}"
		fi
	done
}

# A number from a program's last words.
demo_final() {
	sed -n '/"final":true/s/.*"'"$2"'":\([0-9]*\).*/\1/p' "$tmp/$1.out"
}

# End it by Ctrl-C; how many packets each program says that it dropped.
demo_stop() {
	local each

	dropped=()
	for each in ${order[@]+"${order[@]}"}; do
		kill -INT "${loaders[$each]}"
		if ! wait "${loaders[$each]}"; then
			cat "$tmp/$each.err" >&2
			lab_die "${each%:*} did not end with exit status 0"
		fi
		dropped+=("$(demo_final "$each" dropped_packets)")
	done
}

demo_surprise() {
	surprises=$((surprises + 1))
	complaints+=("$*")
}

# Print one cell: outcome of probe $2 in row $1, expected $3.
demo_cell() {
	local got colour mark='' want=${3%/*} id=${3#*/}

	got=$(<"$tmp/$2")
	cells=$((cells + 1))
	colour=$green
	[ "$got" = pass ] || colour=$yellow
	if [ "$got" != "$want" ]; then
		[ "$id" != "$want" ] || id=$1
		demo_surprise "$id, ${words[$2]}: expected $want, got $got"
		colour=$red mark=!
	fi
	printf '%s%-6s%s' "$colour" "$got$mark" "$plain"
}

# What a program of this row dropped, which must be something.
demo_counter() {
	cells=$((cells + 1))
	if [ "${3:-0}" = 0 ]; then
		demo_surprise "$1, counter of ${2%:*}: expected some, got ${3:-none}"
		printf '%s%2s!%s\n' "$red" "${3:--}" "$plain"
	else
		printf '%3s\n' "$3"
	fi
	cells=$((cells + 1))
	[ "$(demo_final "$2" captured_packets)" = "$3" ] ||
		demo_surprise "$1, capture of ${2%:*}: expected ${3:-some}, got $(demo_final "$2" captured_packets)"
	demo_tapped "$2"
}

# The first of what a program dropped: no tap on that interface has them.
demo_tapped() {
	command -v tcpdump >/dev/null || return 0
	tcpdump -tnr "$tmp/$1.pcapng" -c 2 2>/dev/null | sed -E 's/, (seq|id) .*//' |
		cut -c -63 | sed "s/.*/$dim    $(case $1 in xdp*) echo 'xdp' ;; *) echo 'tc ' ;; esac) dropped  &$plain/"
}

demo_row() {
	local id=$1 running=$2 name i=0 complaint jobs=() order dropped complaints=()
	local -A loaders

	shift 2
	demo_start "$running"
	for name in "${probes[@]}"; do
		demo_judge "$name" "${@:i+1:1}" &
		jobs+=($!)
		i=$((i + 1))
	done
	wait "${jobs[@]}"
	demo_stop

	[ "$running" = - ] && name=nothing || name=${order[0]/:/ }
	printf '%-3s%-20s' "$id" "$name"
	for name in "${probes[@]}"; do
		demo_cell "$id" "$name" "$1"
		shift
	done
	[ "$running" != - ] || echo
	for i in "${!order[@]}"; do
		[ "$i" = 0 ] || printf '%3s%-74s' '' "${order[i]/:/ }"
		demo_counter "$id" "${order[i]}" "${dropped[i]}"
	done
	for complaint in ${complaints[@]+"${complaints[@]}"}; do
		echo "$red    ! $complaint$plain"
	done
}

# What one sees in the rows just printed.
demo_explain() {
	case $1 in
	W2) demo_note <<-END ;;
		XDP on wan0 drops everything that arrives there, also replies to the
		container. Traffic that does not cross wan0 is not affected.
	END
	X2) demo_note <<-END ;;
		Everything that the container sends arrives on veth0: its requests, and its
		replies. The TCP packets are dropped before the host's stack sees them; ping
		is not TCP and passes.
	END
	B) demo_note <<-END ;;
		XDP drops TCP from the container when it arrives on veth0; TC drops TCP to
		the container when it leaves veth0. Each program sees one direction only.
	END
	E) demo_note <<-END ;;
		The same result, but packets get further: now the container's SYN reaches
		docker0 and the outside, and the SYN-ACK is dropped when it leaves veth0 on
		its way back.
	END
	O) demo_note <<-END ;;
		The programs ended with their processes, and everything is as before.
	END
	esac
}

demo_note() {
	sed "s/.*/$dim    &$plain/"
	echo
}

demo_main() {
	local began=${EPOCHREALTIME/./} id running cells_wanted took

	surprises=0 cells=0
	lab_need curl
	lab_own test
	tmp=$LAB_DIR/demo
	mkdir "$tmp"
	lab_diagram
	cat <<-END

		pass: answered. lost: no answer within $lost_ms ms. drops: how many packets
		the program dropped. It captured all of them; the first two are shown. Taps on
		that interface see none. ${red}!$plain: not what $(basename "$expected") expects.

		                       out->host   host  host->ctr   ctr->bridge ctr->out  drops
		   running             ping  tcp   curl  tcp   ping  tcp   ping  tcp   ping
	END
	while read -r -u 9 id running cells_wanted; do
		case $id in
		"" | "#"*) continue ;;
		esac
		# shellcheck disable=SC2086 # nine words
		demo_row "$id" "$running" $cells_wanted
		demo_explain "$id"
	done 9<"$expected"
	took=$(((${EPOCHREALTIME/./} - began) / 100000))
	took="${took%?}.${took: -1} s"
	if [ "$surprises" != 0 ]; then
		echo "$red$surprises of $cells cells are not as expected.$plain It took $took."
		exit 1
	fi
	echo "${green}All $cells cells are as expected.$plain It took $took."
}

demo_main
