# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the tests in the lab have in common. To be sourced. Each test begins with
# "lab": it has a lab to itself. Traffic is judged by connections and echoes, and
# by the programs' counts; what takes its time is waited for in polls.
#
#   lab                  a lab with small servers of our own. It is the one that the
#                        test before in this group had, if that passed and left it as
#                        it was: a new one costs more than most tests do. Nobody runs
#                        in it but its servers; of connections, see lab_at_rest.
#                        lab_keep: what this test changed in it may stay so
#   lab_nginx            a new lab with nginx, if there is one, as $LAB_NGINX
#   published            the published port answers on the host; also published_lost.
#                        by_curl: the same as curl sees it; by_curl_lost
#   tcp_passes [ADDR]    a connection from the host to the container, or to ADDR;
#                        also tcp_lost, ping_passes
#   lab_at_rest          wait until no TCP connection is left in the lab; and
#                        at_rest NETNS… to poll any network namespaces
#   first_cpu            the number of a CPU to pin things to
#   wrote PID            how many bytes a process has written, in $wchar
#   lab_tun              a device without Ethernet header: tun0, with 198.51.100.130 behind it
#   on_host CMD…         run CMD on the host, which needs it
#   run PROGRAM ARGS…    run one of our programs there, to its end
#   load PROGRAM ARGS…   the same in the background, until it has attached; $loader
#   stop [SIGNAL]        end it: it must exit with 0; ended STATUS waits for it
#   counted FIELD [IF]   a number from its last line of counters

# shellcheck source-path=SCRIPTDIR source=lab_net.sh disable=SC1091
. "${BASH_SOURCE[0]%/*}/lab_net.sh"

need_privileges

# No TCP connection in these network namespaces, not even half of one: what is
# seen from now on is of the test's own doing.
at_rest() {
	"$tool" stage rest 0 "$@" 2>/dev/null
}

first_cpu() {
	local name list

	while read -r name list; do
		[ "$name" != Cpus_allowed_list: ] || echo "${list%%[-,]*}"
	done </proc/self/status
}

wrote() {
	local name

	# shellcheck disable=SC2034 # for who calls this
	while read -r name wchar; do
		[ "$name" != wchar: ] || return 0
	done <"/proc/$1/io"
}

lab_at_rest() {
	local ms

	lab_patience 10
	"$tool" stage rest "$ms" "drop-$LAB-out" "drop-$LAB-host" "drop-$LAB-ctr" ||
		fail "connections in the lab do not end"
}

# The connections that found out whether it is up have ended.
lab_nginx() {
	lab_own test
}

# A lab that no test has now is named in $ktap_between; it is the group's.
lab() {
	local LAB_NGINX=none

	trap 'lab_give_back; if declare -F after_each >/dev/null; then after_each; fi' EXIT
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

# What a loader could change, and who runs there.
lab_state() {
	on_host "$tool" netstate "drop-$LAB-host" &&
		"$tool" netstate "drop-$LAB-ctr" &&
		lab_pids "$LAB_DIR"
}

lab_give_back() {
	local status=$?

	if [[ $status = [04] ]] && lab_state >"$tmp/state" &&
		cmp "$LAB_DIR/state" "$tmp/state"; then
		echo "$LAB_DIR" >"$ktap_between"
	else
		lab_down
	fi
}

after_group() {
	[ -s "$ktap_between" ] || return 0
	read -r LAB_DIR <"$ktap_between"
	lab_down
}

# A device without Ethernet header on the host: tun0, behind which 198.51.100.130 answers.
lab_tun() {
	[ -e /dev/net/tun ] || skip "no /dev/net/tun here"
	on_host "$tool" probe reflect tun0 >"$tmp/reflect" 2>&1 &
	poll 3 [ -s "$tmp/reflect" ]
	reads "$tmp/reflect" ready || skip "$(cat "$tmp/reflect")"
	on_host ip -batch - <<-END
		addr add 198.51.100.129 peer 198.51.100.130 dev tun0
		link set tun0 up
	END
	poll 3 tcp_passes 198.51.100.130 300
}

published() {
	published_within 3000
}

published_within() {
	"${in_host[@]}" "$tool" probe http 127.0.0.1 80 "$1"
}

published_lost() {
	expect 1 published_within 500
}

by_curl() {
	need curl
	"${in_host[@]}" curl -sf -m "${1:-3}" -o /dev/null http://localhost/
}

by_curl_lost() {
	expect 28 by_curl 0.7
}

tcp_passes() {
	"${in_host[@]}" "$tool" probe tcp "${1:-203.0.113.10}" 80 "${2:-3000}"
}

tcp_lost() {
	expect 1 tcp_passes "${1:-203.0.113.10}" 500
}

ping_passes() {
	"${in_host[@]}" "$tool" probe icmp "${1:-203.0.113.10}" 3000
}

settled() {
	reads "$tmp/loader.err" attached || dead
}

said_or_over() {
	reads "$1" "$2" || is_over "$begun"
}

# Start a command on the host and wait, for $1 seconds, until it says $3 on standard
# error. With --timeout, it may have ended by then. Its output is in $tmp/$2.out and
# .err, its process $begun.
begin() {
	local err=$tmp/$2.err

	: >"$err"
	"${in_host[@]:0:2}" -i "${in_host[@]:2}" "${@:4}" >"$tmp/$2.out" 2>"$err" </dev/null &
	begun=$!
	poll "$1" said_or_over "$err" "$3" || fail "${4##*/} neither says '$3' nor gives up"
	reads "$err" "$3" || fail "${4##*/} ended: $(<"$err")"
}

load() {
	local path

	locate "$1"
	begin 15 loader attached "$path" --json --interval 0 "${@:2}"
	loader=$begun
}

dead() {
	is_over "$loader"
}

# The loader ends, now, and with this status.
ended() {
	local status=0

	poll 15 dead || fail "the loader does not end"
	wait "$loader" || status=$?
	[ "$status" = "$1" ] || fail "the loader's exit status is $status: $(cat "$tmp/loader.err")"
}

stop() {
	kill "-${1:-INT}" "$loader"
	ended 0
}

# A number from the final line of the last run loader (of interface $2).
counted() {
	local line

	while read -r line; do
		[[ $line = *'"final":true'* && $line = *"\"${2:-}"* && $line =~ \"$1\":([0-9]*) ]] || continue
		echo "${BASH_REMATCH[1]}"
	done <"$tmp/loader.out"
}

now_ms() {
	echo $((${EPOCHREALTIME/./} / 1000))
}

on_host() {
	need "$1"
	"${in_host[@]}" "$@"
}

run() {
	local path

	locate "$1"
	"${in_host[@]:0:2}" -t 60 "${in_host[@]:2}" "$path" "${@:2}"
}

# The id of the XDP program on interface $1 of the host, or of where the rest says.
xdp_id() {
	local dev=$1

	need ip
	shift
	[ $# != 0 ] || set -- "${in_host[@]}"
	[[ ! $("$@" ip link show dev "$dev" 2>/dev/null) =~ prog/xdp\ id\ ([0-9]+) ]] ||
		echo "${BASH_REMATCH[1]}"
}

# Has TC a filter at veth0's $1 that matches $2?
has_filter() {
	[[ $(on_host tc filter show dev veth0 "$1") =~ ${2:-bpf} ]]
}

has_clsact() {
	[[ $(on_host tc qdisc show dev veth0 clsact) = *clsact* ]]
}
