#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What if the kernel says no? A seccomp filter answers one command of bpf(2)
# with an error: each has its words and its exit code, and nothing stays behind.
set -eu

. "$(dirname "$0")/lib/cli_lib.sh"
cli_private "$@"

ktap_before_each=cli_wire_filter

# denied COMMAND ERRNO STATUS REGEX CMD…
denied() {
	cli_refused "$3" "$4" "$tool" deny "$1" "$2" "${@:5}"
}

test_load() {
	denied PROG_LOAD EINVAL 4 'cannot load.*verifier.*--verbose' xdp-drop-tcp veth0
	denied PROG_LOAD EINVAL 4 '--trace needs bpf_trace_printk.*CONFIG_BPF_EVENTS' tc-drop-tcp --trace veth0
	denied PROG_LOAD EINVAL 4 '--write and --top at XDP need.*CONFIG_BPF_EVENTS' xdp-drop-tcp --write "$tmp/file" veth0
	denied PROG_LOAD EACCES 1 'cannot load.*verifier rejects.*--verbose' xdp-drop-tcp veth0
	denied PROG_LOAD E2BIG 4 'cannot load.*does not know.*5\.10' tc-drop-tcp veth0
	denied PROG_LOAD EPERM 1 'cannot load.*privilege.*CAP_BPF' tc-drop-tcp --clsact veth0
	denied MAP_CREATE ENOMEM 1 'cannot load.*memory.*ulimit -l' xdp-drop-tcp veth0
	denied MAP_CREATE EMFILE 1 'cannot load.*file descriptors.*ulimit -n' xdp-drop-world veth0
	denied MAP_UPDATE EPERM 1 'privilege' xdp-drop-tcp veth0
	denied MAP_CREATE ENOSYS 4 'no BPF.*CONFIG_BPF_SYSCALL' xdp-drop-tcp veth0
}

# libbpf creates maps to try what the kernel can, and goes on without what fails. A run is
# then refused, or whole: its time-out counts, and --detach knows it.
test_probes() {
	local n status

	for n in {1..8}; do
		status=0
		cli_on "$tool" deny "MAP_CREATE@$n" ENOMEM tc-drop-tcp --clsact --pin veth0 2>"$tmp/err" || status=$?
		[[ $status = [014] ]] || fail "$n: exit status $status: $(<"$tmp/err")"
		expect 0 cli_on tc-drop-tcp --detach veth0
		cli_clean
		status=0
		cli_on "$tool" deny "MAP_CREATE@$n" ENOMEM drop-where -t 20ms >"$tmp/out" 2>"$tmp/err" || status=$?
		[[ $status = [014] ]] || fail "$n: drop-where: exit status $status"
	done
}

# A copy of a loader whose program the verifier rejects, by one byte of it that $1 replaces.
spoil() {
	LC_ALL=C sed "$1" "$(built xdp-drop-tcp)" >"$tmp/xdp-drop-tcp"
	chmod 755 "$tmp/xdp-drop-tcp"
	! cmp -s "$(built xdp-drop-tcp)" "$tmp/xdp-drop-tcp" || fail "nothing was replaced"
}

# The verifier's own last words, with the line where this kernel tells it.
test_verifier() {
	local at='' far='\x61\(.\)\x04\x00\x00\x00\x00\x00/\x61\1\x7f\x00\x00\x00\x00\x00/g'

	# The packet's end is four bytes into the context: 127 is beyond its own.
	far="s/$far;s/\x61\(.\)\x00\x04\x00\x00\x00\x00/\x61\1\x00\x7f\x00\x00\x00\x00/g"
	spoil "$far"
	! is_linux 6.9 || at=', at match_kern\.h:[0-9]+'
	cli_refused 1 "verifier rejects it \(Permission denied; the kernel says: invalid .* off=127 size=4$at\)\..*--verbose" \
		"$tmp/xdp-drop-tcp" veth0
	said '^xdp-drop-tcp: the verifier: ; .*data_end'
	said '^xdp-drop-tcp: the verifier: [0-9]+: \(61\) '
	said '^xdp-drop-tcp: the verifier: invalid .* off=127 size=4$'
	cli_unsaid 'processed [0-9]'
	# With the whole log shown, no part of it is repeated, nor advice to ask for it.
	cli_refused 1 "the kernel says: invalid .* off=127 size=4$at\)\. The details are above\.$" \
		"$tmp/xdp-drop-tcp" --verbose veth0
	said '^processed [0-9]+ insns'
	cli_unsaid 'the verifier:|--verbose'
	# The license: functions under the GPL only.
	spoil 's/GPL\x00/XPL\x00/g'
	cli_refused 4 'does not accept it \(Invalid argument; the kernel says: .*(GPL|bpf_probe_read)' \
		"$tmp/xdp-drop-tcp" --write "$tmp/file" veth0
	[ ! -e "$tmp/file" ]
}

