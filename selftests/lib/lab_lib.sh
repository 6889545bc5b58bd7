# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the tests in the lab have in common. To be sourced. Each test has a lab to itself.
# Traffic is judged by connections and echoes, and by the programs' counts; polls wait for
# what takes time.
#
#   $ktap_before_each    lab_take, but a group's set-up may set it to lab_nginx or nothing
#   lab_take             a lab with small servers of our own. It is the one that the
#                        test before in this group had, if that passed and left it as
#                        it was: a new one costs more than most tests do. Only its
#                        servers run in it; for connections, see lab_at_rest.
#                        lab_keep: what this test changed in it may stay so
#   lab_nginx            a new lab with nginx, if there is one, as $LAB_NGINX
#   lab_published        the published port answers on the host; also lab_published_lost.
#                        lab_by_curl: the same as curl sees it; lab_by_curl_lost
#   lab_tcp_passes [ADDR]
#                        a connection from the host to the container, or to ADDR;
#                        also lab_tcp_lost, lab_ping_passes
#   lab_at_rest          wait until no TCP connection is left in the lab; and
#                        lab_rests NETNS… to poll any network namespaces
#   lab_first_cpu        the number of a CPU to pin things to
#   lab_now_ms           milliseconds
#   lab_tun              a device without Ethernet header: tun0, with 198.51.100.130 behind it
#   lab_on_host CMD…     run CMD on the host, which needs it
#   lab_program PROGRAM ARGS…
#                        run one of our programs there, to its end
#   lab_start SECONDS NAME WORDS CMD…
#                        run CMD there until it says WORDS; its process is $begun, its
#                        output in $tmp/NAME.out and .err
#   lab_load PROGRAM ARGS…
#                        one of our loaders like that, until it has attached; $loader
#   lab_stop [SIGNAL]    end it: it must exit with 0; lab_ended STATUS waits for it
#   lab_counted FIELD [IF]
#                        a number from its last line of counters
#   lab_xdp_id IF        the id of the XDP program there; lab_has_filter SIDE [REGEX],
#                        lab_has_clsact: has TC such a thing at veth0?

. "${BASH_SOURCE[0]%/*}/ktap.sh"
. "${BASH_SOURCE[0]%/*}/lab_net.sh"
. "${BASH_SOURCE[0]%/*}/frames.sh"

need_privileges

# No TCP connection in these network namespaces, not even half of one: packets from now
# on are the test's own.
lab_rests() {
	"$tool" stage rest 0 "$@" 2>/dev/null
}

lab_first_cpu() {
	local value

	proc_line self status Cpus_allowed_list
	echo "${value%%[-,]*}"
}

lab_at_rest() {
	lab_rest || fail "connections in the lab do not end"
}

# Wait until the connections that checked whether it is up have ended.
lab_nginx() {
	lab_own test
}

# A lab that no test has now is named in $ktap_between; it is the group's.
ktap_before_each=lab_take
lab_take() {
	local LAB_NGINX=none

	[ -z "${LAB_DIR-}" ] || return 0
	ktap_after_each="lab_give_back $ktap_after_each"
	if [ -s "$ktap_between" ]; then
		read -r LAB_DIR <"$ktap_between"
		rm "$ktap_between"
		lab_enter
	else
		lab_up test "$ktap_group_pid"
		lab_keep
	fi
}

# So is the lab to be left.
lab_keep() {
	lab_state >"$LAB_DIR/state"
}

# The state that a loader could change, and the processes there.
lab_state() {
	lab_on_host "$tool" netstate "drop-$LAB-host" &&
		"$tool" netstate "drop-$LAB-ctr" &&
		lab_pids "$LAB_DIR"
}

lab_give_back() {
	if [[ $1 = [04] ]] && lab_state >"$tmp/state" &&
		cmp "$LAB_DIR/state" "$tmp/state"; then
		echo "$LAB_DIR" >"$ktap_between"
	else
		lab_down
	fi
}

ktap_after_group=lab_after_group
lab_after_group() {
	[ -s "$ktap_between" ] || return 0
	read -r LAB_DIR <"$ktap_between"
	lab_down
}

