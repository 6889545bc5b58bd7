# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the command-line tests have in common. To be sourced, then
#
#   cli_private "$@"     first of all: a mount namespace and a bpffs of our own
#
# and in a test, or in a group's set-up:
#
#   wire                 two new network namespaces: veth0 in one, its peer eth0
#                        in the other; to be run first
#   "${in_host[@]}" CMD  run CMD where veth0 is; in_ctr: where eth0 is. CMD
#                        replaces enter: with & behind it, $! is its own pid
#   on CMD…              the same as a function, for expect and poll; 20 s at most
#   says STATUS REGEX CMD…
#                        there CMD exits with STATUS, says REGEX, in sentences and
#                        on standard error, and prints no data
#   refused STATUS REGEX CMD…
#                        the same, and nothing has changed
#   unsaid REGEX         fail if the last expect's standard error matches
#   start CMD…           there run a loader in the background; returns once it is
#                        attached. Sets $pid
#   ends STATUS          wait for $pid to end, with STATUS; said and told are
#                        about its output from now on
#   clean                fail unless all is soon as wire left it
#   has REGEX            is there a line in --list, with single spaces? or has_not
#   is_linux VERSION     is this kernel that version, or later? and has_tcx
#   passes_tcp           does TCP get from veth0 to eth0 and back? or drops_tcp

# shellcheck source-path=SCRIPTDIR source=ktap.sh disable=SC1091
. "$(dirname "${BASH_SOURCE[0]}")/ktap.sh"

# The names of network namespaces and the pins are nobody else's, and all of
# it goes with our last process, even if that is killed.
cli_private() {
	local dir

	if [ "$EUID" != 0 ]; then
		echo "1..0 # SKIP needs root, for network namespaces and BPF"
		exit 4
	fi
	if [ -z "${CLI_PRIVATE-}" ]; then
		CLI_PRIVATE=yes exec unshare --mount --propagation private bash "$0" "$@"
	fi
	unset CLI_PRIVATE
	mkdir -p /run/netns
	mount -t tmpfs -o mode=755 tmpfs /run/netns
	mount -t bpf bpf /sys/fs/bpf
	cli_enter=$(built enter)
	dir=$(built xdp-drop-tcp)
	PATH=${dir%/*}:$PATH
}

wire() {
	host=host.$BASHPID
	ctr=ctr.$BASHPID
	in_host=("$cli_enter" "$host")
	in_ctr=("$cli_enter" "$ctr")
	ip -batch - <<-END
		netns add $host
		netns add $ctr
	END
	host_id=$(stat -L -c %i "/run/netns/$host")
	"${in_host[@]}" ip -batch - <<-END
		link add veth0 type veth peer name eth0 netns $ctr
		link set lo up
		link set veth0 up
		addr add 203.0.113.1/24 dev veth0
	END
	"${in_ctr[@]}" ip -batch - <<-END
		link set eth0 up
		addr add 203.0.113.10/24 dev eth0
	END
	poll 5 is_up veth0
	before=$(state)
}

on() {
	"$cli_enter" -t 20 "$host" "$@"
}

is_up() {
	[[ $(on ip -br link show "$1") = *" UP "* ]]
}

# After each test: only the namespaces that it made itself.
after_each() {
	local pids

	pids=$(jobs -p)
	# shellcheck disable=SC2086 # one word, one process
	[ -z "$pids" ] || kill -9 $pids 2>/dev/null || true
	[ "${host-}" != "host.$BASHPID" ] || ip netns del "$host"
	[ "${ctr-}" != "ctr.$BASHPID" ] || ip netns del "$ctr"
}

# Everything that a loader could change.
state() {
	local text kind dev file passing='_timer +[0-9.]+|link-netns(id)? [^ ]+'

	# A bridge's timers run, and names of namespaces come and go.
	text=$("${in_host[@]}" ip -d link show 2>/dev/null) || true
	while [[ $text =~ $passing ]]; do
		text=${text/"${BASH_REMATCH[0]}"/}
	done
	echo "$text"
	text=$("${in_host[@]}" tc qdisc show)
	echo "$text"
	while read -r _ kind _ _ dev _; do
		[[ $kind = clsact || $kind = ingress ]] || continue
		"${in_host[@]}" tc filter show dev "$dev" ingress
		"${in_host[@]}" tc filter show dev "$dev" egress 2>/dev/null || true
	done <<<"$text"
	"${in_host[@]}" xdp-drop-tcp --list --json 2>/dev/null
	for file in /sys/fs/bpf/*/"$host_id"-*; do
		[ ! -e "$file" ] || stat -c '%n %a' "$file"
	done
}

same() {
	now=$(state)
	[ "$now" = "$wanted" ]
}

says() {
	local status=$1 regex=$2

	shift 2
	expect "$status" on "$@"
	said "$regex"
	[[ $(<"$tmp/err") = *[.?] ]] || fail "not a sentence: $(<"$tmp/err")"
	[ ! -s "$tmp/out" ] || fail "on standard output: $(<"$tmp/out")"
}

refused() {
	wanted=$(state)
	says "$@"
	same || fail "it changed something:"$'\n'"$(diff <(echo "$wanted") <(echo "$now"))"
}

unsaid() {
	[[ ! $(<"$tmp/err") =~ $1 ]] || fail "that is not to be said: ${BASH_REMATCH[0]}"
}

clean() {
	wanted=$before
	poll 5 same || fail "not as it was:"$'\n'"$(diff <(echo "$wanted") <(echo "$now"))"
}

declare -A logs=()

start() {
	local log=$tmp/run.${#logs[@]}

	"${in_host[@]}" "$@" >"$log.out" 2>"$log.err" &
	pid=$!
	logs[$pid]=$log
	poll 10 is_attached || fail "not attached:"$'\n'"$(<"$log.err")"
}

# Attached, or ended without.
is_attached() {
	reads "${logs[$pid]}.err" ': attached' || { has_ended && fail "ended: $(<"${logs[$pid]}.err")"; }
}

has_ended() {
	local state=Z

	read -r _ _ state _ 2>/dev/null <"/proc/$pid/stat" || true
	[ "$state" = Z ]
}

# A text, without a process.
copy() {
	local text

	IFS= read -rd '' text <"$1" || true
	printf '%s' "$text" >"$2"
}

ends() {
	local got=0

	poll 10 has_ended || fail "it goes on:"$'\n'"$(<"${logs[$pid]}.err")"
	wait "$pid" || got=$?
	copy "${logs[$pid]}.out" "$tmp/out"
	copy "${logs[$pid]}.err" "$tmp/err"
	[ "$got" = "$1" ] || fail "exit status $got instead of $1:"$'\n'"$(<"$tmp/err")"
}

has() {
	local line

	while read -ra line; do
		[[ ! ${line[*]} =~ $1 ]] || return 0
	done < <(on xdp-drop-tcp --list 2>/dev/null)
	return 1
}

has_not() {
	! has "$@"
}

is_linux() {
	local want here

	IFS=. read -ra want <<<"$1"
	IFS=.- read -ra here </proc/sys/kernel/osrelease
	((here[0] > want[0] || (here[0] == want[0] && here[1] >= want[1])))
}

has_tcx() {
	is_linux 6.6
}

# Nobody listens, so the answer is a quick RST.
passes_tcp() {
	local got=0

	on timeout 0.5 bash -c '</dev/tcp/203.0.113.10/9' 2>/dev/null || got=$?
	[ "$got" != 124 ]
}

drops_tcp() {
	! passes_tcp
}
