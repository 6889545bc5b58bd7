#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The command line: options, wrong usage, and what is refused before anything
# is attached. The rest is in the other files named cli_….
set -eu

. "$(dirname "$0")/lib/cli_lib.sh"
cli_private "$@"

# Usage

# wrong REGEX CMD…: CMD is wrong usage, and the message says where help is.
is_wrong() {
	cli_says 2 "$1" "${@:2}"
	said 'Try .*--help'
}

test_help() {
	local program option options text long common="--force --pin --detach --timeout=DURATION --observe --list
		--top\[=N\] --interval=SECONDS --json --verbose --help --version --only=SELECTOR --except=SELECTOR
		--ratio=P --every=N --first=N --on=DURATION --off=DURATION -F -p -d -t -o -l -i -j -v -h -V"

	for program in "${programs[@]}"; do
		expect 0 "$program" --help
		told "^Usage: $program .*IFACE"
		told 'Exit status: 0 done'
		case $program in
		tc-*) options="--egress --ingress --tcx --clsact" ;;
		*) options="--skb-mode --native-mode -S -N" ;;
		esac
		read_text "$tmp/out"
		for option in $common $options; do
			[[ $text =~ [[:space:],]${option}[[:space:],] ]] || fail "no $option in: $text"
		done
		[ ! -s "$tmp/err" ] || fail "on standard error: $(<"$tmp/err")"
		long=$text
		expect 0 "$program" -h
		read_text "$tmp/out"
		[ "$text" = "$long" ] || fail "-h says something else: $text"
	done
}

test_version() {
	local program option

	for program in "${programs[@]}"; do
		for option in --version -V; do
			expect 0 "$program" "$option"
			told "^$program [0-9]+\.[0-9]+.* \(libbpf v[0-9.]+, built from Linux [0-9][^ ]*\)$"
			[ ! -s "$tmp/err" ] || fail "on standard error: $(<"$tmp/err")"
		done
	done
}

