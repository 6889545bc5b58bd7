#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# matrix.sh: run the installed test collection on a list of kernels under QEMU;
# see Documentation/matrix.rst. To be run by make matrix.
#
#   KERNELS         which; versions, Debian packages, directories, built trees
#   TESTS           which programs; "kselftest" runs run_kselftest.sh instead
#   KERNEL_TIMEOUT  seconds for one kernel, TEST_TIMEOUT for one program
#   MATRIX_JOBS     how many guests at a time, GUEST_JOBS how many programs in each
#   ACCEL           tcg, kvm or auto: kvm if a kernel boots by it in 10 s
#   PLANT           KERNEL=fail|panic|hang|freeze|short|exit: do harm there, to
#                   see that it is reported
#   UPDATE          yes: fetch the newest packages; else what is cached will do
#   RESULTS         where the results go, else results/ and the time
#
# Exits with 0 if all went as expected, 1 if not, 2 if it could not be tried.
set -eu
export LC_ALL=C

cd "$(dirname "$0")/.."
export CACHE=${CACHE:-$PWD/.cache/matrix}
export TEST_TIMEOUT=${TEST_TIMEOUT:-300} KERNEL_TIMEOUT=${KERNEL_TIMEOUT:-1200}
export MATRIX_START=$EPOCHSECONDS GUEST_JOBS=${GUEST_JOBS:-2}
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
	if [ -n "${UPDATE-}" ] || [ -d "$1" ] || [ ! -e "$into/release" ]; then
		say KERNEL "$1"
		scripts/matrix/kernel.sh "$1" "$into" || return
	fi
	[ -e "$into/image" ] || scripts/matrix/unpack.sh "$into/bzImage" "$into/image"
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

# The collection as gen_tar packs it, and the guest's one service.
pack_collection() {
	make -s -C selftests install_all INSTALL_PATH="$tmp/root/opt/kselftest" >/dev/null
	install scripts/matrix/guest.sh "$tmp/root/init"
	(cd "$tmp/root" && find . | cpio --quiet -o -H newc -R 0:0) >"$tmp/collection.cpio"
}

# initrd_for KERNEL GUEST
initrd_for() {
	cat "$userland" "$CACHE/kernels/$(slug "$1")/modules.cpio" "$tmp/collection.cpio" \
		>"$tmp/initrd.$2"
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
	initrd_for "${kernels[0]}" "$slug"
	if PLANT='' TESTS='' KERNEL_TIMEOUT=10 ACCEL=kvm scripts/matrix/boot.sh probe "$CACHE/kernels/$slug" \
		"$tmp/initrd.$slug" "$tmp/probe" >/dev/null && grep -qs ' end 0$' "$tmp/probe/ktap"; then
		ACCEL=kvm
	else
		say NOTE "/dev/kvm is there, but no kernel boots by it in 10 s: emulating"
	fi
	echo "$(</proc/sys/kernel/random/boot_id) $ACCEL" >"$CACHE/kvm"
}

# As many as there are CPUs, if each of them finds 1.5 GB to live in. More would be
# slower: they drive each other's translated code out of the caches.
how_many() {
	local room most

	most=$(nproc)
	room=$(awk '/^MemAvailable/ { print int($2 / 1536 / 1024) }' /proc/meminfo)
	echo $((room < 1 ? 1 : room < most ? room : most))
}

# "MS PROGRAM" for each of these, by what it took the last time.
with_ms() {
	tr ' ' '\n' <<<"$1" | awk 'FNR == NR { ms[$1] = $2; next }
		{ print $1 in ms ? ms[$1] : 10000, $1 }' "$DURATIONS" -
}

longest_first() {
	with_ms "$1" | sort -k1,1nr | cut -d' ' -f2 | paste -sd' '
}

# What each of the guests that run still has to do, in ms, the least first.
busy() {
	local name

	for name in "${started[@]}"; do
		cat "$LEFT/$name" 2>/dev/null || :
	done | awk '{ print $1 - $2 }' | sort -n | paste -sd' '
}

# "PART PROGRAM…" for each of $1 parts: the next goes to who has the least to do so far.
# Part 1 begins now, the others when those end that run.
deal() {
	with_ms "$TESTS" | awk -v parts="$1" -v busy="$(busy)" '
		BEGIN { split("0 " busy, sum, " ") }
		{
			least = 1
			for (i = 2; i <= parts; i++) if (sum[i] < sum[least]) least = i
			sum[least] += $1
			programs[least] = programs[least] " " $2
		}
		END { for (i = 1; i <= parts; i++) print i programs[i] }'
}