# Without any log: others' advice is not to be given twice.
test_verbose_advice() {
	denied PROG_LOAD EACCES 1 'verifier rejects.*The details are above\.$' xdp-drop-tcp -v veth0
	cli_unsaid '--verbose'
	denied LINK_CREATE EIO 1 'the kernel refused.*The details are above\.$' xdp-drop-tcp -v veth0
	cli_unsaid '--verbose'
}

# Asked again by netlink, the kernel has nothing to say, as it is not the one that refused.
test_native_errors() {
	local error

	denied LINK_CREATE EOPNOTSUPP 4 'native XDP: there is none.*does not say why.*--skb-mode' xdp-drop-tcp -N veth0
	for error in ERANGE EINVAL ENOSPC; do
		denied LINK_CREATE "$error" 1 'native XDP: the kernel refuses.*does not say why.*dmesg.*--skb-mode' xdp-drop-tcp -N veth0
	done
	# Not by generic XDP either.
	denied LINK_CREATE@1 EBUSY 3 'another XDP program.*same moment.*--force' xdp-drop-tcp veth0
	denied LINK_CREATE EEXIST 3 'other mode.*bridge, bond.*--list' xdp-drop-tcp -N veth0
	denied LINK_CREATE ENODEV 1 "is gone.*ip link" xdp-drop-tcp veth0
	denied LINK_CREATE@1 EPERM 1 'native XDP.*privilege' xdp-drop-tcp veth0
	denied LINK_CREATE EIO 1 'the kernel refused.*--verbose' xdp-drop-tcp veth0
}

test_generic_errors() {
	denied LINK_CREATE EINVAL 4 'generic XDP.*no bpf_link.*5\.9' xdp-drop-tcp -S veth0
	denied LINK_CREATE EOPNOTSUPP 1 'generic XDP: the kernel refused' xdp-drop-tcp veth0
	denied LINK_CREATE EBUSY 3 'generic XDP.*same moment' xdp-drop-tcp -S veth0
	denied LINK_CREATE EEXIST 3 'generic XDP.*other mode' xdp-drop-tcp -S veth0
}

# It is asked again; killed at whatever answer, nothing of that is left.
test_asked() {
	local n=0 status=137

	while [ "$status" = 137 ]; do
		status=0
		cli_on "$tool" deny LINK_CREATE EINVAL "$tool" deny "RECEIVE@$((++n))" KILL xdp-drop-tcp -N veth0 \
			>"$tmp/out" 2>"$tmp/err" || status=$?
		cli_clean
	done
	[ "$status" = 1 ] || fail "exit status $status: $(<"$tmp/err")"
	[ "$n" -gt 3 ] || fail "killed only $n times"
}

# It waits before it attaches to gone0, and that is removed.
wait_and_remove() {
	cli_on ip link add gone0 type veth peer name gone1
	cli_stopped LINK_CREATE@1 "$@" gone0
	cli_on ip link del gone0
	kill -CONT "$waiting"
}

test_gone() {
	local program

	for program in "xdp-drop-tcp -N" "xdp-drop-tcp -S" "tc-drop-tcp"; do
		# clsact has no link to create.
		[ "$program" != tc-drop-tcp ] || has_tcx || continue
		# shellcheck disable=SC2086 # program and option
		wait_and_remove $program
		cli_ends 1
		said 'gone0: cannot attach to .*the interface is gone'
		cli_clean
	done
}

test_tc_errors() {
	denied PROG_QUERY EINVAL 4 'no TCX.*Linux 6\.6.*--clsact' tc-drop-tcp --tcx veth0
	expect 0 cli_on "$tool" deny PROG_QUERY EINVAL tc-drop-tcp -i 0 -t 50ms veth0
	said 'attached \(clsact egress'
	cli_clean
	expect 0 cli_on tc-drop-tcp -i 0 -t 50ms veth0
	reads "$tmp/err" TCX || skip "no TCX"
	denied LINK_CREATE ENOMEM 1 'cannot attach to TCX.*memory' tc-drop-tcp veth0
}

