#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# --except session and a real SSH server. In each case a program is started in a session,
# which goes on while all else on its interface is dropped. For SESSION_SECONDS, else 5,
# it is typed in, and the entries of neighbours are lost.
set -eu

# shellcheck source-path=SCRIPTDIR source=lib/cli_lib.sh
. "$(dirname "$0")/lib/cli_lib.sh"
cli_private "$@"
# shellcheck source=lib/sshd_lib.sh
. "$(dirname "$0")/lib/sshd_lib.sh"
need ip
sshd_private
seconds=${SESSION_SECONDS:-5}
server=203.0.113.1

# What a failed test may have left attached.
ktap_after_each=detach_all
detach_all() {
	local program

	if [ "$1" != 0 ]; then
		for program in "${programs[@]}"; do
			cli_on "$program" --force --detach >/dev/null 2>&1 || true
		done
	fi
	cli_after_each
}

wire() {
	sshd_wire
	other=$ctr
}
setup_direct() { wire; }
setup_ipv6() { wire; }
setup_redirect() { wire; }
setup_others() { wire; }
setup_rules() { wire; }

# run_here COMMAND: in the session's shell
run_here() {
	enter 10000 "$1" || fail "no answer to: $1"
}

# starts PROGRAM OPTION…: it is attached, from the session; $run is what it says
starts() {
	run=$tmp/run.$EPOCHREALTIME
	run_here "$cli_path/$* -i 0 </dev/null >/dev/null 2>$run & echo \$!"
	loader=$answer
	poll 10 is_decided || fail "$*: not attached: $(<"$run")"
	reads "$run" ': attached (' || fail "$*: $(<"$run")"
}

is_decided() {
	reads "$run" ': attached (' || ! enter 5000 "kill -0 $loader 2>/dev/null" || [ "$status" != 0 ]
}

stops() {
	run_here "kill $loader; while kill -0 $loader 2>/dev/null; do sleep .05; done"
}

# Does a connection from the other side, $other, that is not the session's get through?
is_reached() {
	"$tool" enter "$other" "$tool" probe tcp "$server" 22 500 >"$tmp/probe" 2>&1 || true
	reads "$tmp/probe" open
}

# types PROGRAM: for that long the session goes on, and nothing else does
types() {
	local end=$((SECONDS + 1)) n=0

	[[ $1 != *-world ]] || end=$((SECONDS + seconds))
	while [ "$SECONDS" -lt "$end" ] || [ $n -lt 3 ]; do
		"${in_host[@]}" ip neigh flush all
		"${in_ctr[@]}" ip neigh flush all
		enter 3000 "echo typed $((++n))" || fail "$1: the session is cut off after $n: $(<"$run")"
		[ "$answer" = "typed $n" ] || fail "$1: $answer"
		never is_reached
		sleep .2
	done
}

# stays IFACE PROGRAM [OPTION…]: the session goes on
stays() {
	starts "${@:2}" --except session "$1"
	reads "$run" ': spared: the SSH session from ' || fail "$(<"$run")"
	types "$2"
	stops
	poll 5 is_reached || fail "$2: nobody gets through afterwards: $(<"$tmp/probe")"
}

# all_stay IFACE: with each program, what arrives and what leaves
all_stay() {
	stays "$1" xdp-drop-tcp
	stays "$1" tc-drop-tcp
	stays "$1" tc-drop-tcp --ingress
	stays "$1" xdp-drop-world
}

test_spared_ipv4() {
	begin root@203.0.113.1 bash
	all_stay veth0
	count ': spared: the SSH session from 203\.0\.113\.10 port [0-9]+$' "$run"
	[ "$count" = 1 ] || fail "$(<"$run")"
}

test_spared_no_variable() {
	begin root@203.0.113.1 'exec env -u SSH_CONNECTION -u SSH_CLIENT bash'
	stays veth0 xdp-drop-tcp
}

with_ipv6() {
	[ -e /proc/sys/net/ipv6 ] || skip "this kernel has no IPv6"
	"${in_host[@]}" ip addr replace 2001:db8::1/64 dev veth0 nodad
	"${in_ctr[@]}" ip addr replace 2001:db8::10/64 dev eth0 nodad
}

test_spared_ipv6() {
	with_ipv6
	server=2001:db8::1
	begin root@$server bash
	all_stay veth0
	reads "$run" 'session from 2001:db8::10 port' || fail "$(<"$run")"
}