# The guests to come, "KERNEL PART PROGRAM…" each. Kernels that are left when the others
# have been dealt evenly are shared by all, or CPUs would be idle in the end.
plan() {
	local rest parts part programs kernel

	guests=()
	read -ra programs <<<"$TESTS"
	rest=$((${#had[@]} % MATRIX_JOBS))
	for kernel in "${had[@]}"; do
		parts=1
		[ "${#guests[@]}" -lt $((${#had[@]} - rest)) ] || parts=$MATRIX_JOBS
		[ "$parts" -lt "${#programs[@]}" ] || parts=1
		while read -r part; do
			guests+=("$kernel $part")
		done < <(deal "$parts")
	done
}

# The directory of a guest, of the first two of these words.
name_of() {
	local name

	name=$(slug "$1")
	[ "$2" = 1 ] || name+=~$2
	echo "$name"
}

# How long what each guest has to do took the last time, here or where this was written.
estimate() {
	local guest name words

	for guest in "${guests[@]}"; do
		read -ra words <<<"$guest"
		name=$(name_of "${words[@]}")
		[[ " ${started[*]} " != *" $name "* ]] || continue
		with_ms "${words[*]:2}" | awk '{ sum += $1 } END { print sum, 0, 0 }' >"$LEFT/$name"
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

# One guest from boot to points; its words are plan's.
run_guest() {
	local slug name into tests plant='' kernel=$1

	slug=$(slug "$kernel")
	name=$(name_of "$1" "$2")
	into=$results/$name
	tests=${*:3}
	if [[ ${harm%%=*} = "$kernel" && $2 = 1 ]]; then
		plant=${harm#*=}
		tests+=" planted.sh"
	fi
	initrd_for "$kernel" "$name"
	TESTS=$tests PLANT=$plant scripts/matrix/boot.sh "$name" \
		"$CACHE/kernels/$slug" "$tmp/initrd.$name" "$into" &
	# shellcheck disable=SC2064 # this very process
	trap "kill $!" TERM
	wait $!
	rm "$tmp/initrd.$name"
	cp "$CACHE/kernels/$slug/release" "$CACHE/kernels/$slug/origin" "$into/"
	awk -v kernel="$slug" -v tests="$tests" -f scripts/matrix/judge.awk \
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

# A kernel or a part of which there are no points was not tested, and that is said.
collect() {
	local kernel slug guest words into seconds

	rm -f "$results/points.tsv" "$results/kernels.tsv" # of a run before
	for kernel in "${kernels[@]}"; do
		slug=$(slug "$kernel")
		[[ " ${had[*]} " != *" $kernel "* ]] || continue
		printf '%s\tkernel\tboot\tfail\t0\tcould not be had: see above\n' "$slug" >>"$results/points.tsv"
		printf '%s\t-\t-\t0\t-\t-\n' "$slug" >>"$results/kernels.tsv"
	done
	for kernel in "${had[@]}"; do
		slug=$(slug "$kernel")
		for guest in "${guests[@]}"; do
			read -ra words <<<"$guest"
			[ "${words[0]}" = "$kernel" ] || continue
			into=$results/$(name_of "${words[@]}")
			if [ -s "$into/points.tsv" ]; then
				cat "$into/points.tsv"
			else
				printf '%s\tkernel\tboot\tfail\t0\tran, but its report could not be judged: see above\n' "$slug"
			fi
		done | awk -F '\t' '$2 != "kernel" { print; next }
			!seen[$0]++ { last = last $0 "\n" } # parts that ended well say so once
			END { printf "%s", last }' >>"$results/points.tsv"
		seconds=$(cat "$results/$slug"{,~*}/boot 2>/dev/null | awk '$1 == "seconds" && $2 > most { most = $2 } END { print most + 0 }')
		printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$slug" "$(<"$results/$slug/release")" \
			"$(<"$results/$slug/origin")" "$seconds" "$ACCEL" "$(facts "$slug")" >>"$results/kernels.tsv"
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
	local into words guest

	for guest in "${guests[@]}"; do
		read -ra words <<<"$guest"
		into=$results/$(name_of "${words[@]}")
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
export DURATIONS=$CACHE/durations
[ -s "$DURATIONS" ] || DURATIONS=$PWD/scripts/matrix/durations
TESTS=${TESTS:-$(longest_first "$all")}
export LEFT=$tmp/left
mkdir "$LEFT"
had=() guests=() started=()
for kernel in "${kernels[@]}"; do
	slug=$(slug "$kernel")
	rm -rf "${results:?}/$slug" "$results/$slug"~*
	if fetch_kernel "$kernel"; then
		had+=("$kernel")
	else
		say FAILED "$kernel: cannot be had"
	fi
done
[ "${#had[@]}" != 0 ] || exit 2
export MATRIX_JOBS=${MATRIX_JOBS:-$(how_many)}
plan
estimate
choose_accel
say MATRIX "${had[*]}: ${#guests[@]} guests, $MATRIX_JOBS at a time, by $ACCEL, into $results"
for ((i = 0; i < ${#guests[@]}; i++)); do
	while [ "$(jobs -rp | wc -l)" -ge "$MATRIX_JOBS" ]; do
		wait -n || :
	done
	read -ra words <<<"${guests[i]}"
	# It is known only now for how long others will be busy.
	[ "${words[1]}" != 1 ] || { plan && estimate; }
	started+=("$(name_of "${words[@]}")")
	# shellcheck disable=SC2086 # its words
	(trap - EXIT && run_guest ${guests[i]}) &
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
