#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# matrix.sh: run the installed test collection on a list of kernels under QEMU;
# see Documentation/matrix.rst. To be run by make matrix.
#
#   KERNELS         which; versions, Debian packages, directories, built trees
#   TESTS           which programs; "kselftest" runs run_kselftest.sh instead
#   KERNEL_TIMEOUT  seconds for one kernel, TEST_TIMEOUT for one program
#   MATRIX_JOBS     how many kernels at a time
#   ACCEL           tcg, kvm or auto: kvm if a kernel boots by it in 10 s
#   PLANT           KERNEL=fail|panic|hang|freeze|short|exit: do harm there, to
#                   see that it is reported
#   UPDATE          yes: fetch the newest packages; else what is cached will do
#   RESULTS         where the results go, else results/ and the time
#
# Exits with 0 if all went as expected, 1 if not, 2 if it could not be tried.
set -eu

cd "$(dirname "$0")/.."
export CACHE=${CACHE:-$PWD/.cache/matrix}
export TEST_TIMEOUT=${TEST_TIMEOUT:-300} KERNEL_TIMEOUT=${KERNEL_TIMEOUT:-1200}
export MATRIX_START=$EPOCHSECONDS
read -ra kernels <<<"${KERNELS:-5.10 6.1 6.12 6.18 7.3}"
expected=${EXPECTED:-scripts/matrix/expected}
results=${RESULTS:-results/$(date +%Y-%m-%d-%H%M%S)}
harm=${PLANT-}
tmp=$(mktemp -d)
trap 'stop_all; rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM HUP

stop_all() {
	trap '' INT TERM HUP
	# shellcheck disable=SC2046 # one word, one process
	kill $(jobs -p) 2>/dev/null || :
	wait
}

say() {
	printf '  %-7s %s\n' "$1" "$2"
}