test_pin() {
	denied OBJ_PIN EPERM 1 'cannot pin.*more privilege' xdp-drop-tcp --pin veth0
	denied OBJ_PIN ENOSPC 1 'cannot pin.*has no memory' xdp-drop-tcp --pin -S veth0
	denied OBJ_PIN EEXIST 3 'cannot pin.*a pin already.*--detach' xdp-drop-tcp --pin veth0
	denied OBJ_PIN EROFS 1 'cannot pin.*read-only.*remount,rw' xdp-drop-world --pin lo veth0
	said 'attached to none of the 2'
	cli_clean
	# Of two interfaces, a failure counts more than a refusal.
	cli_on ip link add bare0 type veth peer name bare1
	cli_on ip link set bare0 xdpgeneric obj "$xdp_world" sec xdp
	expect 0 cli_on xdp-drop-tcp --pin veth0
	expect 1 cli_on "$tool" deny LINK_DETACH EIO xdp-drop-tcp --detach veth0 bare0
	said 'veth0: cannot detach'
	said 'bare0: left alone'
}

test_list_errors() {
	cli_start xdp-drop-tcp -i 0 veth0
	denied LINK_NEXT_ID ENOMEM 1 'cannot list.*memory' xdp-drop-tcp --list
	denied LINK_NEXT_ID EIO 1 'cannot list.*the kernel refused \(Input/output error\)\.' xdp-drop-world veth0
	cli_stop
	denied PROG_QUERY EPERM 1 'cannot list.*privilege' tc-drop-tcp --list
}

# Only ENOENT says that something is gone. What cannot be seen is still there.
test_unseen() {
	local call error way

	for way in "xdp-drop-tcp" "tc-drop-tcp" "tc-drop-tcp --clsact"; do
		# shellcheck disable=SC2086 # program and option
		expect 0 cli_on $way --pin veth0
		for call in PROG_FD OBJ_INFO LINK_FD LINK_NEXT_ID OBJ_GET MAP_FD MAP_LOOKUP; do
			for error in EMFILE EPERM; do
				unseen "${way%% *}"
			done
		done
		denied_by_limit "${way%% *}"
		expect 0 cli_on "${way%% *}" --detach veth0
		cli_unsaid 'nothing of'
	done
}

# A way to look at it is denied: either it is not needed, or that is told.
unseen() {
	local status=0 pinned

	cli_state now
	pinned=$now
	cli_on "$tool" deny "$call" "$error" "$1" --detach veth0 >"$tmp/out" 2>"$tmp/err" || status=$?
	if [ "$status" = 0 ]; then
		cli_unsaid 'nothing of'
		wanted=$before
		cli_same || fail "$call $error: exit status 0, but it is still there: $(<"$tmp/err")"
		# shellcheck disable=SC2086 # program and option
		expect 0 cli_on $way --pin veth0
	else
		[ "$status" = 1 ] || fail "$call $error: exit status $status: $(<"$tmp/err")"
		said 'cannot|Cannot'
		cli_unsaid 'nothing of|gone'
		wanted=$pinned
		cli_same || fail "$call $error: exit status 1, but it has changed"
	fi
}

denied_by_limit() {
	cli_refused 1 'file descriptors are needed.*ulimit -n' prlimit --nofile=4:4 "$cli_path/$1" --detach veth0 lo
	cli_refused 1 'file descriptors are needed' prlimit --nofile=4:4 "$cli_path/$1" --list
}

# A link that others just make (EAGAIN) or release (ENOENT) is soon to be seen, or gone.
test_transit() {
	local call count n error

	cli_on xdp-drop-tcp --pin veth0
	expect 0 cli_on "$tool" deny --count "$tmp/calls" xdp-drop-tcp --list veth0
	while read -r call count _; do
		[ "$call" != LINK_FD ] || break
	done <"$tmp/calls"
	[ "$call" = LINK_FD ] || fail "no link is looked at: $(<"$tmp/calls")"
	for error in EAGAIN ENOENT; do
		for ((n = 1; n <= count; n++)); do
			expect 0 cli_on "$tool" deny "LINK_FD@$n" "$error" xdp-drop-tcp --list veth0
			told '^veth0 +xdp-native .* pinned at '
		done
	done
	expect 0 cli_on xdp-drop-tcp --detach veth0
	cli_clean
}

