#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# boot.sh NAME KERNEL INITRD INTO: boot KERNEL, a directory of kernel.sh's, of a machine
# $GUEST_ARCH (amd64), with INITRD under QEMU and let guest.sh run $TESTS. Leaves in the
# directory INTO:
#
#   console     what the kernel said
#   ktap        what the tests said, on a port of its own
#   boot        "KEY VALUE" about the run: nonce, seconds, ended (QEMU's exit status,
#               timeout, interrupted), accelerator, QEMU's version
#
# Tells the progress in lines for show.sh, with how long all kernels may still
# take, going by the durations ("PROGRAM MS") in the file $DURATIONS, and by what it
# finds of the others in $LEFT, a directory: $MATRIX_JOBS at a time, with $GUEST_JOBS
# programs at a time in each.
# The guest is given at most $KERNEL_TIMEOUT seconds, a program $TEST_TIMEOUT; without these
# variables, 1200 and 300, and four times that if it is another machine than a PC.
#
# With GUEST=shell there is a shell on this terminal instead, and nothing is left in INTO.
set -eu
export LC_ALL=C

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
name=$1 kernel=$2 initrd=$3 into=$4
start=$EPOCHSECONDS
arch=${GUEST_ARCH:-amd64} slower=1
[ "$arch" = amd64 ] || slower=$matrix_slower
: "${TEST_TIMEOUT:=$((300 * slower))}" "${KERNEL_TIMEOUT:=$((1200 * slower))}"
mkdir -p "$into"
nonce=$(tr -dc a-f0-9 </dev/urandom | head -c 16) || :

