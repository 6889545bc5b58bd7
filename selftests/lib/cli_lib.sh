# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the command-line tests have in common. To be sourced, then
#
#   cli_private "$@"     to be called first: a mount namespace and a bpffs of our own
#
# Then each test has what cli_wire makes, or shares what its group's set-up has made by it:
#
#   cli_wire             two new network namespaces, $host and $ctr: veth0 in one, its
#                        peer eth0 in the other, unless they are there already.
#                        cli_wire_again: anew. $before: the state of $host then
#   cli_wire_unpinned    the same, and nothing is pinned that a failed test left
#   "${in_host[@]}" CMD  run CMD where veth0 is; in_ctr: where eth0 is. CMD
#                        replaces tool: with & behind it, $! is its own pid
#   cli_wire_third       one more namespace, $third, with nothing but lo; "${in_third[@]}"
#   cli_unwire           removes all of it, so that a test can begin anew
#   cli_on CMD…          the same as a function, for expect and poll; 20 s at most.
#                        It needs CMD
#   cli_is_up IFACE      is it up, by now? The state is left in $now
#   cli_says STATUS REGEX CMD…
#                        there CMD exits with STATUS, says REGEX, in sentences and
#                        on standard error, and prints no data
#   cli_words REGEX      the same of the last expect
#   cli_refused STATUS REGEX CMD…
#                        like cli_says, and it changes nothing
#   cli_unsaid REGEX     fail if the last expect's standard error matches
#   cli_state NAME       all that a loader could change (see tool/netstate.c), into a
#                        variable
#   cli_same             is that now as it is in $wanted? It is left in $now
#   cli_start CMD…       there run a loader in the background; returns once it is
#                        attached. Sets $pid; its output is in ${logs[$pid]}.out and .err
#   cli_stopped CALL CMD…
#                        the same, but it stops before this system call (see "$tool" deny).
#                        Sets $waiting, too: its own pid
#   cli_has_ended        has $pid ended?
#   cli_ends STATUS      wait for that, with STATUS; said and told are about its
#                        output from now on
#   cli_stop [SIGNAL]    the same after SIGTERM, or SIGNAL, with 0
#   cli_hold_links OBJECT NETNS IFACE…
#                        another's process, $foreign, holds links of a program there
#   cli_clean            fail unless everything is soon as cli_wire left it
#   cli_counters LEAST [MOST]
#                        the last expect printed so many lines, without --json's events
#   cli_counted N        wait until one of ours has counted N packets of a kind on an interface:
#                        a packet that was sent may be a softirq away from the program
#   cli_has REGEX        is there a line in --list, with single spaces? or cli_has_not
#   cli_passes_tcp       does TCP get from veth0 to eth0 and back? or cli_drops_tcp
#   ${programs[@]}       the names of all programs that drop, ${xdp_programs[@]} of those
#                        at XDP: what is built
#   $xdp_world, $tc_tcp  objects for ip link and tc; $cli_path is where they are

. "${BASH_SOURCE[0]%/*}/ktap.sh"

