#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# driver_drop.sh on an interface that it is given, with a remote: by SSH, over that interface
# itself, and in a network namespace. Whatever happens, nothing is left on either side.
set -eu

# shellcheck source-path=SCRIPTDIR source=lib/cli_lib.sh
. "$(dirname "$0")/lib/cli_lib.sh"
cli_private "$@"
# shellcheck source=lib/sshd_lib.sh
. "$(dirname "$0")/lib/sshd_lib.sh"
sshd_private
here=$(dirname "$(realpath "$0")")

# An SSH server where eth0 is; the files that are made there go to $far. "${driver[@]}" is to
# be followed by more assignments, if any, and driver_drop.sh.
setup_remote() {
	cli_wire
	far=$ktap_between.far
	mkdir "$far"
	sshd+=(-o "SetEnv=TMPDIR=$far")
	sshd_start "${in_ctr[@]}"
	running=$(processes)
	driver=("${in_host[@]:0:2}" -i "${in_host[@]:2}" setsid env "TMPDIR=$far" NETIF=veth0 LOCAL_V4=203.0.113.1
		REMOTE_V4=203.0.113.10 REMOTE_TYPE=ssh REMOTE_ARGS=root@203.0.113.10)
}

# Traffic from there, but what driver_drop.sh sends does not get to that interface: it waits,
# with its program attached.
setup_ended() {
	setup_remote
	"${in_ctr[@]}" ip -batch - <<-END
		link add elsewhere type veth peer name nowhere
		link set elsewhere up
		addr add 203.0.113.20/32 dev elsewhere
	END
}

processes() {
	local pid

	for pid in $(ip netns pids "$host"; ip netns pids "$ctr"); do
		echo "$pid $(tr '\0' ' ' <"/proc/$pid/cmdline")"
	done 2>/dev/null
}

is_as_before() {
	[ "$(processes)" = "$running" ] && [ -z "$(ls "$far")" ] && cli_same
}

nothing_is_left() {
	wanted=$before
	poll 15 is_as_before ||
		fail "it leaves $(diff <(echo "$wanted") <(echo "$now"); diff <(echo "$running") <(processes); ls "$far")"
}

# Of so many tests, none fails or is skipped.
passes() {
	expect 0 "${@:2}"
	count '^ok [^#]*$'
	[ "$count" = "$1" ] || fail "$(<"$tmp/out")"
	nothing_is_left
}

test_ssh() {
	passes 3 "${driver[@]}" "$here/driver_drop.sh" world_generic tcp_native egress_clsact
}

# Another directory has these tests, and net.config beside them.
test_config() {
	ln -s "$here/driver_drop.sh" "$here/lib" "$tmp"
	printf '%s\n' '# for tests' REMOTE_TYPE=netns "REMOTE_ARGS=\"$ctr\"" >"$tmp/net.config"
	passes 1 "${driver[@]}" "$tmp/driver_drop.sh" ingress_clsact
}

test_failure() {
	expect 1 "${driver[@]}" LOCAL_V4=203.0.113.10 "$here/driver_drop.sh" tcp_generic
	told '^# from the remote: probe tcp 203.0.113.10 .*: '
	nothing_is_left
}

test_unreachable() {
	expect 1 "${driver[@]}" REMOTE_ARGS=nobody@203.0.113.10 "$here/driver_drop.sh" tcp_generic
	told '^# the remote, nobody@203.0.113.10, cannot be reached: .*Permission denied'
	nothing_is_left
}

# One thing is missing.
test_wrong() {
	local each

	for each in LOCAL_V4= REMOTE_V4= REMOTE_V6=2001:db8::1 REMOTE_TYPE=telnet REMOTE_ARGS=; do
		expect 2 "${driver[@]}" "$each" "$here/driver_drop.sh"
		said '^driver_drop.sh: NETIF needs LOCAL_V4 and REMOTE_V4, .*\.$'
		[ ! -s "$tmp/out" ] || fail "$each: $(<"$tmp/out")"
	done
}

is_attached_or_over() {
	cli_has '^dropping' || is_over "$pid"
}

# ends_upon SIGNAL STATUS: so it ends upon that, while its program is attached
ends_upon() {
	local status=0 pid

	"${driver[@]}" REMOTE_V4=203.0.113.20 "$here/driver_drop.sh" tcp_native >"$tmp/out" 2>&1 &
	pid=$!
	poll 30 is_attached_or_over
	kill "-$1" -- "-$pid" || fail "it has ended: $(<"$tmp/out")"
	wait "$pid" || status=$?
	[ "$status" = "$2" ] || fail "exit status $status: $(<"$tmp/out")"
	nothing_is_left
}

ktap_case remote test_ssh "by SSH, over the interface where TCP is dropped"
ktap_case remote test_config "in a network namespace, by net.config"
ktap_case remote test_wrong "what is missing is told"
ktap_case ended test_failure "a test that fails leaves nothing"
ktap_case ended test_unreachable "a remote that cannot be reached"
ktap_case ended test_interrupt "nor does Ctrl-C" ends_upon INT 130
ktap_case ended test_terminate "nor does SIGTERM" ends_upon TERM 143
ktap_run "$@"
