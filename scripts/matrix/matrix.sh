#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# matrix.sh: run the installed test collection on a list of kernels under QEMU;
# see Documentation/matrix.rst. To be run by make matrix.
#
#   KERNELS         which; versions, Debian packages, built trees, build directories,
#                   directories with a kernel and its modules, files (bzImage)
#   TESTS           which programs, ".sh" may be left out; PROGRAM:CASE is a single test
#                   of it; "kselftest" alone runs run_kselftest.sh instead. Without TESTS,
#                   kernels between the oldest and the newest of an architecture run only
#                   those that depend most on the kernel; see the file "part"
#   SCOPE           whole: all programs on all kernels
#   GUEST           shell: no tests, but a shell in a guest on this terminal
#   KERNEL_TIMEOUT  seconds for one kernel, TEST_TIMEOUT for one program; else boot.sh decides
#   MATRIX_JOBS     how many guests at a time, GUEST_JOBS how many programs in each
#   ACCEL           tcg, kvm or auto: kvm if a kernel boots by it in 10 s
#   PLANT           KERNEL=fail|panic|hang|freeze|short|exit: plant such a fault there,
#                   to check that it is reported
#   UPDATE          yes: fetch the newest packages; else what is cached will do
#   RESULTS         where the results go, else results/ and the time
#
# matrix.sh --dry-run only checks all this, and prints what would be run: a kernel's
# name in the results and what it is; the tests; the part of them that runs between.
#
# Exits with 0 if all went as expected, 1 if not, 2 if it could not be tried, and after
# Ctrl-C with 130: the results have what ended before.
set -eu
export LC_ALL=C

