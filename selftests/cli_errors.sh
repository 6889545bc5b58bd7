#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What if the kernel says no? A seccomp filter answers one command of bpf(2)
# with an error: each has its words and its exit code, and nothing stays behind.
set -eu

# shellcheck source-path=SCRIPTDIR source=cli_lib.sh
. "$(dirname "$0")/cli_lib.sh"
cli_private "$@"

# enum bpf_cmd, <linux/bpf.h>
declare -A commands=([MAP_CREATE]=0 [MAP_LOOKUP]=1 [MAP_UPDATE]=2 [PROG_LOAD]=5 [OBJ_PIN]=6
	[PROG_QUERY]=16 [LINK_CREATE]=28 [LINK_NEXT_ID]=31 [LINK_DETACH]=34)

# failing ERRNO COMMAND CMD…, for "${failing[@]}". System calls' numbers: x86_64, arm64.
# shellcheck disable=SC2016 # perl's own
failing=(perl -e '
	use Errno;
	my %numbers = (x86_64 => [157, 321], aarch64 => [167, 280]);
	my ($machine, $name, $command) = splice @ARGV, 0, 3;
	my ($prctl, $bpf) = @{$numbers{$machine} or exit 77};
	my $errno = Errno->can($name)->();
	my $filter = join "", map { pack "SCCL", @$_ }
		[0x20, 0, 0, 0],		# load the number
		[0x15, 0, 3, $bpf],		# is it bpf?
		[0x20, 0, 0, 16],		# load the first argument
		[0x15, 0, 1, $command],
		[0x06, 0, 0, 0x50000 | $errno],	# SECCOMP_RET_ERRNO
		[0x06, 0, 0, 0x7fff0000];	# SECCOMP_RET_ALLOW
	my $program = pack "S x![J] P", 6, $filter;
	syscall($prctl, 22, 2, $program) == 0 or exit 77;	# PR_SET_SECCOMP
	exec @ARGV;' "$(uname -m)")

need_filter() {
	wire
	on "${failing[@]}" EPERM "${commands[PROG_LOAD]}" true || skip "no perl, seccomp or numbers for $(uname -m)"
}

# denied COMMAND ERRNO STATUS REGEX CMD…
denied() {
	local command=$1 errno=$2 status=$3 regex=$4

	shift 4
	refused "$status" "$regex" "${failing[@]}" "$errno" "${commands[$command]}" "$@"
}

test_load() {
	need_filter
	denied PROG_LOAD EINVAL 4 'cannot load.*verifier.*--verbose' xdp-drop-tcp veth0
	denied PROG_LOAD EACCES 1 'cannot load.*verifier refuses.*--verbose' xdp-drop-tcp veth0
	denied PROG_LOAD E2BIG 4 'cannot load.*does not know.*5\.10' tc-drop-tcp veth0
	denied PROG_LOAD EPERM 1 'cannot load.*privilege.*CAP_BPF' tc-drop-tcp --clsact veth0
	denied MAP_CREATE ENOMEM 1 'cannot load.*memory.*ulimit -l' xdp-drop-tcp veth0
	denied MAP_CREATE EMFILE 1 'cannot load.*file descriptors.*ulimit -n' xdp-drop-world veth0
	denied MAP_UPDATE EPERM 1 'privilege' xdp-drop-tcp veth0
	denied MAP_CREATE ENOSYS 4 'no BPF.*CONFIG_BPF_SYSCALL' xdp-drop-tcp veth0
}

test_native() {
	need_filter
	denied LINK_CREATE EOPNOTSUPP 4 'no native XDP.*--skb-mode' xdp-drop-tcp -N veth0
	denied LINK_CREATE ERANGE 1 'native XDP.*MTU.*--skb-mode' xdp-drop-tcp -N veth0
	denied LINK_CREATE EINVAL 1 'driver refuses native XDP.*--skb-mode' xdp-drop-tcp -N veth0
	denied LINK_CREATE ENOSPC 1 'queues.*ethtool -L' xdp-drop-world -N veth0
	denied LINK_CREATE EBUSY 3 'another XDP program.*same moment.*--force' xdp-drop-tcp veth0
	denied LINK_CREATE EEXIST 3 'other mode.*--list' xdp-drop-tcp -N veth0
	denied LINK_CREATE ENODEV 1 "is gone.*ip link" xdp-drop-tcp veth0
	denied LINK_CREATE EPERM 1 'native XDP.*privilege' xdp-drop-tcp veth0
	denied LINK_CREATE EIO 1 'the kernel refused.*--verbose' xdp-drop-tcp veth0
}

test_generic() {
	need_filter
	denied LINK_CREATE EINVAL 4 'generic XDP.*no bpf_link.*5\.9' xdp-drop-tcp -S veth0
	denied LINK_CREATE EOPNOTSUPP 4 'cannot run XDP' xdp-drop-tcp veth0
	denied LINK_CREATE EBUSY 3 'generic XDP.*same moment' xdp-drop-tcp -S veth0
	denied LINK_CREATE EEXIST 3 'generic XDP.*other mode' xdp-drop-tcp -S veth0
}

test_tc() {
	need_filter
	denied PROG_QUERY EINVAL 4 'no TCX.*Linux 6\.6.*--clsact' tc-drop-tcp --tcx veth0
	expect 0 on "${failing[@]}" EINVAL "${commands[PROG_QUERY]}" tc-drop-tcp -i 0 -t 50ms veth0
	said 'attached \(clsact egress'
	clean
	expect 0 on tc-drop-tcp -i 0 -t 50ms veth0
	grep -q TCX "$tmp/err" || skip "no TCX"
	denied LINK_CREATE ENOMEM 1 'cannot attach to TCX.*memory' tc-drop-tcp veth0
}

test_pin() {
	need_filter
	denied OBJ_PIN EPERM 1 'cannot pin.*does not let this user write' xdp-drop-tcp --pin veth0
	denied OBJ_PIN ENOSPC 1 'cannot pin.*no space' xdp-drop-tcp --pin -S veth0
	denied OBJ_PIN EEXIST 3 'cannot pin.*a pin already.*--detach' xdp-drop-tcp --pin veth0
	denied OBJ_PIN EROFS 1 'cannot pin.*read-only.*remount,rw' xdp-drop-world --pin lo veth0
	said 'attached to none of the 2'
}

test_list() {
	need_filter
	denied LINK_NEXT_ID ENOMEM 1 'cannot list.*memory' xdp-drop-tcp --list
	denied LINK_NEXT_ID EIO 1 'cannot list.*the kernel refused' tc-drop-tcp veth0
	denied PROG_QUERY EPERM 1 'cannot list.*privilege' tc-drop-tcp --list
}

# When it runs already: it ends, and is detached all the same.
test_late() {
	need_filter
	denied MAP_LOOKUP EPERM 1 'cannot show the counters' xdp-drop-tcp -i 0.05 veth0
	expect 1 on "${failing[@]}" EIO "${commands[LINK_DETACH]}" xdp-drop-tcp -t 50ms veth0
	said 'veth0: cannot detach.*the kernel refused'
	clean
}

ktap_case errors test_load "loading"
ktap_case errors test_native "attaching to native XDP"
ktap_case errors test_generic "attaching to generic XDP"
ktap_case errors test_tc "attaching at TC; without TCX it is clsact"
ktap_case errors test_pin "pinning"
ktap_case errors test_list "listing"
ktap_case errors test_late "a run in the foreground"
ktap_run "$@"
