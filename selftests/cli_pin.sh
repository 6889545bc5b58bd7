#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# --pin and --detach. One group: they share a BPF file system.
set -eu

. "$(dirname "$0")/lib/cli_lib.sh"
. "$(dirname "$0")/lib/frames.sh"
cli_private "$@"

pins=/sys/fs/bpf/bpf-drop
ktap_before_each=cli_wire_unpinned

# Are there so many pins?
are_pinned() {
	local list=("$pins"/*)

	[ "${#list[@]}" = "$1" ] && [ -e "${list[0]}" ]
}

# pinned HOOK OWNER PROGRAM OPTIONS…: the whole life of a pinned program
pinned() {
	local hook=$1 owner=$2 program=$3 other=xdp-drop-world

	shift 2
	expect 0 cli_on "$@" --pin veth0
	said "veth0: attached .*"
	said "it stays attached.*'$program --detach'"
	[ ! -s "$tmp/out" ] || fail "on standard output: $(<"$tmp/out")"
	cli_has "^veth0 $hook [0-9]+ ${program//-/_} [0-9a-f]{16} $owner"
	cli_drops_tcp || fail "TCP passes"
	cli_refused 3 "runs there already.*$owner" "$@" --pin veth0
	cli_refused 3 'runs there already' "$@" veth0
	[ "$program" != "$other" ] || other=xdp-drop-tcp
	if [ "$program" = tc-drop-tcp ]; then
		cli_refused 0 "nothing of $other is attached" "$other" --detach veth0
	else
		cli_refused 3 'left alone.*foreign program' "$other" --detach veth0
		cli_refused 3 'runs there already' "$other" veth0
	fi
	expect 0 cli_on "$program" --detach --json veth0
	said "veth0: detached program id [0-9]+ '${program//-/_}'.* from"
	told '^\{"time".*"interface":"veth0",.*"hook":"'"$hook"'".*"dropped_packets":[1-9].*"final":true\}$'
	cli_clean
	[ ! -e "$pins" ] || fail "a directory is left: $(ls -la "$pins")"
	cli_refused 0 "veth0: nothing of $program is attached" "$program" --detach veth0
}

# What has seen no packet leaves no row of zeros.
test_no_zeros() {
	cli_on ip link add veth1 type veth peer name veth2
	expect 0 cli_on xdp-drop-tcp --pin veth1
	expect 0 cli_on xdp-drop-tcp --detach veth1
	said 'veth1: detached'
	[ ! -s "$tmp/out" ] || fail "zeros: $(<"$tmp/out")"
	expect 0 cli_on xdp-drop-tcp --pin veth0
	cli_drops_tcp
	expect 0 cli_on xdp-drop-tcp --detach veth0
	told '^interface hook +dropped +passed undecided$'
	told '^veth0 +xdp-native +[1-9][0-9]* +[0-9]+ +[0-9]+$'
}

by_pin="pinned at $pins/[0-9]+-[0-9]+-[a-z_-]*"

test_xdp() {
	local program

	for program in xdp-drop-tcp xdp-drop-world; do # the second one drops ARP, too
		pinned xdp-native "$by_pin" "$program"
		pinned xdp-generic "$by_pin" "$program" --skb-mode
	done
}

test_pin_tcx() {
	expect 0 cli_on tc-drop-tcp --pin veth0
	! cli_has clsact || skip "this kernel has no TCX"
	expect 0 cli_on tc-drop-tcp --detach veth0
	pinned tcx-egress "$by_pin" tc-drop-tcp
	pinned tcx-ingress "$by_pin" tc-drop-tcp --ingress
}

test_clsact() {
	local by="left by tc-drop-tcp --pin"

	pinned clsact-egress "$by" tc-drop-tcp --clsact
	pinned clsact-ingress "$by" tc-drop-tcp --clsact --ingress
	expect 0 cli_on tc-drop-tcp --clsact --pin veth0
	sleep 3.1 # the lease with which it was attached is over by then
	cli_drops_tcp || fail "TCP passes"
	expect 0 cli_on tc-drop-tcp --detach veth0
	cli_clean
}

# Both directions at once, by both ways; one --detach removes all.
test_both() {
	expect 0 cli_on tc-drop-tcp --pin --ingress veth0
	expect 0 cli_on tc-drop-tcp --pin --clsact --egress veth0
	cli_has '^veth0 [a-z]+-ingress'
	cli_has '^veth0 clsact-egress'
	expect 0 cli_on tc-drop-tcp --detach veth0
	cli_clean
	expect 0 cli_on tc-drop-tcp --pin --clsact --ingress veth0
	expect 0 cli_on tc-drop-tcp --pin --clsact --egress veth0
	expect 0 cli_on tc-drop-tcp --detach veth0
	cli_clean
}

test_many() {
	cli_on ip link add veth1 type veth peer name veth2
	cli_state before
	expect 0 cli_on xdp-drop-tcp --pin 'veth[12]'
	cli_refused 3 'veth1: .*runs there already' xdp-drop-tcp --pin veth0 veth1
	said 'attached to none of the 2 interfaces|Nothing was changed'
	expect 0 cli_on xdp-drop-tcp --detach '*'
	said 'veth0: nothing of'
	said 'veth1: detached'
	said 'veth2: detached'
	cli_clean
}

test_force() {
	expect 0 cli_on xdp-drop-world --pin veth0
	expect 0 cli_on xdp-drop-tcp --pin --force veth0
	said "took off program id [0-9]+ 'xdp_drop_world'.*pinned at"
	cli_has '^veth0 xdp-native [0-9]+ xdp_drop_tcp '
	expect 0 cli_on xdp-drop-tcp --detach veth0
	cli_clean
	expect 0 cli_on xdp-drop-tcp --pin veth0
	expect 0 cli_on xdp-drop-tcp --pin --force --skb-mode veth0
	cli_has '^veth0 xdp-generic .*pinned at'
	expect 0 cli_on xdp-drop-tcp --detach veth0
	cli_clean
}

# Removing a pin detaches the program.
test_unpinned_by_hand() {
	expect 0 cli_on xdp-drop-tcp --pin veth0
	rm "$pins"/*
	rmdir "$pins"
	cli_clean
	cli_refused 0 'nothing of' xdp-drop-tcp --detach veth0
}

test_pin_timeout() {
	expect 0 cli_on tc-drop-tcp --pin --timeout "$((2 * slack))s" veth0
	said 'it stays attached.*--detach'
	said 'after the time-out it passes everything'
	cli_has '^dropping, [0-9]\.[0-9] s left: dropped [0-9]+ packets? ' || fail "not in --list"
	cli_drops_tcp || fail "TCP passes"
	poll 6 cli_passes_tcp || fail "it still drops"
	cli_has '^idle: dropped [1-9][0-9]* packets? ' || fail "not in --list"
	cli_has 'pinned at|--pin'
	expect 0 cli_on tc-drop-tcp --detach veth0
	cli_clean
}

# --list reads what each is doing from its own maps.
test_doing() {
	local way does of

	cli_on ip link add veth1 type veth peer name veth2
	cli_state before
	for way in "xdp-drop-tcp -S" "tc-drop-tcp --ingress" "tc-drop-tcp --ingress --clsact"; do
		for does in "dropping: dropped" "observing: observed"; do
			of=
			[ "${does%%:*}" = dropping ] || of=--observe
			# shellcheck disable=SC2086 # program and options
			expect 0 cli_on $way $of --pin veth0 veth1
			"${in_ctr[@]}" "$tool" probe send eth0 "$frame_syn" 2
			cli_has "^$does 2 packets \\(108 B\\), passed [0-9]+, undecided 0\$" || fail "$way: not $does 2"
			cli_has "^$does 0 packets \\(0 B\\)," || fail "$way: not $does 0"
			expect 0 cli_on xdp-drop-tcp --list --json veth0
			told "\"state\":\"${does%:*}\",\"passed.*\"${does#*: }_packets\":2,\"${does#*: }_bytes\":108,"
			expect 0 cli_on "${way%% *}" --detach
			cli_clean
		done
	done
	# What its loader renews is no time-out.
	cli_start tc-drop-tcp --clsact -i 0 veth0
	cli_has '^dropping: ' || fail "not dropping"
	expect 0 cli_on "$tool" deny MAP_FD EPERM xdp-drop-tcp --list
	told '^  its maps cannot be read: Operation not permitted$'
	expect 0 cli_on "$tool" deny MAP_FD EPERM xdp-drop-tcp --list --json
	told '"state":null,"error":"Operation not permitted"\}$'
	kill -9 "$pid"
	poll 6 cli_has '^idle: ' || fail "not idle"
	expect 0 cli_on tc-drop-tcp --detach veth0
	cli_clean
}

# The BPF file system

test_no_bpffs() {
	local none='mount -t tmpfs tmpfs /sys/fs/bpf; exec "$@"'

	cli_refused 1 'no BPF file system.*mount -t bpf .*/sys/fs/bpf' \
		unshare --mount sh -ec "$none" sh xdp-drop-tcp --pin veth0
	cli_refused 0 'nothing of' unshare --mount sh -ec "$none" sh xdp-drop-tcp --detach veth0
	cli_refused 0 'nothing of' unshare --mount sh -ec "$none" sh xdp-drop-tcp --detach
	expect 0 cli_on unshare --mount sh -ec "$none" sh xdp-drop-tcp -i 0 -t 20ms veth0
	cli_clean
}

test_no_proc() {
	cli_refused 1 'ns/net: it cannot be read .*mount -t proc' \
		unshare --mount sh -ec 'umount -l /proc; exec "$@"' sh xdp-drop-tcp --pin veth0
}

test_read_only() {
	local new='mount -t bpf bpf /sys/fs/bpf; mount -o remount,ro /sys/fs/bpf; exec "$@"'
	local same='mount -o remount,bind,ro /sys/fs/bpf; exec "$@"'

	cli_refused 1 'read-only.*mount -o remount,rw' unshare --mount sh -ec "$new" sh xdp-drop-tcp --pin veth0
	expect 0 cli_on xdp-drop-tcp --pin veth0
	cli_refused 1 'read-only.*mount -o remount,rw' unshare --mount sh -ec "$same" sh xdp-drop-world --pin --force lo
	cli_refused 1 'read-only.*mount -o remount,rw' unshare --mount sh -ec "$same" sh xdp-drop-tcp --detach veth0
	expect 0 cli_on xdp-drop-tcp --detach veth0
	cli_clean
}

# A mount namespace that ends with the loader takes its BPF file system along: as "ip netns
# exec" makes it, with one in it or without, with a shell in it, too; or any other.
test_passing() {
	local mount='mount -t bpf bpf /sys/fs/bpf;'

	cli_refused 3 "nsenter --net=/run/netns/$host\\.\$" ip netns exec "$host" xdp-drop-tcp --pin veth0
	cli_refused 3 "nsenter --net=/run/netns/$host\\.\$" ip netns exec "$host" \
		sh -ec "$mount xdp-drop-tcp --pin veth0; exit 0"
	cli_refused 3 "mount namespace that ends.*nsenter --net" unshare --mount sh -ec "$mount exec xdp-drop-tcp --pin veth0"
	expect 0 cli_on unshare --mount xdp-drop-tcp --pin veth0
	expect 0 cli_on xdp-drop-tcp --detach
	cli_clean
	expect 0 nsenter "--net=/run/netns/$host" xdp-drop-tcp --pin veth0
	cli_has 'pinned at'
	expect 0 cli_on xdp-drop-tcp --detach veth0
	cli_clean
}

# A directory that somebody else can write to, or has made.
test_untrusted() {
	local make

	for make in 'mkdir -m 777' 'mkdir -m 770' 'ln -s /sys/fs/bpf' 'mkdir -m 700'; do
		$make "$pins"
		[ "$make" != 'mkdir -m 700' ] || chown 65534 "$pins"
		cli_refused 3 'cannot be trusted.*ls -ld' xdp-drop-tcp --pin veth0
		# clsact needs no pin.
		! has_tcx || cli_refused 3 'cannot be trusted' tc-drop-tcp --pin --ingress veth0
		cli_refused 0 'nothing of' xdp-drop-tcp --detach veth0
		rm -d "$pins"
	done
	# What is in such a directory is no pin of ours.
	expect 0 cli_on xdp-drop-tcp --pin veth0
	chmod 777 "$pins"
	cli_refused 3 'left alone' xdp-drop-tcp --detach veth0
	chmod 700 "$pins"
	expect 0 cli_on xdp-drop-tcp --detach veth0
	cli_clean
}

# Interfaces that go, namespaces that have the same names

test_stale() {
	local index

	[[ $before =~ veth0\ index\ ([0-9]+) ]]
	index=${BASH_REMATCH[1]}
	expect 0 cli_on xdp-drop-tcp --pin veth0
	cli_on ip link del veth0
	are_pinned 1 || fail "the pin is gone"
	cli_on ip link add veth0 index "$index" type veth peer name eth0
	expect 0 cli_on xdp-drop-tcp --pin veth0
	cli_has "^veth0 xdp-native .* $by_pin"
	are_pinned 1 || fail "$(ls "$pins")"
	expect 0 cli_on xdp-drop-tcp --detach veth0
	[ ! -e "$pins" ] || fail "a pin is left: $(ls "$pins")"
	expect 0 cli_on xdp-drop-tcp --pin veth0
	cli_on ip link del veth0
	cli_on ip link add veth0 index "$index" type veth peer name eth0
	expect 0 cli_on xdp-drop-tcp --detach veth0
	said 'nothing of'
	[ ! -e "$pins" ] || fail "a stale pin is left: $(ls "$pins")"
}

test_two_namespaces() {
	"${in_ctr[@]}" ip -batch - <<-END
		link set eth0 down
		link set eth0 name veth0
		link set veth0 up
	END
	poll 5 cli_is_up veth0
	expect 0 cli_on xdp-drop-tcp --pin veth0
	expect 0 "${in_ctr[@]}" xdp-drop-tcp --pin veth0
	are_pinned 2 || fail "$(ls "$pins")"
	expect 0 cli_on xdp-drop-tcp --detach veth0
	cli_has_not veth0
	expect 0 "${in_ctr[@]}" xdp-drop-tcp --list
	told "^veth0 .* $by_pin"
	expect 0 "${in_ctr[@]}" xdp-drop-tcp --detach veth0
	said 'veth0: detached'
	cli_clean
}

# as_user CAPABILITIES PROGRAM ARGS…: user 1000 with these alone
as_user() {
	local enough=+net_admin,$1

	is_linux 5.11 || enough+=,+sys_resource
	cli_on setpriv --reuid=1000 --regid=1000 --clear-groups --inh-caps="-all,$enough" \
		--ambient-caps="-all,$enough" --bounding-set="-all,$enough" "/run/netns/bin/$2" "${@:3}"
}

# The capabilities that suffice to pin suffice to detach; and root finds others' pins.
test_other_user() {
	need setpriv
	mkdir -p /run/netns/bin
	cp "$(built xdp-drop-tcp)" "$(built tc-drop-tcp)" /run/netns/bin/
	chmod 755 /run/netns/bin/*
	expect 1 as_user +bpf,+perfmon xdp-drop-tcp --pin veth0
	said 'pinning and removing.*CAP_SYS_ADMIN'
	cli_clean
	for _ in 1 2; do
		expect 0 as_user +sys_admin xdp-drop-tcp --pin veth0
		cli_has "^veth0 xdp-native .*$by_pin"
		expect 0 as_user +sys_admin xdp-drop-tcp --detach veth0
		cli_clean
		[ ! -e "$pins" ] || fail "a pin is left: $(ls "$pins")"
	done
	expect 0 as_user +sys_admin xdp-drop-tcp --pin veth0
	! has_tcx || cli_refused 3 'cannot be trusted' tc-drop-tcp --pin --ingress veth0
	expect 0 cli_on xdp-drop-tcp --detach veth0
	said "veth0: detached"
	cli_clean
	[ ! -e "$pins" ] || fail "a pin is left: $(ls "$pins")"
	rm -r /run/netns/bin
}

# pin_often DEV: the directory comes and goes below the other's feet
pin_often() {
	local left=25

	while [ $((left--)) -gt 0 ]; do
		cli_on xdp-drop-tcp --pin "$1" 2>>"$tmp/$1.err" || return
		cli_on xdp-drop-tcp --detach "$1" >/dev/null 2>>"$tmp/$1.err" || return
	done
}

test_side_by_side() {
	local other

	cli_on ip link add veth1 type veth peer name veth2
	cli_state before
	pin_often veth1 &
	other=$!
	pin_often veth0 || fail "$(tail -n 1 "$tmp/veth0.err")"
	wait "$other" || fail "$(tail -n 1 "$tmp/veth1.err")"
	cli_clean
}

# Where another run has pinned its link meanwhile, that stays.
test_meanwhile() {
	has_tcx || skip "Linux 6.6 has TCX, this is $(uname -r)"
	cli_wire_filter
	cli_stopped OBJ_PIN@1 tc-drop-tcp --pin veth0
	expect 0 cli_on tc-drop-tcp --pin --force veth0
	kill -CONT "$waiting"
	cli_ends 3
	said 'a pin already'
	cli_drops_tcp || fail "TCP passes"
	expect 0 cli_on tc-drop-tcp --detach veth0
	cli_clean
}

ktap_case pin test_xdp "XDP, native and generic: pin, twice, others, detach, twice"
ktap_case pin test_no_zeros "--detach shows what was counted, and nothing if there was nothing"
ktap_case pin test_pin_tcx "TCX, both directions: the same"
ktap_case pin test_clsact "clsact, both directions: the same"
ktap_case pin test_both "both directions at once"
ktap_case pin test_many "several interfaces"
ktap_case pin test_force "--force takes the place of a pinned program, and its pin"
ktap_case pin test_unpinned_by_hand "a pin that is removed by hand"
ktap_case pin test_pin_timeout "--pin --timeout"
ktap_case pin test_doing "--list: what a program is doing, and has counted"
ktap_case pin test_no_bpffs "no BPF file system"
ktap_case pin test_no_proc "no /proc, so no number of the network namespace"
ktap_case pin test_read_only "a read-only BPF file system"
ktap_case pin test_untrusted "a directory that others can write to"
ktap_case pin test_stale "a pin that outlives its interface"
ktap_case pin test_passing "a mount namespace that ends with the loader, as 'ip netns exec' makes one"
ktap_case pin test_other_user "another user's pins"
ktap_case pin test_two_namespaces "the same name in two namespaces"
ktap_case pin test_meanwhile "another run pins at the same time"
ktap_case pin test_side_by_side "two at the same time"
ktap_run "$@"