called_from=$PWD
cd "$(dirname "$0")/../.."
export CACHE=${CACHE:-$PWD/.cache/matrix}
[[ $CACHE = /* ]] || CACHE=$called_from/$CACHE
export MATRIX_START=$EPOCHSECONDS GUEST_JOBS=${GUEST_JOBS:-2}
expected=${EXPECTED:-scripts/matrix/expected}

# shellcheck source=lib.sh
. scripts/matrix/lib.sh
# shellcheck source=choose.sh
. scripts/matrix/choose.sh
# shellcheck source=fetch.sh
. scripts/matrix/fetch.sh
# shellcheck source=results.sh
. scripts/matrix/results.sh

# Returns when fewer than $1 guests run. "wait" alone would wait for show.sh, too.
wait_for_fewer() {
	while [ "$(jobs -rp | wc -l)" -ge "$1" ]; do
		wait -n || :
	done
}

kill_guests() {
	# shellcheck disable=SC2046 # one word, one process
	kill $(jobs -rp) 2>/dev/null || :
}

stop_all() {
	trap '' INT TERM HUP
	kill_guests
	wait_for_fewer 1
}

# What guests have reported by then is judged. The second time, it ends at once.
interrupt() {
	trap 'exit 130' INT TERM HUP
	interrupted=yes
	kill_guests
}

# The collection as gen_tar packs it, of architecture $1, and the guest's one service.
pack_collection() {
	local root=$tmp/root.$1 for_arch=()

	if [ "$1" != amd64 ]; then
		for_arch=(ARCH="$1")
		make -s "${for_arch[@]}"
	fi
	make -s -C selftests "${for_arch[@]}" install_all INSTALL_PATH="$root/opt/kselftest" >/dev/null
	install scripts/matrix/guest.sh "$root/init"
	(cd "$root" && find . | cpio --quiet -o -H newc -R 0:0) >"$tmp/collection.$1"
}

# initrd_for KERNEL GUEST
initrd_for() {
	local arch=${arch_of[$1]}

	cat "$tmp/userland.$arch" "$tmp/kernels/$1/modules.cpio" "$tmp/collection.$arch" >"$tmp/initrd.$2"
}

# /dev/kvm may exist and not work. The result of a try is valid until the next boot.
find_accel() {
	local boot verdict kernel

	export ACCEL=${ACCEL:-auto}
	[ "$ACCEL" = auto ] || return 0
	ACCEL=tcg
	[ -w /dev/kvm ] || return 0
	read -r boot verdict 2>/dev/null <"$CACHE/kvm" || :
	if [ "${boot-}" = "$(</proc/sys/kernel/random/boot_id)" ]; then
		ACCEL=$verdict
		return
	fi
	kernel=$(for kernel in "${had[@]}"; do echo "${arch_of[$kernel]} $kernel"; done |
		awk '$1 == "amd64" { print $2; exit }')
	[ -n "$kernel" ] || return 0
	initrd_for "$kernel" probe
	if GUEST='' PLANT='' TESTS='' KERNEL_TIMEOUT=10 ACCEL=kvm scripts/matrix/boot.sh probe "$tmp/kernels/$kernel" \
		"$tmp/initrd.probe" "$tmp/probe" >/dev/null && grep -qs ' end 0$' "$tmp/probe/ktap"; then
		ACCEL=kvm
	else
		matrix_say NOTE "/dev/kvm is there, but no kernel boots by it in 10 s: emulating"
	fi
	echo "$(</proc/sys/kernel/random/boot_id) $ACCEL" >"$CACHE/kvm"
}

# As many as there are CPUs, if there are 1.5 GB of memory for each. More would be
# slower: they evict each other's translated code from the caches.
how_many() {
	local room most

	most=$(nproc)
	room=$(awk '/^MemAvailable/ { print int($2 / 1536 / 1024) }' /proc/meminfo)
	echo $((room < 1 ? 1 : room < most ? room : most))
}

# The kernels on which all programs run: without SCOPE=whole, the oldest and newest version of
# each architecture, or the first of several such.
choose_whole() {
	local name

	[ "$part" != "$tests" ] || { echo "${had[*]}" && return; }
	for name in "${had[@]}"; do
		echo "$name ${arch_of[$name]} $(cut -d- -f1 "$tmp/kernels/$name/release")"
	done | sort -s -k2,2 -k3,3V | awk '
		$2 != arch { print $1 }
		$2 == arch && $3 != version { newest[arch] = $1 }
		{ arch = $2; version = $3 }
		END { for (arch in newest) print newest[arch] }' | paste -sd' '
}

# The guests to come into $guests.
plan_guests() {
	awk -v kernels="${had[*]}" -v tests="$tests" -v whole="$whole" -v part="$part" -v in_order="${words[*]}" -v jobs="$MATRIX_JOBS" \
		-v begun="${begun[*]%% *}" -v left="$LEFT" -v harmed="$harmed" -v slow="${slow[*]}" -v slower="$matrix_slower" \
		-f scripts/matrix/plan.awk "$DURATIONS" >"$tmp/plan"
	mapfile -t guests <"$tmp/plan"
}

# One guest from boot to points; its words are plan's.
run_guest() {
	local name=$1 kernel=$2 tests=${*:3} from=$tmp/kernels/$2 into=$results/$1 plant=''

	[[ " $tests " != *" planted.sh "* ]] || plant=$harm
	# What is preemptible there is only interrupted if there is something beside it.
	[[ ${asked[$kernel]} != *+rt ]] || export GUEST_CPUS="${GUEST_CPUS:-2}"
	initrd_for "$kernel" "$name"
	TESTS=$tests PLANT=$plant GUEST_ARCH=${arch_of[$kernel]} scripts/matrix/boot.sh "$name" \
		"$from" "$tmp/initrd.$name" "$into" >&3 3>&- &
	# shellcheck disable=SC2064 # this very process
	trap "kill $! 2>/dev/null || :" TERM
	wait $! || wait $! || : # a signal ends the first one
	rm "$tmp/initrd.$name"
	cp "$from/release" "$from/version" "$from/origin" "$into/"
	awk -v kernel="$kernel" -v asked="${asked[$kernel]}" -v tests="$tests" -f scripts/matrix/judge.awk \
		from=release "$into/release" from=version "$into/version" from=expected "$expected" \
		from=boot "$into/boot" from=ktap "$into/ktap" from=console "$into/console" >"$into/points.new"
	mv "$into/points.new" "$into/points.tsv" # judged to the end
}

run_all() {
	local name kernel show

	exec 3> >(scripts/matrix/show.sh)
	show=$!
	trap interrupt INT TERM HUP
	while [ "${#guests[@]}" != 0 ]; do
		wait_for_fewer "$MATRIX_JOBS"
		[ -z "$interrupted" ] || break
		read -r name kernel _ <<<"${guests[0]}"
		# Only now it is known how long the others will take.
		[ "$name" != "$kernel" ] || plan_guests
		begun+=("${guests[0]}")
		# shellcheck disable=SC2086 # its words
		(trap - EXIT && run_guest ${guests[0]}) &
		guests=("${guests[@]:1}")
	done
	[ -z "$interrupted" ] || kill_guests # one that was about to begin
	wait_for_fewer 1
	exec 3>&-
	wait "$show"
}

# Instead of tests: whoever leaves the shell ends the guest.
run_shell() {
	initrd_for "${had[0]}" shell
	matrix_say SHELL "on ${had[0]}, by $ACCEL; \"exit\" ends it, so does Ctrl-A x"
	TESTS='' PLANT='' GUEST_ARCH=${arch_of[${had[0]}]} scripts/matrix/boot.sh shell "$tmp/kernels/${had[0]}" "$tmp/initrd.shell" "$tmp/shell"
}

case ${1-} in
'' | --dry-run) ;;
-h | --help) matrix_help && exit ;;
*) choose_refuse "there is no option or argument $1; --help tells how to choose" ;;
esac
choose_kernels
choose_guest
choose_harm
read -rd '' -a words <<<"${TESTS-}" || :
tests=$(scripts/matrix/tests.sh "${words[@]}") || exit 2
tests=${tests//$'\n'/ } part=$tests
[[ ${SCOPE:-part} = @(part|whole) ]] || choose_refuse "SCOPE=$SCOPE: it is whole, or is left out"
[ "${#words[@]}" != 0 ] || [ "${SCOPE-}" = whole ] ||
	part=$(sed -n 's/^\([a-z][^ ]*\) .*/\1/p' scripts/matrix/part | paste -sd' ')
if [ "${1-}" = --dry-run ]; then
	for kernel in "${kernels[@]}"; do
		echo "kernel $kernel ${asked[$kernel]}"
	done
	echo "tests $tests"
	[ "$part" = "$tests" ] || echo "part $part"
	exit
fi

mkdir -p "$CACHE"
tmp=$(mktemp -d "$CACHE/run.XXXXXX")
trap 'stop_all; rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM HUP
fetch_all
for arch in "${archs[@]}"; do
	pack_collection "$arch"
done
export DURATIONS=$CACHE/durations LEFT=$tmp/left
[ -s "$DURATIONS" ] || DURATIONS=$PWD/scripts/matrix/durations
mkdir "$LEFT"
export MATRIX_JOBS=${MATRIX_JOBS:-$(how_many)}
find_accel
[ -z "${GUEST-}" ] || { run_shell && exit; }
results_make
begun=() interrupted='' slow=()
for kernel in "${had[@]}"; do
	[ "${arch_of[$kernel]}" = amd64 ] || slow+=("$kernel")
done
whole=$(choose_whole)
plan_guests
matrix_say MATRIX "${had[*]}: ${#guests[@]} guests, $MATRIX_JOBS at a time, by $ACCEL, into $results"
run_all
results_write
results_show_ends
cat "$results/results.txt"
[ -z "$interrupted" ] || exit 130
! cut -f4 "$results/points.tsv" | grep -q fail