# A directory's name for kernel $1.
slug() {
	local name=${1%/}

	name=${name##*/}
	echo "${name//[^A-Za-z0-9.+-]/_}"
}

# What is not Debian's may have changed since.
fetch_kernel() {
	local into

	into=$CACHE/kernels/$(slug "$1")
	[ -n "${UPDATE-}" ] || [ -d "$1" ] || [ ! -e "$into/release" ] || return 0
	say KERNEL "$1"
	scripts/matrix/kernel.sh "$1" "$into"
}

# Another list of packages makes another userland.
fetch_userland() {
	userland=$CACHE/userland-$( (cat scripts/matrix/userland.sh && scripts/bootstrap.sh --list test) |
		sha256sum | head -c 12).cpio
	[ -z "${UPDATE-}" ] && [ -e "$userland" ] && return
	say GUEST "${userland##*/}"
	scripts/matrix/userland.sh "$userland" || return
	find "$CACHE" -maxdepth 1 -name 'userland-*' ! -name "${userland##*/}*" -delete
}

# The collection as gen_tar makes it, and the guest's one service.
pack_collection() {
	mkdir -p "$tmp/root/opt"
	make -s -C selftests gen_tar >/dev/null
	tar -C "$tmp/root/opt" -xzf selftests/bpf-drop.tar.gz
	install scripts/matrix/guest.sh "$tmp/root/init"
	(cd "$tmp/root" && find . | cpio --quiet -o -H newc -R 0:0) >"$tmp/collection.cpio"
}

initrd_for() {
	cat "$userland" "$CACHE/kernels/$(slug "$1")/modules.cpio" "$tmp/collection.cpio" \
		>"$tmp/initrd.$(slug "$1")"
}

# That the device is there says nothing. What a try said holds until the next boot.
choose_accel() {
	local slug boot verdict

	export ACCEL=${ACCEL:-auto}
	[ "$ACCEL" = auto ] || return 0
	ACCEL=tcg
	[ -w /dev/kvm ] || return 0
	read -r boot verdict 2>/dev/null <"$CACHE/kvm" || :
	if [ "${boot-}" = "$(</proc/sys/kernel/random/boot_id)" ]; then
		ACCEL=$verdict
		return
	fi
	slug=$(slug "${kernels[0]}")
	initrd_for "${kernels[0]}"
	if PLANT='' TESTS='' KERNEL_TIMEOUT=10 ACCEL=kvm scripts/matrix/boot.sh probe "$CACHE/kernels/$slug" \
		"$tmp/initrd.$slug" "$tmp/probe" >/dev/null && grep -qs ' end 0$' "$tmp/probe/ktap"; then
		ACCEL=kvm
	else
		say NOTE "/dev/kvm is there, but no kernel boots by it in 10 s: emulating"
	fi
	echo "$(</proc/sys/kernel/random/boot_id) $ACCEL" >"$CACHE/kvm"
}

# As many as there are CPUs, if each of them finds 1.5 GB to live in; one more if
# else the last would run alone, while the other CPUs are idle.
how_many() {
	local free most

	free=$(awk '/^MemAvailable/ { print int($2 / 1536 / 1024) }' /proc/meminfo)
	most=$(nproc)
	[[ ${#kernels[@]} -le $most || $((${#kernels[@]} % most)) != 1 ]] || most=$((most + 1))
	echo $((free < 1 ? 1 : free < most ? free : most))
}

# How long programs took the last time, here or where this was written, and with it
# what each kernel has to do.
estimate() {
	export DURATIONS=$CACHE/durations LEFT=$tmp/left

	[ -s "$DURATIONS" ] || DURATIONS=$PWD/scripts/matrix/durations
	mkdir "$LEFT"
	for kernel; do
		awk -v all="$TESTS" '{ ms[$1] = $2 } END {
			n = split(all, name, " ")
			for (i = 1; i <= n; i++) sum += name[i] in ms ? ms[name[i]] : 10000
			print sum + 0, 0, 0 }' "$DURATIONS" >"$LEFT/$(slug "$kernel")"
	done
}

# The middle of what each program took on the kernels.
remember_durations() {
	{
		awk -F '\t' '$2 ~ /^[a-z]/ && $2 != "kernel" && $5 && !seen[$1, $2]++ { print $2, $5 }' \
			"$results/points.tsv" | sort -k1,1 -k2,2n | awk '
			function out() { if (n) print last, ms[int((n + 1) / 2)] }
			$1 != last { out(); last = $1; n = 0 }
			{ ms[++n] = $2 }
			END { out() }'
		cat "$DURATIONS"
	} | awk '/^[a-z]/ && !seen[$1]++' >"$tmp/durations"
	cp "$tmp/durations" "$CACHE/durations"
}

# One kernel from boot to points.
run_kernel() {
	local slug into plant='' kernel=$1

	slug=$(slug "$kernel")
	into=$results/$slug
	[ "${harm%%=*}" != "$kernel" ] || plant=${harm#*=}
	initrd_for "$kernel"
	TESTS="$TESTS${plant:+ planted.sh}" PLANT=$plant scripts/matrix/boot.sh "$slug" \
		"$CACHE/kernels/$slug" "$tmp/initrd.$slug" "$into" &
	# shellcheck disable=SC2064 # this very process
	trap "kill $!" TERM
	wait $!
	rm "$tmp/initrd.$slug"
	cp "$CACHE/kernels/$slug/release" "$CACHE/kernels/$slug/origin" "$into/"
	awk -v kernel="$slug" -v tests="$TESTS${plant:+ planted.sh}" -f scripts/matrix/judge.awk \
		from=expected "$expected" from=release "$into/release" from=boot "$into/boot" \
		from=ktap "$into/ktap" from=console "$into/console" >"$into/points.tsv"
}

# What of its configuration changes how packets and programs are treated.
facts() {
	local config=$CACHE/kernels/$1/config

	[ -e "$config" ] || { echo unknown && return; }
	grep -E '^CONFIG_(HZ|PREEMPT(_NONE|_VOLUNTARY|_LAZY|_RT)?|BPF_JIT_ALWAYS_ON|DEBUG_INFO_BTF|PREEMPT_DYNAMIC|KASAN|PROVE_LOCKING)=' \
		"$config" | sed 's/^CONFIG_//' | paste -sd' '
}

# A kernel of which there are no points at all was not tested, and that is said.
collect() {
	local kernel into why

	rm -f "$results/points.tsv" "$results/kernels.tsv" # of a run before
	for kernel in "${kernels[@]}"; do
		into=$results/$(slug "$kernel")
		if [ ! -s "$into/points.tsv" ]; then
			why="could not be had"
			[ ! -e "$into/ktap" ] || why="ran, but its report could not be judged"
			printf '%s\tkernel\tboot\tfail\t0\t%s: see above\n' \
				"$(slug "$kernel")" "$why" >>"$results/points.tsv"
			printf '%s\t-\t-\t0\t-\t-\n' "$(slug "$kernel")" >>"$results/kernels.tsv"
			continue
		fi
		cat "$into/points.tsv" >>"$results/points.tsv"
		printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$(slug "$kernel")" "$(<"$into/release")" \
			"$(<"$into/origin")" "$(awk '$1 == "seconds" { print $2 }' "$into/boot")" \
			"$ACCEL" "$(facts "$(slug "$kernel")")" >>"$results/kernels.tsv"
	done
}

tools() {
	qemu-system-x86_64 --version | head -n1
	samples/bpf/xdp-drop-tcp --version
	echo "tests: $(git -c safe.directory='*' describe --always --dirty 2>/dev/null || echo unknown)"
	echo "guest: $(grep -E '^(bash|iproute2|nftables|nginx|bpftool|xdp-tools) ' "$userland.packages" |
		paste -sd, | sed 's/,/, /g')"
}

to_json() {
	jq -n --rawfile kernels "$results/kernels.tsv" --rawfile points "$results/points.tsv" \
		--rawfile tools "$results/tools" '
		def rows: split("\n") | map(select(. != "") | split("\t"));
		{
			tools: ($tools | split("\n") | map(select(. != ""))),
			kernels: ($kernels | rows | map({name: .[0], release: .[1], origin: .[2],
				seconds: (.[3] | tonumber), accelerator: .[4], config: .[5]})),
			points: ($points | rows | map({kernel: .[0], program: .[1], point: .[2], result: .[3],
				program_ms: (.[4] | tonumber), reason: .[5]}))
		}' >"$results/results.json"
}

# The console of who failed, where it ended.
show_ends() {
	local into kernel

	for kernel in "${kernels[@]}"; do
		into=$results/$(slug "$kernel")
		grep -qsP '^[^\t]*\tkernel\t[^\t]*\tfail' "$into/points.tsv" || continue
		echo
		echo "The last lines of the console of ${into%/}:"
		tail -n 12 "$into/console" | tr -d '\r' | cut -c1-150 | sed 's/^/    /'
	done
}

mkdir -p "$CACHE" "$results"
fetch_userland || exit 2
pack_collection
all=$(cut -d: -f2 "$tmp/root/opt/kselftest/kselftest-list.txt" | paste -sd' ')
# The longest first, two at a time.
TESTS=${TESTS:-$(tr ' ' '\n' <<<"$all" | tac | paste -sd' ')}
tried=0
for kernel in "${kernels[@]}"; do
	rm -rf "${results:?}/$(slug "$kernel")"
	if fetch_kernel "$kernel"; then
		tried=$((tried + 1))
	else
		say FAILED "$kernel: cannot be had"
	fi
done
[ "$tried" != 0 ] || exit 2
export MATRIX_JOBS=${MATRIX_JOBS:-$(how_many)}
estimate "${kernels[@]}"
choose_accel
say MATRIX "${kernels[*]}: $MATRIX_JOBS at a time, by $ACCEL, into $results"
for kernel in "${kernels[@]}"; do
	[ -e "$CACHE/kernels/$(slug "$kernel")/release" ] || continue
	while [ "$(jobs -rp | wc -l)" -ge "$MATRIX_JOBS" ]; do
		wait -n || :
	done
	(trap - EXIT && run_kernel "$kernel") &
done
wait
collect
remember_durations
tools >"$results/tools"
for form in text markdown junit; do
	awk -v form=$form -f scripts/matrix/report.awk "$results/kernels.tsv" "$results/points.tsv" \
		>"$results/results.$form"
done
mv "$results/results.text" "$results/results.txt"
mv "$results/results.markdown" "$results/results.md"
mv "$results/results.junit" "$results/results.xml"
to_json
show_ends
cat "$results/results.txt"
! cut -f4 "$results/points.tsv" | grep -q fail