test_spared_link_local() {
	with_ipv6
	"${in_host[@]}" ip addr replace fe80::1/64 dev veth0 nodad
	begin root@fe80::1%eth0 bash
	stays veth0 xdp-drop-world
	reads "$run" 'session from fe80::' || fail "$(<"$run")"
}

# redirected RULE: a session by port 2222, which the firewall redirects by RULE
redirected() {
	need nft
	or_skip "this kernel cannot" "${in_host[@]}" nft "
		table ip nat { chain pre { type nat hook prerouting priority -100; tcp dport 2222 $1; }; }"
	begin -p 2222 root@203.0.113.1 bash
}

# What is sure about our port is what the firewall knows.
test_spared_redirect() {
	redirected 'redirect to :22'
	all_stay veth0
	cuts_or_may xdp-drop-tcp --except :22
	cuts_or_may xdp-drop-tcp --only :2222
	starts xdp-drop-tcp --except :2222 veth0
	types xdp-drop-tcp
	stops
	starts xdp-drop-tcp --only :22 veth0
	types xdp-drop-tcp
	stops
	"${in_host[@]}" nft delete table ip nat
}

test_spared_other_address() {
	redirected 'dnat to 198.51.100.1:22'
	stays veth0 xdp-drop-world
	stays veth0 tc-drop-tcp
	"${in_host[@]}" nft delete table ip nat
}

# The peer has another address behind the firewall than before it.
test_spared_other_peer() {
	or_skip "this kernel cannot" "${in_host[@]}" nft '
		table ip nat { chain in { type nat hook input priority 100; tcp dport 22 ip saddr 203.0.113.10 snat to 198.51.100.9; }; }'
	begin root@203.0.113.1 bash
	stays veth0 xdp-drop-tcp
	reads "$run" 'session from 203.0.113.10 port' || fail "$(<"$run")"
	"${in_host[@]}" nft delete table ip nat
}

# cuts_or_may PROGRAM OPTION…: refused on veth0, in these words
cuts_or_may() {
	run_here "$cli_path/$* --pin veth0 2>&1"
	[ "$status" = 3 ] || fail "$*: exit status $status: $answer"
	[[ $answer = *"veth0: your SSH session from 203.0.113.10 arrives here"*"may be cut off. ${words-Use --except session to spare it,}"*" --force."* ]] || fail "$answer"
}

test_spared_jump() {
	begin -o ProxyCommand="${ssh[*]} -W %h:%p root@203.0.113.1" root@127.0.0.1 bash
	stays veth0 xdp-drop-world
	other=$host server=127.0.0.1
	stays lo xdp-drop-tcp
}

test_spared_nested() {
	begin root@203.0.113.1 bash
	enter 100 "exec ${ssh[*]} root@127.0.0.1 bash" || true
	enter 30000 true || fail "no session in the session"
	stays veth0 xdp-drop-world
}

# A session by far0 starts it; one by veth0 is in use.
test_spared_tmux() {
	local tmux="tmux -S $tmp/tmux -f /dev/null"

	need tmux
	begin root@198.51.100.1 bash
	run_here "TERM=vt100 $tmux new-session -d -x 200 bash 2>&1"
	[ "$status" = 0 ] || fail "tmux: $answer"
	kill "$session"
	poll 10 is_over "$session"
	begin root@203.0.113.1 bash
	run=$tmp/run
	run_here "$tmux send-keys '$cli_path/xdp-drop-world --except session -i 0 veth0 2>$run' Enter"
	poll 10 reads "$run" ': attached (' || fail "not attached: $(<"$run")"
	count ': spared: .* 203\.0\.113\.10 ' "$run"
	[ "$count" = 1 ] || fail "$(<"$run")"
	types xdp-drop-world
	run_here "$tmux kill-server"
	poll 5 is_reached
}

# SSH_CONNECTION names a session that has ended.
test_spared_stale() {
	leave HOME=/
	stays veth0 xdp-drop-tcp
	! reads "$run" 198.51.100.2 || fail "that has ended: $(<"$run")"
}

# Not started in a session: all there are. cli_start sees the server's processes as well.
test_spared_console() {
	begin root@203.0.113.1 bash
	cli_start xdp-drop-tcp --except session -i 0 veth0
	run=${logs[$pid]}.err
	reads "$run" 'spared: the SSH session from 203.0.113.10' || fail "$(<"$run")"
	types xdp-drop-tcp
	cli_stop
}

test_spared_none() {
	cli_refused 3 'no SSH server has a connection' xdp-drop-tcp --except session veth0
}

