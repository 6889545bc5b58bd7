#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# boot.sh NAME KERNEL INITRD INTO: boot KERNEL, a directory of kernel.sh's, of a machine
# $GUEST_ARCH (amd64), with INITRD under QEMU and let guest.sh run $TESTS. Leaves in the
# directory INTO:
#
#   console     what the kernel said
#   ktap        what the tests said, on a port of its own
#   boot        "KEY VALUE" about the run: nonce, seconds, ended (by itself,
#               timeout), accelerator
#
# Tells the progress, a line for each program, and how long all kernels may still
# take, going by the durations ("PROGRAM MS") in the file $DURATIONS, and by what it
# finds of the others in $LEFT, a directory: $MATRIX_JOBS at a time, with $GUEST_JOBS
# programs at a time in each.
# The guest is given at most $KERNEL_TIMEOUT seconds, a program $TEST_TIMEOUT.
set -eu
export LC_ALL=C

name=$1 kernel=$2 initrd=$3 into=$4
start=$EPOCHSECONDS
mkdir -p "$into"
nonce=$(tr -dc a-f0-9 </dev/urandom | head -c 16) || :

tell() {
	local elapsed=$((EPOCHSECONDS - MATRIX_START)) to_go

	to_go=$(cat "$LEFT"/* 2>/dev/null | awk -v lanes="$MATRIX_JOBS" -v jobs="$GUEST_JOBS" -f "${0%/*}/left.awk")
	printf '  [%2d:%02d, %5s to go] %-5s %s\n' $((elapsed / 60)) $((elapsed % 60)) "$to_go" "$name" "$*"
}

# Program $1 has ended after $2 ms. What is left is "ms in all that programs take, of those
# that have ended, ms these took"; plan.awk begins it.
note_left() {
	local all past took known

	known=$(awk -v program="$1" '$1 == program { ms = $2 } END { print ms ? ms : 10000 }' "$DURATIONS")
	read -r all past took <"$LEFT/$name"
	echo "$all $((past + known)) $((took + $2))" >"$LEFT/$name"
}

# "started" and "status" lines are run.sh's.
watch_ktap() {
	local line program ms passed=0 failed=0 skipped=0 begun=''

	while read -r line; do
		case $line in
		"matrix $nonce begin "*) begun=yes && tell "is up: ${line#* * * }" ;;
		"# selftests: "*": started") ;;
		"# selftests: "*": status "*)
			read -r _ _ program _ _ ms _ <<<"$line"
			note_left "${program%:}" "$ms"
			tell "$program $passed passed, $failed failed, $skipped skipped," \
				"$((ms / 1000)) s" ;;
		"# selftests: "*) passed=0 failed=0 skipped=0 ;;
		"ok "*"# SKIP"*) skipped=$((skipped + 1)) ;;
		"ok "*) passed=$((passed + 1)) ;;
		"not ok "*)
			failed=$((failed + 1))
			[ -z "$begun" ] || tell "$line" ;;
		esac
	done
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
# Others than a PC have no second serial port, so the report goes to a port of virtio there.
: "${ACCEL:?is not set: see matrix.sh}"
arch=${GUEST_ARCH:-amd64}
[ "$arch" = amd64 ] || ACCEL=tcg
case $ACCEL in
kvm) accel=(-accel kvm) cpu=host ;;
*) accel=(-accel "tcg,thread=multi") cpu=${QEMU_CPU:-Nehalem,+rdrand,-cx16} ;;
esac
case $arch in
amd64) machine=(qemu-system-x86_64 -cpu "$cpu") append="console=ttyS0,115200 tsc=reliable" ;;
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

: >"$into/ktap"
GLIBC_TUNABLES=glibc.malloc.hugetlb=1 timeout --kill-after=5 "$KERNEL_TIMEOUT" \
	"${machine[@]}" -nodefaults -no-user-config \
	-display none -no-reboot "${accel[@]}" -smp "${GUEST_CPUS:-1}" -m "${GUEST_MB:-$mb}" \
	-serial "file:$into/console" "${report[@]}" \
	-kernel "$kernel/image" -initrd "$initrd" -append "$append" \
	</dev/null >"$into/qemu" 2>&1 &
qemu=$!
trap 'kill $qemu 2>/dev/null' EXIT
trap 'exit 143' INT TERM HUP
tail -n +1 -s 0.1 --pid=$qemu -f "$into/ktap" 2>/dev/null | watch_ktap &
watcher=$!
status=0
wait $qemu || status=$?
wait $watcher || :
trap - EXIT INT TERM HUP

ended=$status
[ "$status" != 124 ] && [ "$status" != 137 ] || ended=timeout
seconds=$((EPOCHSECONDS - start))
cat >"$into/boot" <<END
nonce $nonce
ended $ended
seconds $seconds
limit $KERNEL_TIMEOUT
accel $ACCEL
END
rm -f "$LEFT/$name"
tell "ended after $seconds s"