# The pins are not shared, either.
cli_private() {
	local dir

	ktap_private "$@"
	tool=$(built tool)
	mount -t bpf bpf /sys/fs/bpf
	dir=$(built xdp-drop-tcp)
	dir=${dir%/*}
	# shellcheck disable=SC2034 # for the tests
	xdp_world=$dir/xdp_drop_world_kern.o tc_tcp=$dir/tc_drop_tcp_kern.o
	xdp_programs=("$dir"/xdp-drop-*) programs=("$dir"/{xdp,tc}-drop-*)
	xdp_programs=("${xdp_programs[@]##*/}") programs=("${programs[@]##*/}")
	PATH=$dir:$PATH
	# shellcheck disable=SC2034 # for the tests
	cli_path=$dir
}

ktap_before_each=cli_wire
cli_wire() {
	[ -z "${host-}" ] || return 0
	need ip
	host=host.$BASHPID ctr=ctr.$BASHPID
	in_host=("$tool" enter "$host")
	# shellcheck disable=SC2034 # for the tests
	in_ctr=("$tool" enter "$ctr")
	ip -batch - <<-END
		netns add $host
		netns add $ctr
	END
	"$tool" enter "$host" ip -batch - <<-END
		link add veth0 type veth peer name eth0 netns $ctr
		link set lo up
		link set veth0 up
		addr add 203.0.113.1/24 dev veth0
	END
	"$tool" enter "$ctr" ip -batch - <<-END
		link set eth0 up
		addr add 203.0.113.10/24 dev eth0
	END
	poll 15 cli_is_up veth0
	before=${now-}
}

cli_wire_third() {
	third=third.$BASHPID
	# shellcheck disable=SC2034 # for the tests
	in_third=("$tool" enter -t 20 "$third")
	ip netns add "$third"
}

# A later namespace with the same number would take over the pins of one that is gone;
# those of other groups' namespaces are in the same directory.
cli_unpin() {
	local each

	[ -d /sys/fs/bpf/bpf-drop ] || return 0
	for each in ${host-} ${third-}; do
		[ ! -e "/run/netns/$each" ] ||
			rm -f "/sys/fs/bpf/bpf-drop/$(stat -Lc %i "/run/netns/$each")-"*
	done
}

cli_unwire() {
	local each

	[ -n "${host-}${third-}" ] || return 0
	cli_unpin
	for each in ${host-} ${ctr-} ${third-}; do
		echo "netns del $each"
	done | ip -force -batch -
	host='' ctr='' third=''
}

cli_on() {
	need "$1"
	"$tool" enter -t 20 "$host" "$@"
}

cli_wire_again() {
	[ -z "${host-}" ] || [ "$host" != "host.$BASHPID" ] || cli_after_each
	cli_wire
}

cli_wire_unpinned() {
	if [ -e /sys/fs/bpf/bpf-drop ]; then
		umount /sys/fs/bpf
		mount -t bpf bpf /sys/fs/bpf
	fi
	cli_wire
}

# Can "$tool" deny let system calls fail?
cli_wire_filter() {
	cli_wire
	or_skip "no seccomp filters here" cli_on "$tool" deny PROG_LOAD EPERM true
}

cli_is_up() {
	cli_state now
	[[ $now = *"$1 operstate 6"* ]] # IF_OPER_UP
}

# Only the namespaces that it made itself.
ktap_after_each=cli_after_each
cli_after_each() {
	end_jobs KILL
	[ "${host-}" = "host.$BASHPID" ] || host='' ctr=''
	cli_unwire
}

cli_state() {
	local text

	text=$(exec "$tool" netstate "$host") || fail "the state of $host is not to be had"
	printf -v "$1" %s "$text"
}

cli_same() {
	cli_state now
	[ "$now" = "$wanted" ]
}

cli_says() {
	expect "$1" cli_on "${@:3}"
	cli_words "$2"
}

cli_refused() {
	need "$3"
	expect "$1" "$tool" netstate "$host" "${@:3}"
	cli_words "$2"
}

cli_words() {
	local text

	said "$1"
	read_text "$tmp/err"
	[[ $text = *[.?]$'\n' ]] || fail "not a sentence: $text"
	[ ! -s "$tmp/out" ] || fail "on standard output: $(<"$tmp/out")"
}

cli_unsaid() {
	local text

	read_text "$tmp/err"
	[[ ! $text =~ $1 ]] || fail "that is not to be said: ${BASH_REMATCH[0]}"
}

cli_clean() {
	wanted=$before
	poll 5 cli_same || fail "not as it was:"$'\n'"$(diff <(echo "$wanted") <(echo "$now"))"
}

declare -A logs=()
before=

cli_start() {
	local log=$tmp/run.${#logs[@]}

	need "$1"
	"${in_host[@]}" "$@" >"$log.out" 2>"$log.err" &
	pid=$!
	logs[$pid]=$log
	poll 10 cli_is_attached || fail "not attached:"$'\n'"$(<"$log.err")"
}

cli_stopped() {
	local log=$tmp/run.${#logs[@]}

	"${in_host[@]}" "$tool" deny "$1" STOP "${@:2}" >"$log.out" 2>"$log.err" &
	pid=$!
	logs[$pid]=$log
	poll 5 cli_is_stopped || fail "not stopped:"$'\n'"$(<"$log.err")"
}

cli_is_stopped() {
	waiting=$(grep -ls "^PPid:[[:space:]]*$pid\$" /proc/[0-9]*/status)
	waiting=${waiting#/proc/} waiting=${waiting%/status}
	[ -n "$waiting" ] && grep -q '^State:.*stopped' "/proc/$waiting/status"
}

# Attached, or ended without.
cli_is_attached() {
	reads "${logs[$pid]}.err" ': attached (' || reads "${logs[$pid]}.err" 'interfaces (program' || { cli_has_ended && fail "ended: $(<"${logs[$pid]}.err")"; }
}

cli_has_ended() {
	is_over "$pid"
}

cli_ends() {
	local got=0

	poll 10 cli_has_ended || fail "it goes on:"$'\n'"$(<"${logs[$pid]}.err")"
	wait "$pid" || got=$?
	copy "${logs[$pid]}.out" "$tmp/out"
	copy "${logs[$pid]}.err" "$tmp/err"
	[ "$got" = "$1" ] || fail "exit status $got instead of $1:"$'\n'"$(<"$tmp/err")"
}

cli_hold_links() {
	: >"$tmp/foreign"
	"$tool" foreign link "$@" >>"$tmp/foreign" 2>&1 &
	# shellcheck disable=SC2034 # for the tests
	foreign=$!
	poll 5 reads "$tmp/foreign" ready || fail "foreign: $(<"$tmp/foreign")"
}

cli_stop() {
	kill "-${1:-TERM}" "$pid"
	cli_ends 0
}

cli_has() {
	local line

	while read -ra line; do
		[[ ! ${line[*]} =~ $1 ]] || return 0
	done < <(exec "$tool" enter -t 20 "$host" xdp-drop-tcp --list 2>/dev/null)
	return 1
}

# What it lacks is told by who looks at the counters.
cli_counted() {
	poll 5 cli_has "^[a-z]+( with frags)?(, [0-9.]+ s left)?: ([a-z]+ $1 packets? |.* passed $1,|.* undecided $1\$)" || true
}

cli_has_not() {
	! cli_has "$@"
}

cli_counters() {
	grep -v '"event":' "$tmp/out" >"$tmp/counters"
	lines "$tmp/counters" "$@" || fail "not $* lines of counters: $(<"$tmp/out")"
}

# No socket listens, so the answer is a quick RST.
cli_passes_tcp() {
	cli_on "$tool" probe tcp 203.0.113.10 9 500 >"$tmp/tcp" 2>&1 || true
	reads "$tmp/tcp" refused
}

cli_drops_tcp() {
	! cli_passes_tcp && reads "$tmp/tcp" lost
}