# A pinned program would drop the next session.
test_spared_pinned() {
	cli_refused 3 'With --pin it is dropped when you connect again' \
		xdp-drop-tcp --except session --pin veth0
}

# What comes later is dropped by the same rules.
test_spared_follow() {
	begin root@203.0.113.1 bash
	starts xdp-drop-tcp --except session --follow veth0 'late*'
	"${in_host[@]}" ip link add late0 type veth peer name late1
	"${in_host[@]}" ip link set late0 up
	poll 10 reads "$run" 'late0: attached (' || fail "$(<"$run")"
	count ': spared: ' "$run"
	[ "$count" = 1 ] || fail "$(<"$run")"
	types xdp-drop-tcp
	stops
	"${in_host[@]}" ip link del late0
}

# ARP is needed, too, which addresses do not spare.
test_spared_selected() {
	begin root@203.0.113.1 bash
	cuts_or_may xdp-drop-world --except 203.0.113.10
	cuts_or_may xdp-drop-tcp --only 203.0.113.0/24
	cuts_or_may tc-drop-tcp --only :22 --ratio 10% --ingress
	starts xdp-drop-world --only 198.51.100.0/24 veth0
	enter 3000 true || fail "cut off"
	stops
	starts xdp-drop-tcp --except :22 veth0
	enter 3000 true || fail "cut off"
	stops
}

# What carries it has addresses of its own.
test_spared_tunnel() {
	or_skip "this kernel cannot" "${in_host[@]}" ip link add tun0 type vxlan id 7 dstport 4789 remote 203.0.113.10
	"${in_ctr[@]}" ip link add tun0 type vxlan id 7 dstport 4789 remote 203.0.113.1
	"${in_host[@]}" ip -batch - <<-END
		addr add 198.51.100.129/30 dev tun0
		link set tun0 up
	END
	"${in_ctr[@]}" ip -batch - <<-END
		addr add 198.51.100.130/30 dev tun0
		link set tun0 up
	END
	begin root@198.51.100.129 bash
	server=198.51.100.129
	stays tun0 xdp-drop-world
	run_here "$cli_path/xdp-drop-world --except session -i 0 veth0 2>&1"
	[ "$status" = 3 ] || fail "exit status $status: $answer"
	[[ $answer = *"(over tun0) and may be cut off. It is in a tunnel here, whose packets --except session does not spare. Use --except session --except 203.0.113.10 to spare both, --timeout"* ]] || fail "$answer"
	server=203.0.113.1
	starts xdp-drop-world --except session --except 203.0.113.10 veth0
	enter 3000 true || fail "cut off"
	stops
}

test_spared_document() {
	local command text

	text=$(dirname "$0")/faults.rst
	[ -e "$text" ] || text=$(dirname "$0")/../Documentation/faults.rst
	command=$(sed -n 's/^    host# \(xdp-drop-world --except session\)/\1/p' "$text")
	begin root@203.0.113.1 bash
	starts "$command"
	types xdp-drop-world
	stops
	reads "$run" 'xdp-drop-world: dropped ' || fail "$(<"$run")"
	cat "$run"
}

ktap_case direct test_spared_document "as Documentation/faults.rst has it"
ktap_case direct test_spared_ipv4 "IPv4: it goes on while all else is dropped, even ARP would be"
ktap_case direct test_spared_no_variable "the server's socket instead of the variable"
ktap_case ipv6 test_spared_ipv6 "IPv6, with neighbour discovery"
ktap_case ipv6 test_spared_link_local "a link-local address"
ktap_case redirect test_spared_redirect "behind a port that a firewall redirects"
ktap_case redirect test_spared_other_address "behind a firewall that changes our address"
ktap_case redirect test_spared_other_peer "behind a firewall that changes the peer's address"
ktap_case others test_spared_jump "the host is its own jump host"
ktap_case others test_spared_nested "a session in a session"
ktap_case others test_spared_tmux "from tmux begun in another session"
ktap_case others test_spared_stale "a variable that names an ended session"
ktap_case rules test_spared_none "no session: refused"
ktap_case rules test_spared_pinned "--pin without an end: refused"
ktap_case rules test_spared_console "not from a session: all are spared"
ktap_case rules test_spared_follow "an interface that comes later"
ktap_case rules test_spared_selected "other selections, which spare it or not"
ktap_case rules test_spared_tunnel "in a tunnel: what carries it is not spared"
ktap_run "$@"
