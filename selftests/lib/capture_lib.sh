# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the tests of --write have in common. To be sourced. tcpdump on the
# sender's side is the oracle: the file has to have what it saw.
#
#   capture_oracle WHERE IFACE COUNT FILTER…
#                               tcpdump there, until it has COUNT packets; its
#                               buffer is for few of them, unless $oracle_room says
#                               else; its process is $oracle
#   capture_oracle_stop         it has seen all, and ends
#   capture_same FILE [ARGS]    its packets are tcpdump's; ARGS as tool pcapng_check's
#   capture_flood COUNT [LENGTH]
#                               as fast as can be; capture_flood_begin does not wait:
#                               $flood, and capture_flood_end ends it
#   capture_adds_up FILE [ARGS]
#                               captured + lost = dropped (or observed), and so
#                               many are in the file; $captured, $lost, $matched
#   capture_shown REGEX         the last capture_adds_up has shown a line like this
#   capture_totals              the sums of the last run's final lines: $captured,
#                               $lost, $matched
#   capture_arrived FILE COUNT  wait until so many packets are in a file that grows
#   capture_pipe_to CMD… -- ARGS…
#                               like lab_load, its --write - read by CMD; $reader

. "${BASH_SOURCE[0]%/*}/lab_lib.sh"

oracle_room=(-B 2048 -s 9216)

capture_oracle() {
	local -n where=in_$1
	local count=()

	need tcpdump
	[ "$3" = 0 ] || count=(-c "$3")
	: >"$tmp/oracle.err" # else the words of the last one are taken for its own
	"${where[@]}" tcpdump -Z root --nano --immediate-mode -U "${oracle_room[@]}" -i "$2" "${count[@]}" \
		-w "$tmp/oracle.pcap" "${@:4}" 2>"$tmp/oracle.err" &
	oracle=$!
	poll 5 reads "$tmp/oracle.err" "listening on" || fail "tcpdump: $(cat "$tmp/oracle.err")"
}

capture_oracle_ended() {
	is_over "$oracle"
}

# By SIGUSR1 it tells how many packets it has taken out of the kernel's buffer,
# how many came into it, and how many found no room. Not for -Q: more come in than
# it takes. So do some that came in while it was being set up, if anything flowed
# then: those it never gets, and its answer is the same three times.
capture_oracle_has_all() {
	local line all='' last='' same=0

	while read -r line; do
		[[ $line =~ ^tcpdump:\ ([0-9]+)\ packets?\ captured,\ ([0-9]+)\ packets?\ received.*,\ ([0-9]+)\ packets?\ dropped ]] ||
			continue
		all=$((BASH_REMATCH[1] + BASH_REMATCH[3] == BASH_REMATCH[2]))
		same=$((same + 1))
		[ "$line" = "$last" ] || same=1
		last=$line
	done <"$tmp/oracle.err"
	[[ $all != 1 && $same -lt 3 ]] || return 0
	kill -USR1 "$oracle"
	return 1
}

capture_oracle_stop() {
	poll 5 capture_oracle_has_all || fail "tcpdump lags behind: $(cat "$tmp/oracle.err")"
	kill -INT "$oracle"
}

capture_arrived() {
	local ms

	lab_patience 5
	"$tool" pcapng_wait "$ms" "$1" "$2"
}

capture_same() {
	poll 5 capture_oracle_ended || fail "tcpdump misses packets: $(tcpdump -nr "$tmp/oracle.pcap" 2>&1)"
	reads "$tmp/oracle.err" $'\n0 packets dropped' || fail "tcpdump: $(cat "$tmp/oracle.err")"
	"$tool" pcapng_check "${@:2}" "$1" "$tmp/oracle.pcap" >"$tmp/same" ||
		fail "$1: $(tail -n 3 "$tmp/same")"
}

capture_totals() {
	local line name captured_packets=0 lost_packets=0 dropped_packets=0 observed_packets=0

	while read -r line; do
		[[ $line = *'"final":true'* ]] || continue
		for name in captured_packets lost_packets dropped_packets observed_packets; do
			[[ ! $line =~ \"$name\":([0-9]+) ]] ||
				printf -v "$name" %s $((${!name} + BASH_REMATCH[1]))
		done
	done <"$tmp/loader.out"
	captured=$captured_packets lost=$lost_packets matched=$((dropped_packets + observed_packets))
}

# Further arguments are pcapng_check's.
capture_adds_up() {
	"$tool" pcapng_check "${@:2}" "$1" >"$tmp/packets" || fail "$1: $(tail -n 3 "$tmp/packets")"
	capture_totals
	if [ $((captured + lost)) != "$matched" ] || ! reads "$tmp/packets" $'\n'"total=$captured "; then
		fail "captured $captured, lost $lost, dropped $matched; in the file: $(tail -n 1 "$tmp/packets")"
	fi
}

capture_shown() {
	has_line "$tmp/packets" "$1"
}

# The counters are on standard error, then.
capture_pipe_to() {
	local command=() path

	while [ "$1" != -- ]; do
		command+=("$1")
		shift
	done
	[ -e "$tmp/pipe" ] || mkfifo "$tmp/pipe"
	: >"$tmp/loader.err"
	ln -f "$tmp/loader.err" "$tmp/loader.out"
	locate "$2"
	"${command[@]}" <"$tmp/pipe" >"$tmp/reader.out" 2>"$tmp/reader.err" &
	# shellcheck disable=SC2034 # for callers
	reader=$!
	"${in_host[@]:0:2}" -i "${in_host[@]:2}" "$path" --json --interval 0 --write - "${@:3}" \
		>"$tmp/pipe" 2>"$tmp/loader.err" </dev/null &
	loader=$!
	poll 15 lab_settled || fail "$2 neither attaches nor gives up"
}

capture_flood_begin() {
	"${in_ctr[@]}" "$tool" probe flood eth0 "$(frame_tcp "$to_docker0" "" 4 "${2:-64}")" "$1" >"$tmp/flood" &
	flood=$!
}

capture_flood_end() {
	end_jobs TERM "$flood"
	wait "$flood" || true
}

capture_flood() {
	capture_flood_begin "$@"
	wait "$flood"
}