# For want of memory libbpf may take this kernel for one that knows no names.
test_nameless() {
	local n status way

	for way in xdp-drop-tcp "tc-drop-tcp --clsact"; do
		for n in {1..12}; do
			status=0
			# shellcheck disable=SC2086 # program and option
			cli_on "$tool" deny "PROG_LOAD@$n" ENOMEM $way --pin veth0 >"$tmp/out" 2>"$tmp/err" || status=$?
			if [ "$status" = 0 ]; then
				expect 0 cli_on "${way%% *}" --detach veth0
				said 'veth0: detached' # it can be found
			else
				said 'without its name|memory|cannot load'
			fi
			cli_clean
		done
	done
}

# What would fail in the end is found out before anything is attached.
test_before() {
	local program

	for program in xdp-drop-tcp "tc-drop-tcp --clsact" "xdp-drop-world --pin"; do
		# shellcheck disable=SC2086 # a program and its option
		denied MAP_LOOKUP EPERM 1 'the counters cannot be read: .*Nothing was attached' $program veth0
		cli_unsaid ': attached'
		[ "$program" != "xdp-drop-world --pin" ] || continue
		# shellcheck disable=SC2086 # the same
		cli_refused 1 '/sys/.*/possible cannot be read.*Nothing was attached.*mount -t sysfs' \
			unshare --mount sh -ec 'umount -l /sys; exec "$@"' sh $program veth0
		cli_unsaid ': attached'
	done
}

# When it runs already: it ends, and is detached all the same.
test_late() {
	# Before that it tries the counters, looks at the map "slots" twice, and at the counters
	# that a program which sees no packets would leave so.
	expect 1 cli_on "$tool" deny MAP_LOOKUP@5 EPERM xdp-drop-tcp -i 0.05 veth0
	said 'cannot show the counters'
	expect 1 cli_on "$tool" deny LINK_DETACH EIO xdp-drop-tcp -t 50ms veth0
	said 'veth0: cannot detach.*the kernel refused'
	expect 1 cli_on "$tool" deny LINK_DETACH@1 NOTHING xdp-drop-tcp -t 50ms veth0
	said 'veth0: cannot detach'
	cli_clean
}

# A signal comes before the first of two is attached, where the second one would fail; and
# before the last one is.
test_signal() {
	local also

	cli_on ip link add few0 numrxqueues 1 numtxqueues 1 type veth peer name few1 numrxqueues 2 numtxqueues 2
	cli_state before
	for also in few0 ''; do
		# shellcheck disable=SC2086 # or none
		cli_stopped LINK_CREATE@1 xdp-drop-tcp -N veth0 $also
		kill -INT "$waiting"
		kill -CONT "$waiting"
		cli_ends 1
		said 'a signal came before all was attached'
		cli_unsaid 'few0: |: attached \('
		cli_clean
	done
}

# What is not the kernel side's is not told as if it were.
test_own() {
	cli_refused 1 "^xdp-drop-tcp: no memory for the verifier's log\. Free memory" \
		sh -c 'ulimit -v 12000; exec xdp-drop-tcp veth0'
	denied SIGNALFD EMFILE 1 'signals: cannot wait for events: too few file descriptors.*ulimit -n' xdp-drop-tcp veth0
	# Elsewhere, all else that polls does so by this call, too.
	[ "$(uname -m)" = x86_64 ] || return 0
	expect 1 cli_on "$tool" deny POLL ENOMEM xdp-drop-tcp -i 0 veth0
	said 'poll: cannot wait for events: the system is out of memory'
	cli_clean
}

ktap_case errors test_load "loading"
ktap_case errors test_probes "libbpf's probes fail"
ktap_case errors test_verifier "the verifier rejects the program: its last words"
ktap_case errors test_verbose_advice "--verbose is not advised if it was given"
ktap_case errors test_native_errors "attaching to native XDP"
ktap_case errors test_generic_errors "attaching to generic XDP"
ktap_case errors test_asked "the kernel is asked why: killed while it answers"
ktap_case errors test_gone "the interface goes before it is attached to"
ktap_case errors test_signal "a signal while it attaches"
ktap_case errors test_tc_errors "attaching at TC; without TCX it is clsact"
ktap_case errors test_pin "pinning"
ktap_case errors test_list_errors "listing"
ktap_case errors test_unseen "--detach that cannot look: it says so, and not that nothing is there"
ktap_case errors test_transit "--list while others make or release links"
ktap_case errors test_nameless "a program is attached with its name or not at all"
ktap_case errors test_own "memory and signals"
ktap_case errors test_before "what is needed in the end is tried at first"
ktap_case errors test_late "a run in the foreground"
ktap_run "$@"
