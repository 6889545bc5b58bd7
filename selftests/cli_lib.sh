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
#                        replaces nsenter: with & behind it, $! is its own pid
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
#   passes_tcp           does TCP get from veth0 to eth0 and back? or drops_tcp

# shellcheck source-path=SCRIPTDIR source=ktap.sh disable=SC1091
. "$(dirname "${BASH_SOURCE[0]}")/ktap.sh"

# The names of network namespaces and the pins are nobody else's, and all of
# it goes with our last process, even if that is killed.
cli_private() {
	if [ "$(id -u)" != 0 ]; then
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
	PATH=$(dirname "$(built xdp-drop-tcp)"):$PATH
}

wire() {
	host=host.$BASHPID
	ctr=ctr.$BASHPID
	in_host=(nsenter "--net=/run/netns/$host")
	in_ctr=(nsenter "--net=/run/netns/$ctr")
	ip netns add "$host"
	ip netns add "$ctr"
	"${in_host[@]}" ip -batch - <<-END
		link add veth0 type veth peer name eth0 netns $ctr
		link set lo up
		link set veth0 up
		addr add 203.0.113.1/24 dev veth0
	END
	"${in_ctr[@]}" ip link set eth0 up
	"${in_ctr[@]}" ip addr add 203.0.113.10/24 dev eth0
	poll 5 is_up veth0
	before=$(state)
}

on() {
	"${in_host[@]}" timeout 20 "$@"
}

is_up() {
	on ip -br link show "$1" | grep -q ' UP '
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
	local dev

	# A bridge's timers run, and names of namespaces come and go.
	"${in_host[@]}" ip -d link show 2>/dev/null | sed -E 's/_timer +[0-9.]+//g; s/link-netns(id)? [^ ]+//'
	"${in_host[@]}" tc qdisc show
	for dev in $("${in_host[@]}" tc qdisc show | sed -nE 's/^qdisc (clsact|ingress) .* dev ([^ ]+) .*/\2/p'); do
		"${in_host[@]}" tc filter show dev "$dev" ingress
		"${in_host[@]}" tc filter show dev "$dev" egress 2>/dev/null || true
	done
	"${in_host[@]}" xdp-drop-tcp --list --json 2>/dev/null
	find /sys/fs/bpf -path "*/$(stat -L -c %i "/run/netns/$host")-*" -printf '%p %m\n'
}

same() {
	diff "$tmp/before" <(state) >"$tmp/diff"
}

says() {
	local status=$1 regex=$2

	shift 2
	expect "$status" on "$@"
	said "$regex"
	[[ $(tail -n 1 "$tmp/err") = *[.?] ]] || fail "not a sentence: $(<"$tmp/err")"
	[ ! -s "$tmp/out" ] || fail "on standard output: $(<"$tmp/out")"
}

refused() {
	state >"$tmp/before"
	says "$@"
	same || fail "it changed something:"$'\n'"$(<"$tmp/diff")"
}

unsaid() {
	! grep -E -e "$1" "$tmp/err" || fail "that is not to be said"
}

clean() {
	echo "$before" >"$tmp/before"
	poll 5 same || fail "not as it was:"$'\n'"$(<"$tmp/diff")"
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
	grep -qs ': attached' "${logs[$pid]}.err" || { has_ended && fail "ended: $(<"${logs[$pid]}.err")"; }
}

has_ended() {
	local state=Z

	read -r _ _ state _ 2>/dev/null <"/proc/$pid/stat" || true
	[ "$state" = Z ]
}

ends() {
	local got=0

	poll 10 has_ended || fail "it goes on:"$'\n'"$(<"${logs[$pid]}.err")"
	wait "$pid" || got=$?
	cp "${logs[$pid]}.out" "$tmp/out"
	cp "${logs[$pid]}.err" "$tmp/err"
	[ "$got" = "$1" ] || fail "exit status $got instead of $1:"$'\n'"$(<"$tmp/err")"
}

has() {
	on xdp-drop-tcp --list 2>/dev/null | tr -s ' ' | grep -qE -e "$1"
}

has_not() {
	! has "$@"
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