# tell KIND WORDS [FAILURE]: a line for show.sh, of $ended programs of $all, of $running and of
# $bad, the number of points that failed.
tell() {
	local to_go now=${running% }

	to_go=$(cat "$LEFT"/* 2>/dev/null | awk -v lanes="$MATRIX_JOBS" -v jobs="$GUEST_JOBS" -f "${0%/*}/left.awk")
	printf '%s\037%s\037%s\037%s\037%.300s\037%.600s\n' "$1" "$name" "$to_go" \
		"$ended/$all${bad:+, $bad failed}${now:+:$now}" "$2" "${3-}"
}

# Program $1 has ended after $2 ms. What is left is "ms in all that programs take, of those
# that have ended, ms these took"; plan.awk begins it.
note_left() {
	local all past took known

	known=$(awk -v program="$1" -v slower=$slower '$1 == program { ms = $2 }
		END { print (ms ? ms : 10000) * slower }' "$DURATIONS")
	read -r all past took <"$LEFT/$name"
	echo "$all $((past + known)) $((took + $2))" >"$LEFT/$name"
}

# "started" and "status" lines are run.sh's. What is said before a point is why it failed.
watch_ktap() {
	local line program ms passed=0 failed=0 skipped=0 begun='' why='' running=' booting ' bad='' ended=0 all

	all=$(wc -w <<<"$TESTS")
	tell started ''
	while read -r line; do
		case $line in
		"matrix $nonce begin "*)
			begun=yes running=' '
			tell up "is up: ${line#* * * }" ;;
		"# selftests: "*": started")
			program=${line#"# selftests: "}
			running+="${program%: started} "
			tell started '' ;;
		"# selftests: "*": status "*)
			read -r _ _ program _ _ ms _ <<<"$line"
			program=${program%:}
			note_left "$program" "$ms"
			running=${running/" $program "/ } ended=$((ended + 1))
			tell ended "$program $passed passed, $failed failed, $skipped skipped, $((ms / 1000)) s" ;;
		"# selftests: "*) program=${line##* } passed=0 failed=0 skipped=0 why='' ;;
		"# reproduce: "*) ;;
		"# "*) why=": ${line#"# "}" ;;
		"ok "*"# SKIP"*) skipped=$((skipped + 1)) why='' ;;
		"ok "*) passed=$((passed + 1)) why='' ;;
		"not ok "*)
			failed=$((failed + 1)) bad=$((bad + 1))
			[ -z "$begun" ] || tell failed "$line" "$program: ${line#not ok * }$why"
			why='' ;;
		esac
	done
	rm -f "$LEFT/$name"
	tell gone "ended after $((EPOCHSECONDS - start)) s"
}

# The CPU is a plain one: nothing of what newer ones add is tested here, and
# each of it is one more thing that emulation may get wrong. QEMU 7.2 does get
# cmpxchg16b wrong: it leaves garbage in the flags, and Linux 6.12, which uses
# it for slabs, dies of exceptions that nothing raised. So there is none of it.
#
# One CPU and no randomised addresses: emulated code is then translated once,
# not in every process anew, which makes programs start four times faster. The
# rest of the parameters, and huge pages for QEMU's tables, are a tenth more. That
# the kernel does not try its own ciphers saves some of them 0.7 s.
#
# The TSC is the host's, and reading it costs a twentieth of what the HPET does. But its rate is
# measured by a PIT that may have counted on while QEMU did not run: on a busy machine one guest
# in 25 took it for a fifth, and its clock was five times too fast. The kernel's watchdog finds
# that within a second; so it is not told that the TSC was reliable.
#
# Others than a PC have no second serial port, so the report goes to a port of virtio there.
: "${ACCEL:?is not set: see matrix.sh}"
[ "$arch" = amd64 ] || ACCEL=tcg
case $ACCEL in
kvm) accel=(-accel kvm) cpu=host ;;
*) accel=(-accel "tcg,thread=multi") cpu=${QEMU_CPU:-Nehalem,+rdrand,-cx16} ;;
esac
case $arch in
amd64) machine=(qemu-system-x86_64 -cpu "$cpu") append="console=ttyS0,115200" ;;
arm64) machine=(qemu-system-aarch64 -machine "virt,gic-version=3" -cpu cortex-a76) append="console=ttyAMA0" ;;
riscv64) machine=(qemu-system-riscv64 -machine virt) append="console=ttyS0" ;;
s390x) machine=(qemu-system-s390x -machine s390-ccw-virtio -cpu max) append="console=ttysclp0" ;;
esac
if [ "$arch" = amd64 ]; then
	mb=1024 report=(-serial "file:$into/ktap") port=ttyS1
else
	mb=1536 report=(-chardev "file,id=report,path=$into/ktap" -device virtio-serial
		-device "virtserialport,chardev=report") port='vport*'
fi
append+=" loglevel=5 panic=-1 oops=panic mitigations=off"
append+=" norandmaps randomize_kstack_offset=off init_on_alloc=0 audit=0 lsm= cgroup_disable=memory"
append+=" transparent_hugepage=never rcupdate.rcu_expedited=1 rcupdate.rcu_cpu_stall_timeout=120"
append+=" watchdog_thresh=60 cryptomgr.notests rdinit=/init"
append+=" matrix.nonce=$nonce matrix.port=$port matrix.timeout=$TEST_TIMEOUT matrix.jobs=$GUEST_JOBS"
# An emulated timer is set by leaving the translated code: not at each switch.
[ "$ACCEL" = kvm ] || append+=" highres=off matrix.emulated=4"
append+=" matrix.tests=${TESTS// /,}"
append+="${PLANT:+ matrix.plant=$PLANT}"

emulator=$("${machine[0]}" --version | head -n1)
machine=(env GLIBC_TUNABLES=glibc.malloc.hugetlb=1 "${machine[@]}" -nodefaults -no-user-config
	-display none -no-reboot "${accel[@]}" -smp "${GUEST_CPUS:-1}" -m "${GUEST_MB:-$mb}"
	-kernel "$kernel/image" -initrd "$initrd")

# QEMU itself has the terminal: Ctrl-C goes to the guest, Ctrl-A x ends it.
if [ "${GUEST-}" = shell ]; then
	read -r rows columns < <(stty size)
	exec "${machine[@]}" -serial mon:stdio -append "$append matrix.shell=$rows:$columns:${TERM-dumb}"
fi

: >"$into/ktap"
timeout --kill-after=5 "$KERNEL_TIMEOUT" "${machine[@]}" -append "$append" \
	-serial "file:$into/console" "${report[@]}" </dev/null >"$into/qemu" 2>&1 &
qemu=$!
interrupted=''
trap 'kill $qemu 2>/dev/null' EXIT
trap 'interrupted=interrupted; kill $qemu 2>/dev/null || :' INT TERM HUP
tail -n +1 -s 0.1 --pid=$qemu -f "$into/ktap" 2>/dev/null | watch_ktap &
watcher=$!
status=0
wait $qemu || status=$?
[ -z "$interrupted" ] || wait $qemu || : # a signal ends a wait
wait $watcher || :
trap - EXIT INT TERM HUP

[ "$status" != 124 ] && [ "$status" != 137 ] || status=timeout
cat >"$into/boot" <<END
nonce $nonce
ended ${interrupted:-$status}
seconds $((EPOCHSECONDS - start))
limit $KERNEL_TIMEOUT
accel $ACCEL
qemu $emulator
END