# A device without Ethernet header on the host: tun0, behind which 198.51.100.130 answers.
lab_tun() {
	[ -e /dev/net/tun ] || skip "no /dev/net/tun here"
	lab_on_host "$tool" probe reflect tun0 >"$tmp/reflect" 2>&1 &
	poll 3 [ -s "$tmp/reflect" ]
	reads "$tmp/reflect" ready || skip "$(cat "$tmp/reflect")"
	lab_on_host ip -batch - <<-END
		addr add 198.51.100.129 peer 198.51.100.130 dev tun0
		link set tun0 up
	END
	poll 3 lab_tcp_passes 198.51.100.130 300
}

lab_published() {
	lab_published_within 3000
}

lab_published_within() {
	"${in_host[@]}" "$tool" probe http 127.0.0.1 80 "$1"
}

lab_published_lost() {
	expect 1 lab_published_within 500
}

lab_by_curl() {
	need curl
	"${in_host[@]}" curl -sf -m "${1:-3}" -o /dev/null http://localhost/
}

lab_by_curl_lost() {
	expect 28 lab_by_curl 0.7
}

lab_tcp_passes() {
	"${in_host[@]}" "$tool" probe tcp "${1:-203.0.113.10}" 80 "${2:-3000}"
}

lab_tcp_lost() {
	expect 1 lab_tcp_passes "${1:-203.0.113.10}" 500
}

lab_ping_passes() {
	"${in_host[@]}" "$tool" probe icmp "${1:-203.0.113.10}" 3000
}

lab_settled() {
	reads "$tmp/loader.err" attached || lab_is_over
}

lab_said_or_over() {
	reads "$1" "$2" || is_over "$begun"
}

# Start a command on the host and wait, for $1 seconds, until it says $3 on standard
# error. With --timeout, it may have ended by then. Its output is in $tmp/$2.out and
# .err, its process $begun.
lab_start() {
	local err=$tmp/$2.err

	: >"$err"
	"${in_host[@]:0:2}" -i "${in_host[@]:2}" "${@:4}" >"$tmp/$2.out" 2>"$err" </dev/null &
	begun=$!
	poll "$1" lab_said_or_over "$err" "$3" || fail "${4##*/} neither says '$3' nor gives up"
	reads "$err" "$3" || fail "${4##*/} ended: $(<"$err")"
}

lab_load() {
	local path

	locate "$1"
	lab_start 15 loader attached "$path" --json --interval 0 "${@:2}"
	loader=$begun
}

lab_is_over() {
	is_over "$loader"
}

# The loader ends, now, and with this status.
lab_ended() {
	local status=0

	poll 15 lab_is_over || fail "the loader does not end"
	wait "$loader" || status=$?
	[ "$status" = "$1" ] || fail "the loader's exit status is $status: $(cat "$tmp/loader.err")"
}

lab_stop() {
	kill "-${1:-INT}" "$loader"
	lab_ended 0
}

# A number from the final line of the last run loader (of interface $2).
lab_counted() {
	local line

	while read -r line; do
		[[ $line = *'"final":true'* && $line = *"\"${2:-}"* && $line =~ \"$1\":([0-9]*) ]] || continue
		echo "${BASH_REMATCH[1]}"
	done <"$tmp/loader.out"
}

lab_now_ms() {
	echo $((${EPOCHREALTIME/./} / 1000))
}

lab_on_host() {
	need "$1"
	"${in_host[@]}" "$@"
}

lab_program() {
	local path

	locate "$1"
	"${in_host[@]:0:2}" -t 60 "${in_host[@]:2}" "$path" "${@:2}"
}

# The id of the XDP program on interface $1 of the host, or of where the rest says.
lab_xdp_id() {
	local dev=$1

	need ip
	shift
	[ $# != 0 ] || set -- "${in_host[@]}"
	[[ ! $("$@" ip link show dev "$dev" 2>/dev/null) =~ prog/xdp\ id\ ([0-9]+) ]] ||
		echo "${BASH_REMATCH[1]}"
}

# Has TC a filter at veth0's $1 that matches $2?
lab_has_filter() {
	[[ $(lab_on_host tc filter show dev veth0 "$1") =~ ${2:-bpf} ]]
}

lab_has_clsact() {
	[[ $(lab_on_host tc qdisc show dev veth0 clsact) = *clsact* ]]
}