test_advice() {
	local text

	is_wrong 'which interface\?' xdp-drop-tcp
	read_text "$tmp/err"
	while [[ $text =~ --[a-z]+ ]]; do
		text=${text#*"${BASH_REMATCH[0]}"}
		expect 0 xdp-drop-tcp "${BASH_REMATCH[0]}"
	done
}

test_no_interface() {
	local program

	for program in "${programs[@]}"; do
		is_wrong 'which interface\?' "$program"
		is_wrong 'which interface\?' "$program" --force
	done
}

test_unknown_option() {
	is_wrong "'--nope'" xdp-drop-tcp --nope veth0
	is_wrong "'Z'" tc-drop-tcp veth0 -Z
	is_wrong "'--pin' doesn't allow an argument" xdp-drop-world --pin=yes veth0
	is_wrong "'--timeout' requires an argument" xdp-drop-tcp veth0 --timeout
	is_wrong "'--tcx'" xdp-drop-tcp --tcx veth0
	is_wrong "'--ingress'" xdp-drop-world --ingress veth0
	is_wrong "'--skb-mode'" tc-drop-tcp --skb-mode veth0
	is_wrong "'N'" tc-drop-tcp -N veth0
	cli_clean
}

test_exclusive() {
	is_wrong 'exclude each other' xdp-drop-tcp -S -N veth0
	is_wrong 'exclude each other' xdp-drop-world -N --skb-mode veth0
	is_wrong 'exclude each other' tc-drop-tcp --tcx --clsact veth0
	is_wrong 'exclude each other' tc-drop-tcp --egress --ingress veth0
	is_wrong 'exclude each other' tc-drop-tcp veth0 --ingress --egress
	is_wrong 'exclude each other' xdp-drop-tcp --pin --detach veth0
	is_wrong 'only shows' xdp-drop-tcp --list --pin
	is_wrong 'are for attaching' xdp-drop-tcp --list --timeout 1s
	is_wrong '--top needs a process' xdp-drop-tcp --top --pin veth0
	is_wrong "'0' is no number of flows" xdp-drop-tcp --top=0 veth0
	is_wrong 'are for attaching' xdp-drop-tcp --detach --observe veth0
	is_wrong 'are for attaching' xdp-drop-tcp --list --drop-undecided
	is_wrong 'only shows' tc-drop-tcp --list --detach veth0
	cli_clean
}

test_durations() {
	local text

	for text in 0 5 0s 10x -1s 1.5s 1s1s ' 1s' '1 s' 99999999h 99999999999999999999s ms ''; do
		is_wrong "'$text' is not a duration" xdp-drop-tcp "--timeout=$text" veth0
	done
	is_wrong "'5' is not a duration" tc-drop-tcp -t 5 veth0
	is_wrong "'\+1s' is not a duration" tc-drop-tcp -t +1s veth0
	cli_clean
}

test_intervals() {
	local text

	for text in x -1 1s 0.001 nan inf 1e9 ''; do
		is_wrong "'$text' is not an interval" xdp-drop-tcp "--interval=$text" veth0
	done
	is_wrong "'-1' is not an interval" tc-drop-tcp -i -1 veth0
	cli_clean
}

# The selectors themselves: rules_native
test_selecting() {
	local text

	is_wrong "--only: ':70000' has no port .*Write one from 0 to 65535" xdp-drop-tcp --only :70000 veth0
	is_wrong "--except: '10.0.0.0/33' has no prefix length" tc-drop-tcp --except 10.0.0.0/33 veth0
	is_wrong "--only: 'example.com' is not an address\. .*give addresses" xdp-drop-world --only example.com veth0
	is_wrong "--only 'session' .*--except session" xdp-drop-tcp --only session veth0
	is_wrong "--only: '@/nosuch' cannot be read: No such file" xdp-drop-tcp --only @/nosuch veth0
	: >"$tmp/list"
	is_wrong "--only: '@$tmp/list' has no selector in it" xdp-drop-tcp --only "@$tmp/list" veth0
	printf ':22\n\nexample.com\n' >"$tmp/list"
	is_wrong "--except: $tmp/list, line 3: 'example.com' is not" xdp-drop-tcp --except "@$tmp/list" veth0
	for text in 0% 9/8 0.5 101% ''; do
		is_wrong "'$text' is not a ratio above zero.*10%, 0\.5%.*1/8" xdp-drop-tcp "--ratio=$text" veth0
	done
	for text in 0 -1 x 4294967296; do
		is_wrong "'$text' is no number of packets.*1 to 4294967295" xdp-drop-tcp --every "$text" veth0
	done
	is_wrong "'9223372036854775809' is no number of packets" tc-drop-tcp --first 9223372036854775809 veth0
	is_wrong '--on and --off belong together' xdp-drop-tcp --on 1s veth0
	is_wrong '--on and --off belong together' xdp-drop-tcp --off 1s veth0
	is_wrong "'0s' is not a duration" xdp-drop-tcp --on 0s --off 1s veth0
	is_wrong '--only.* are for attaching' xdp-drop-tcp --only :22 --list veth0
	is_wrong '--ratio.* are for attaching' tc-drop-tcp --detach --ratio 1/8 veth0
	cli_clean
}

# Names of interfaces

test_names() {
	local program

	for program in "${programs[@]}"; do
		cli_refused 2 "no interface 'nosuch'.*ip link" "$program" nosuch
		cli_refused 2 "no interface 'nosuch'" "$program" veth0 nosuch lo
		cli_refused 2 "no interface 'nosuch'" "$program" --detach nosuch
		cli_refused 2 "no interface 'nosuch'" "$program" --list nosuch
	done
	cli_refused 2 'at most 15 characters' xdp-drop-tcp abcdefghijklmnop
	cli_refused 2 "no interface 'abcdefghijklmno'" xdp-drop-tcp abcdefghijklmno
	cli_refused 2 "no interface ''" xdp-drop-tcp ''
	cli_refused 2 "no interface matches 'zz\*'" xdp-drop-tcp 'zz*'
	cli_refused 2 "no interface matches 'zz\?'" tc-drop-tcp veth0 'zz?'
}

test_alias() {
	or_skip "no alternative names" cli_on ip link property add dev veth0 altname uplink
	expect 0 cli_on xdp-drop-tcp -t 100ms -i 0 --json uplink
	told '"interface":"veth0"'
	cli_on ip link property del dev veth0 altname uplink
	# Unlike a name, it may be longer than 15 characters.
	cli_on ip link property add dev veth0 altname the-uplink-of-this-host
	expect 0 cli_on xdp-drop-tcp -t 100ms -i 0 --json the-uplink-of-this-host
	told '"interface":"veth0"'
	expect 0 cli_on tc-drop-tcp --detach the-uplink-of-this-host
	said 'veth0: nothing of'
	cli_on ip link property del dev veth0 altname the-uplink-of-this-host
	cli_clean
}

# As 'ip link' shows it; but it is a name as well.
test_shown_name() {
	local shown

	shown=$(cli_on ip -o link show veth0)
	shown=${shown#*: } shown=${shown%%:*}
	[[ $shown = veth0@if* ]] || fail "ip link shows $shown"
	expect 0 cli_on xdp-drop-tcp -t 100ms -i 0 --json "$shown"
	told '"interface":"veth0"'
	expect 0 cli_on xdp-drop-tcp --list "$shown"
	cli_on ip link add veth0@x type veth peer name y
	cli_state before
	expect 0 cli_on xdp-drop-tcp -t 100ms -i 0 --json veth0@x
	told '"interface":"veth0@x"'
	cli_refused 2 "no interface 'veth@x'" xdp-drop-tcp veth@x
	cli_refused 2 "no interface '@x'" xdp-drop-tcp @x
	cli_clean
}

# While others add and delete interfaces, a dump is disturbed and asked for again.
# An emulated machine may be too slow to list so many between two changes.
test_disturbed() {
	local i

	cli_on ip -batch - < <(for i in {1..60}; do echo "link add w$i type veth peer name q$i"; done)
	"${in_host[@]}" ip -batch - < <(for i in {1..2000}; do printf 'link %s\n' "add x type veth peer name y" "del x"; done) &
	for i in {1..60}; do
		expect 0 cli_on xdp-drop-tcp --list
	done
	kill $! 2>/dev/null || true
}

test_globs() {
	cli_on ip link add veth1 type veth peer name veth2
	expect 0 cli_on xdp-drop-tcp -t 100ms -i 0 --json 'veth[0-9]' veth0 've*0'
	cli_counters 4 # 3 interfaces and the sums
	cli_on ip link del veth1
	cli_clean
}

test_all_or_nothing() {
	cli_on ip link add veth1 type veth peer name veth2
	cli_on ip link set veth2 xdp obj "$xdp_world" sec xdp
	cli_refused 3 'veth2: .*runs there already' xdp-drop-tcp veth0 veth1 veth2
	cli_refused 3 'veth2: .*runs there already' xdp-drop-tcp -S 'veth*'
	cli_on ip link del veth1
	cli_clean
}

# Privileges and limits

# As another user, with a copy that it can reach.
nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all)

test_not_root() {
	local program

	mkdir -p /run/netns/bin
	for program in "${programs[@]}"; do
		cp "$(type -P "$program")" /run/netns/bin/
		program=/run/netns/bin/$program
		cli_refused 1 'privilege.*as root' "${nobody[@]}" "$program" veth0
		cli_refused 1 'privilege.*as root' "${nobody[@]}" "$program" --pin veth0
		cli_refused 1 'privilege.*as root' "${nobody[@]}" "$program" --detach veth0
		cli_refused 1 'privilege.*as root' "${nobody[@]}" "$program" --list
		expect 0 "${nobody[@]}" "$program" --help
	done
	rm -r /run/netns/bin
}

test_few_capabilities() {
	local few

	for few in -all -all,+bpf,+perfmon -all,+net_admin -all,+bpf,+net_admin; do
		cli_refused 1 'CAP_NET_ADMIN' setpriv "--bounding-set=$few" xdp-drop-tcp veth0
		cli_refused 1 'CAP_NET_ADMIN' setpriv "--bounding-set=$few" tc-drop-tcp --clsact veth0
		cli_refused 1 'CAP_SYS_ADMIN' setpriv "--bounding-set=$few" xdp-drop-tcp --list
		cli_refused 1 'CAP_SYS_ADMIN' setpriv "--bounding-set=$few" xdp-drop-tcp --detach veth0
	done
	cli_unsaid 'it as root'
}

# The root of a user namespace is not told to be root.
test_user_namespace() {
	local program

	or_skip "no user namespaces" cli_on unshare --user --map-root-user true
	for program in xdp-drop-tcp "tc-drop-tcp --clsact" "xdp-drop-world --detach"; do
		# shellcheck disable=SC2086 # a program and its option
		cli_refused 1 'user namespace.*run it outside' unshare --user --map-root-user $program veth0
		cli_unsaid 'it as root'
	done
}

# What the message says is enough, is enough. Before Linux 5.11, maps are locked
# memory, of which a process may have little.
test_enough_capabilities() {
	local enough program more=

	if ! is_linux 5.11; then
		cli_refused 1 'locked memory.*ulimit -l' bash -c "ulimit -l 0; setpriv \
			--bounding-set=-all,+bpf,+perfmon,+net_admin xdp-drop-tcp -t 50ms veth0"
		more=,+sys_resource
	fi
	for enough in -all,+bpf,+perfmon,+net_admin$more -all,+sys_admin,+net_admin$more; do
		for program in xdp-drop-tcp tc-drop-tcp 'tc-drop-tcp --clsact'; do
			# shellcheck disable=SC2086 # a program and its option
			expect 0 cli_on setpriv "--bounding-set=$enough" $program -t 50ms veth0
		done
	done
	cli_clean
}

test_few_descriptors() {
	expect 0 cli_on bash -c 'ulimit -n 32; xdp-drop-tcp -t 50ms veth0'
	cli_refused 1 'file descriptors.*ulimit -n' bash -c 'ulimit -n 8; xdp-drop-tcp veth0'
}

# The build's own doing: random addresses, nothing writable that is executed, and
# checks of the stack and of lengths.
test_hardened() {
	local program text

	command -v readelf >/dev/null || skip "needs readelf"
	for program in "${programs[@]}" drop-where; do
		text=$(readelf -hldsW "$cli_path/$program")
		[[ $text != *__asan_init* ]] || skip "this is an instrumented build"
		[[ $text =~ Type:[[:space:]]+DYN ]] || fail "$program: not position independent"
		[[ $text =~ FLAGS_1.*NOW ]] || fail "$program: binds late"
		[[ $text = *GNU_RELRO* ]] || fail "$program: no RELRO"
		[[ $text =~ GNU_STACK[^$'\n']*RWE ]] && fail "$program: an executable stack"
		[[ $text = *__stack_chk_fail* ]] || fail "$program: no stack protector"
		[[ $text = *printf_chk* ]] || fail "$program: not fortified"
	done
}

setup_many() {
	local i

	cli_wire
	for i in {1..20}; do echo "link add many$i type veth peer name many-$i"; done | cli_on ip -batch -
	cli_state before
}

test_many_descriptors() {
	local program count

	for program in "${programs[@]}"; do
		cli_refused 1 '40 interfaces need .*ulimit -n' bash -c "ulimit -n 32; $program 'many*'"
	done
	expect 0 cli_on bash -c "ulimit -Sn 32; xdp-drop-tcp -t 50ms -i 0 'many*'"
	count 'xdp-native.*\(end\)'
	[ "$count" = 40 ] || fail "$(<"$tmp/out")"
	said 'attached to 40 interfaces'
	cli_clean
}

ktap_case usage test_help "--help names every option, on standard output"
ktap_case usage test_version "--version"
ktap_case usage test_advice "the options that a usage error advises exist"
ktap_case usage test_no_interface "no interface is wrong usage"
ktap_case usage test_unknown_option "unknown options, and those of the other programs"
ktap_case usage test_exclusive "options that exclude each other"
ktap_case usage test_durations "bad durations"
ktap_case usage test_intervals "bad intervals"
ktap_case usage test_selecting "what is dropped: bad selectors, ratios, numbers"
ktap_case names test_names "names and globs of no interface"
ktap_case names test_globs "a glob means several; an interface named twice counts once"
ktap_case names test_alias "an alternative name"
ktap_case names test_shown_name "a name as 'ip link' shows it"
ktap_case names test_all_or_nothing "one interface refused: none is attached"
ktap_case rights test_hardened "built so that a mistake with memory is no more than that"
ktap_case rights test_not_root "without privilege: a sentence and the next step"
ktap_case rights test_few_capabilities "root without some capability"
ktap_case rights test_user_namespace "the root of a user namespace"
ktap_case rights test_enough_capabilities "the capabilities that are said to be enough are enough"
ktap_case rights test_few_descriptors "32 descriptors are enough for one interface, 8 are not"
ktap_case disturbed test_disturbed "--list while interfaces come and go"
ktap_case many test_many_descriptors "40 interfaces and a limit of 32 descriptors"
ktap_run "$@"
